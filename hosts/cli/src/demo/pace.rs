//! The pace: how long the pauses are.

use std::time::Duration;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// One pause of an agent.
    pub(crate) beat: Duration,
    /// From a call to the vendor's answer.
    pub(crate) latency: Duration,
    /// Between two pieces of a stream.
    pub(crate) gap: Duration,
    /// Between two looks at the ledger.
    pub(crate) look: Duration,
}

// === impl Pace ===

impl Pace {
    /// For people who watch.
    pub(crate) const WATCHED: Self = Self {
        beat: Duration::from_millis(260),
        latency: Duration::from_millis(450),
        gap: Duration::from_millis(80),
        look: Duration::from_millis(80),
    };

    /// For people who know it, and for machines.
    pub(crate) const FAST: Self = Self {
        beat: Duration::from_millis(25),
        latency: Duration::from_millis(40),
        gap: Duration::from_millis(8),
        look: Duration::from_millis(30),
    };
}
