//! The process: what its main file says of the server itself, whichever organizations it serves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of the process. Only the main file has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where spend and records of all organizations are kept.
    pub store: StoreUrl,
    /// What a call's intent survives.
    pub durability: Durability,
    /// What keeps the server itself in bounds.
    pub server: ServerLimits,
}

/// Where spend and records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite database; a relative path is already joined to the file's own folder.
    Sqlite(PathBuf),
}

/// What a call's intent survives before the call leaves for the vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut.
    #[default]
    Power,
    /// A killed process.
    Process,
}

/// What keeps the server itself in bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// The largest request body that is read, in bytes.
    pub max_body_bytes: u64,
    /// All request bodies that are read or kept at once, in bytes; at least one of the largest.
    pub max_bodies_bytes: u64,
    /// How long a request's headers may take.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a connection may stay open with nothing asked.
    pub idle_timeout: Duration,
    /// Connections at once.
    pub max_connections: u32,
    /// Calls at once.
    pub max_calls: u32,
    /// How long calls in flight have to end once the server is told to stop.
    pub shutdown_timeout: Duration,
    /// How far an answer is read on after its caller left, for the usage at its end.
    pub drain: Drain,
}

/// How far an answer is read on after its caller left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Answers at once.
    pub max_calls: u32,
    /// Bytes of one answer.
    pub max_bytes: u64,
    /// Time for one answer.
    pub timeout: Duration,
}
