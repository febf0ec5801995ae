//! One file, read into checked settings: every problem at once.
//!
//! This crate reads text. It opens no file, no store and no socket, and the environment is an
//! argument.

mod secret;
mod settings;

pub use secret::Secret;
pub use settings::{
    Agent, BudgetStatus, Connection, DeclaredKey, DialectName, Drain, Durability, Limit,
    Organization, Pins, ServerLimits, Settings, StoreUrl, Timeouts, UnknownAgents, VendorKey,
};
