//! Scenarios: what users see, written down as text that every host has to live up to.
//!
//! A scenario is a file `*.md` beside this crate: prose, and fenced blocks that a host performs in
//! order. `README.md` there says how to write one. A host is put behind a [`Door`], and [`trials`]
//! makes a test of each scenario.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a scenario stops on the first surprise"
)]

mod clock;
mod door;
mod heard;
mod host;
mod perform;
mod resembles;
mod rig;
mod script;
mod trials;

pub use door::Door;
pub use heard::page;
pub use host::{Answer, Host, Request};
pub use perform::perform;
pub use rig::Rig;
pub use script::{Balance, Call, File, Later, Removed, Script, ScriptError, Step, read};
pub use trials::trials;
