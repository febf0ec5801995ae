//! What is kept: the journal, transactions, spend, keys and secrets. The only crate that knows SQL.
//!
//! Read `embedded.rs` first.

mod error;

mod embedded;
mod live;
mod load;
mod upkeep;

mod entry;
mod kept;
mod presume;

mod frame;
mod journal;
mod segments;

mod batch;
mod fold;
mod folder;
mod recover;
mod schema;

pub use embedded::{Embedded, Health, OpenOptions};
pub use error::StoreError;
pub use journal::Durability;
pub use recover::Recovered;
