//! The real clock: the only place in this host that asks the machine for the time.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reins_governor::Clock;

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct MachineClock {
    started: Instant,
}

// === impl MachineClock ===

impl MachineClock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for MachineClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
