//! One file, read into checked settings: every problem at once.
//!
//! This crate reads text. It opens no file, no store and no socket, and the environment is an
//! argument.

mod read;

mod secret;
mod settings;
mod snapshot;
mod sold;

mod tables;
mod targets;

mod environment;
mod judge;
mod names;
mod nearest;
mod reader;
mod value;

mod findings;
mod mask;
mod problem;

pub use environment::Purpose;
pub use problem::{Problem, Report};
pub use read::{Checked, FILE_MAX, File, read};
pub use secret::Secret;
pub use settings::{
    Agent, BudgetStatus, Connection, DeclaredKey, DialectName, Drain, Durability, Limit,
    Organization, Pins, ServerLimits, Settings, StoreUrl, Timeouts, UnknownAgents, VendorKey,
};

#[cfg(test)]
mod tests;
