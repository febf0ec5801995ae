//! Upkeep: once a second, holds that outlived their life end, and a jump of the clock is noticed;
//! now and then, idle counters go.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::embedded::Core;

/// How often holds are looked through.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Sweeps from one eviction to the next: an eviction looks at every counter there is.
const SWEEPS_PER_EVICTION: u64 = 30;
/// How long a counter stays in memory after its last use: longer than most agents' pauses.
const IDLE: SignedDuration = SignedDuration::from_mins(15);

/// Keeps up until the store is closed.
pub(crate) async fn run(core: Arc<Core>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    for sweep in 1_u64.. {
        ticks.tick().await;
        core.sweep();
        if sweep.is_multiple_of(SWEEPS_PER_EVICTION) || core.is_crowded() {
            core.evict();
        }
    }
}

// === impl Core ===

impl Core {
    /// Ends the calls that gave no sign of life.
    pub(crate) fn sweep(&self) {
        let mut live = self.live.lock();
        let now = self.time(&mut live);
        let seq = live.sweep(&self.journal, now);
        self.push(seq, live);
    }

    /// Whether more counters are in memory than shall be.
    fn is_crowded(&self) -> bool {
        self.live.lock().books.is_crowded()
    }

    /// Forgets counters that nobody used lately. Nothing is lost: they are loaded when needed.
    pub(crate) fn evict(&self) {
        let mut live = self.live.lock();
        let idle_since = self.time(&mut live).saturating_sub(IDLE);
        let evicted = idle_since.map(|since| live.books.evict(since));
        drop(live);
        tracing::debug!(?evicted, "idle counters were forgotten");
    }
}
