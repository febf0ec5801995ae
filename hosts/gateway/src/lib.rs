//! The HTTP gateway: a way in for calls, in front of their vendors.
//!
//! Read `govern.rs` first: it is the way of one paid call. What every host does is in
//! `engine/runtime`; here is HTTP alone.

mod serve;
mod server;

mod descriptors;
mod patience;
mod unauthenticated;

mod answer;
mod free;
mod govern;
mod pages;

mod body;
mod inbound;
mod room;

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
