//! Upkeep: once a second, holds that outlived their life end, and a jump of the clock is detected;
//! now and then, idle counters go.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::embedded::Core;

/// How often holds are looked through.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often the files are checked: two system calls.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Sweeps from one eviction to the next: an eviction looks at every counter there is.
const SWEEPS_PER_EVICTION: u64 = 30;
/// How long a counter stays in memory after its last use: longer than most agents' pauses.
const IDLE: SignedDuration = SignedDuration::from_mins(15);

/// Keeps up until the store is closed.
pub(crate) async fn run(core: Arc<Core>) {
    tokio::join!(sweep(&core), watch(&core));
}

async fn sweep(core: &Core) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    for sweep in 1_u64.. {
        ticks.tick().await;
        core.sweep();
        if sweep.is_multiple_of(SWEEPS_PER_EVICTION) || core.is_crowded() {
            core.evict();
        }
    }
}

/// Checks the files, on a thread that may block on a hanging disk.
async fn watch(core: &Arc<Core>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let looking = Arc::clone(core);
        // WHY: a check that panicked has found nothing.
        tokio::task::spawn_blocking(move || looking.look_at_files()).await.unwrap_or_default();
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

    /// Stops the store where its files were deleted or replaced while it serves: what it writes
    /// would be lost with the process, and another server may use the files that are there now.
    fn look_at_files(&self) {
        let is_in_place = self.database.is_in_place() && self.journal.is_in_place();
        if !is_in_place && self.stopped().is_none() {
            self.stop("its database or its journal was deleted or replaced meanwhile".to_owned());
        }
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
