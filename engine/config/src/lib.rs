//! Files, read into checked settings: every problem at once. One main file says what the process is
//! and what its first organization wants; each further organization has a file of its own.
//!
//! This crate reads text. It opens no file, no store and no socket, and the environment is an
//! argument.

mod file;
mod read;

mod others;
mod parts;

mod organization;
mod process;
mod secret;
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
mod quoted;

pub use environment::Purpose;
pub use file::{FILE_MAX, File};
pub use organization::{
    Agent, BudgetStatus, Connection, DeclaredKey, Limit, Organization, Pins, SharedFamily,
    Timeouts, UnknownAgents, VendorKey,
};
pub use others::Other;
pub use problem::{Problem, Report};
pub use process::{Drain, Durability, Process, ServerLimits, StoreUrl};
pub use read::{Checked, FOLDER, Main, Rejected, read, read_again, read_beside};
pub use secret::Secret;

#[cfg(test)]
mod tests;
