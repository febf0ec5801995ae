//! What is kept: the journal, transactions, spend, keys and secrets. The only crate that knows SQL.
//!
//! Read `embedded.rs` first.

mod error;

mod calls;
mod check;
mod embedded;
mod jumps;
mod live;
mod load;
mod lock;
mod opening;
mod upkeep;

mod entry;
mod kept;

mod frame;
mod header;
mod journal;
mod preallocate;
mod segments;

mod batch;
mod clock;
mod fold;
mod folder;

mod continuity;
mod journal_state;
mod loss;
mod openings;
mod recover;
mod scan;

mod database;
mod permissions;
mod schema;
mod wal;

mod key;
mod registry;
mod root;
mod secrets;

mod reports;
mod sources;

#[cfg(test)]
mod trial;

pub use check::Mismatch;
pub use embedded::{Embedded, Health, OpenOptions};
pub use error::StoreError;
pub use journal::Durability;
pub use key::{DeclaredKey, Key, NewKey, Pins, Secret, declared_id};
pub use loss::{Flaw, Loss, Missing};
pub use recover::{Losses, Recovered};
pub use registry::{Created, Declaration, Registry, Rotation};
pub use reports::{CallBytes, Reports, Spent, Totals};
pub use root::RootSecret;
pub use secrets::{SecretName, Secrets};
pub use sources::{Source, SourceKind};
