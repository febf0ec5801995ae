//! The terms a flight keeps to: times, sizes, retries.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Times, sizes and retries of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From the request sent to the answer's head.
    pub headers_timeout: Duration,
    /// Between two pieces of an answer.
    pub idle_timeout: Duration,
    /// From an answer's head to its end, where it is no stream.
    pub whole_timeout: Duration,
    /// How often a failed attempt is tried again, at most twice.
    pub retries: u32,
    /// The largest answer that is kept until its end, in bytes, so that its cost can be told in a
    /// header; a larger one passes through as it comes.
    pub whole_max: usize,
    /// How long a call goes on after its client left, whatever it waits for.
    pub drain_timeout: Duration,
    /// How much of it, in bytes.
    pub drain_max: u64,
}

/// What all flights of a process share.
#[derive(Clone, Debug)]
pub struct Crew {
    /// Every task that owns a call, for an orderly stop.
    pub owners: TaskTracker,
    /// How many answers may be drained at once.
    pub drains: Arc<Semaphore>,
}
