//! Scenarios: what users see, written down as text that every host has to live up to.
//!
//! A scenario is a file `*.md` beside this crate: prose, and fenced blocks that a host performs in
//! order. `README.md` there says how to write one.

mod host;
mod perform;
mod resembles;
mod script;

pub use host::{Answer, Host, Request};
pub use perform::perform;
pub use script::{Balance, Call, File, Later, Removed, Script, ScriptError, Step, read};
