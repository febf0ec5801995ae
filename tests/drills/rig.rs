//! What drills are made of: a site with a file, a store and a vendor; a gateway on it, inside this
//! process or as one of its own; clients; and the books of both sides.

mod ask;
mod client;
mod fixtures;
mod inside;
mod kept;
mod outside;
mod site;
mod size;
mod tape;
mod until;
mod wall;

pub(crate) use ask::{Ask, Speech};
pub(crate) use client::{Answer, Wire, call, get, speak};
pub(crate) use fixtures::{Fixture, fixtures};
pub(crate) use inside::Inside;
pub(crate) use kept::{Kept, nanos, registry, reopened, text};
pub(crate) use outside::{Launch, Outside, log};
pub(crate) use site::{BETA_KEY, KEY, Site, VENDOR_KEY};
pub(crate) use size::sized;
pub(crate) use tape::{Reply, Tape};
pub(crate) use until::until;
pub(crate) use wall::Wall;
