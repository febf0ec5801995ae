//! Poll time: since when a poll has been under way, so that one that hangs can be seen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a poll may take before the file counts as hung: ten thousand times what is usual.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// Since when a poll has been under way.
#[derive(Debug)]
pub(crate) struct PollTime {
    epoch: Instant,
    /// Milliseconds after `epoch`, plus 1; 0 between two polls.
    since: AtomicU64,
}

// === impl PollTime ===

impl PollTime {
    pub(crate) fn new() -> Self {
        Self { epoch: Instant::now(), since: AtomicU64::new(0) }
    }

    /// The time since this was made.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(crate) fn begin(&self) {
        let ms = u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX - 1);
        self.since.store(ms.saturating_add(1), Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// How long the current poll has taken, if that is too long.
    pub(crate) fn hung(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed).checked_sub(1)?;
        let taken = self.now().saturating_sub(Duration::from_millis(since));
        (taken >= HUNG_AFTER).then_some(taken)
    }
}
