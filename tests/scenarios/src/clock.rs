//! The clock of a scenario: it begins on the same Wednesday morning, runs, and is put forward. It
//! never jumps: what it is put forward by has passed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reins_governor::Clock;
use reins_runtime::MachineClock;

/// When every scenario begins: Wednesday, 18 November 2026, 10:00 UTC.
const BEGINS: Timestamp = Timestamp::constant(1_794_996_000, 0);

/// A clock that runs, and is put forward.
#[derive(Debug, Default)]
pub(crate) struct StoryClock {
    machine: MachineClock,
    ahead_seconds: AtomicU64,
}

// === impl StoryClock ===

impl StoryClock {
    pub(crate) fn put_forward(&self, by: Duration) {
        self.ahead_seconds.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        BEGINS.checked_add(self.monotonic()).expect("a time in this age")
    }

    fn monotonic(&self) -> Duration {
        let ahead = Duration::from_secs(self.ahead_seconds.load(Ordering::Relaxed));
        self.machine.monotonic() + ahead
    }
}
