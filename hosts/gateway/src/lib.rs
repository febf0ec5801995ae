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
mod spoken;

mod answer;
mod free;
mod govern;
mod pages;
mod ready;
mod stopped;

mod arrival;
mod credential;
mod directory;
mod identify;

mod body;
mod content;
mod idempotency;
mod inbound;
mod lines;
mod outbound;
mod reply;
mod room;

mod hush;
mod log_throttle;
mod tally;
mod text;

mod desk;
mod served;
mod sources;
mod version;

mod check;
mod file_state;
mod files;
mod reload;

mod log;

mod address;
mod clock;
mod gather;
mod idle;
mod timed;
mod transport;
mod wire;

pub use clock::MachineClock;
pub use log::Log;
pub use serve::{Accepted, Gateway, ServeError, Start, Variables};
