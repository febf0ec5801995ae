//! The HTTP gateway: a way in for calls, in front of their vendors.
//!
//! Read `govern.rs` first: it is the way of one paid call. `path.rs` is the table of everything
//! that can be asked for.

mod serve;
mod server;

mod descriptors;
mod patience;
mod unauthenticated;

mod path;

mod answer;
mod free;
mod govern;
mod pages;
mod ready;

mod arrival;
mod credential;

mod body;
mod content;
mod inbound;
mod lines;
mod outbound;
mod reply;
mod room;

mod text;

mod desk;
mod vendor_pool;

mod log;

mod address;
mod gather;
mod idle;
mod timed;
mod transport;
mod wire;

pub use log::Log;
pub use serve::{Gateway, ServeError};
