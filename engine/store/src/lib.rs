//! What is kept: the journal, transactions, spend, keys and secrets. The only crate that knows SQL.
//!
//! Read `embedded.rs` first.

mod error;

mod check;
mod embedded;
mod jumps;
mod live;
mod load;
mod lock;
mod upkeep;

mod entry;
mod kept;
mod presume;

mod frame;
mod journal;
mod segments;

mod batch;
mod clock;
mod fold;
mod folder;
mod recover;
mod schema;

mod key;
mod registry;
mod root;
mod secrets;

mod reports;

#[cfg(test)]
mod trial;

pub use check::Mismatch;
pub use embedded::{Embedded, Health, OpenOptions};
pub use error::StoreError;
pub use journal::Durability;
pub use key::{DeclaredKey, Key, NewKey, Pins, Secret};
pub use recover::Recovered;
pub use registry::{Created, Registry, Rotation};
pub use reports::{Reports, Spent, Totals};
pub use root::RootSecret;
pub use secrets::{SecretName, Secrets};
