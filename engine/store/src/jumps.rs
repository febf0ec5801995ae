//! Jumps of the wall clock: noticed, said once, counted, and written down before anything is held
//! by the new time.

use std::time::Duration;

use jiff::Timestamp;
use metrics::counter;
use reins_governor::Clock;
use reins_ledger::{Books, Glance, Settings, Watch};

use crate::StoreError;
use crate::clock;
use crate::embedded::Core;
use crate::folder::Call;
use crate::live::Live;

/// How long reading both clocks takes at the most, where the thread is not stopped meanwhile.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How often both clocks are read until that is so.
const TRIES: usize = 8;

/// One reading of both clocks.
pub(crate) fn glance(clock: &dyn Clock) -> Glance {
    Glance { wall: clock.now(), monotonic: clock.monotonic() }
}

/// One reading of both clocks at the same instant.
fn glance_at_once(clock: &dyn Clock) -> Glance {
    let mut seen = glance(clock);
    for _ in 0..TRIES {
        let before = clock.monotonic();
        seen = glance(clock);
        if seen.monotonic.saturating_sub(before) < AT_ONCE {
            break;
        }
    }
    seen
}

// === impl Core ===

impl Core {
    /// What time it is. Every change of the books is timed by this.
    pub(crate) fn time(&self, live: &mut Live) -> Timestamp {
        let seen = glance(&*self.clock);
        if live.watch.jumped(&seen).is_some() {
            return self.time_after_jump(live);
        }
        live.watch.keep(seen);
        seen.wall
    }

    #[cold]
    fn time_after_jump(&self, live: &mut Live) -> Timestamp {
        // WHY: a thread that is stopped between reading the one clock and the other sees a jump.
        let seen = glance_at_once(&*self.clock);
        if let Some(seconds) = live.watch.jumped(&seen) {
            live.watch.jump(seen);
            live.jump(&self.journal, seconds, seen.wall);
            self.bell.ring(Call::Fold);
            tell(seconds, "while the store was open");
        }
        seen.wall
    }

    /// Goes on from what the last store knew of the clock. Before anything is held.
    pub(crate) async fn resume(&self, settings: Settings) -> Result<(), StoreError> {
        let mut conn = self.reads.acquire().await?;
        let mut kept = clock::read(&mut conn).await?;
        let before = kept.timeline.clone();
        let seen = glance_at_once(&*self.clock);
        let back = kept.timeline.resume(seen.wall.as_second(), kept.seen);
        let changed = before != kept.timeline;
        let mut live = self.live.lock();
        live.watch = Watch::new(seen);
        live.books = Books::on(kept.timeline, settings);
        if changed {
            live.keep_clock(&self.journal, seen.wall);
            self.bell.ring(Call::Fold);
        }
        // So that both are on the page before the first jump.
        ["ahead", "back"].into_iter().for_each(|direction| count(direction, 0));
        if let Some(seconds) = back {
            tell(seconds, "while the store was closed");
        }
        Ok(())
    }
}

fn count(direction: &'static str, number: u64) {
    counter!("reins_clock_jumps_total", "direction" => direction).increment(number);
}

fn tell(seconds: i64, when: &str) {
    let direction = if seconds < 0 { "back" } else { "ahead" };
    count(direction, 1);
    tracing::warn!(
        direction,
        seconds = seconds.unsigned_abs(),
        when,
        "the wall clock jumped: no budget is refilled by it; what was spent goes on counting by \
         the time that has passed, and calendar windows to their end by the clock before as well"
    );
}

#[cfg(test)]
mod tests;
