//! The real clock: the only place in this host that asks the machine for the time.

use std::time::Duration;

use jiff::Timestamp;
use reins_governor::Clock;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The monotonic clock that includes the time in which the machine sleeps: otherwise the wall clock
/// would seem to have jumped after it. Linux calls it `CLOCK_BOOTTIME`; on macOS and the BSDs
/// `CLOCK_MONOTONIC` includes sleep.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEADY: ClockId = ClockId::Monotonic;

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct MachineClock {
    started: Duration,
}

// === impl MachineClock ===

impl MachineClock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: steady() }
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
        steady().saturating_sub(self.started)
    }
}

/// The time since some origin.
fn steady() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(STEADY);
    let (seconds, nanos) = (u64::try_from(tv_sec), u32::try_from(tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}
