//! Jumps of the wall clock: detected, logged and counted once each, and entered into the journal
//! before any intent that is timed by the clock after them.

use std::time::Duration;

use jiff::Timestamp;
use metrics::counter;
use reins_governor::Clock;
use reins_ledger::{AllBooks, ClockReading, JumpDetector, Settings};

use crate::StoreError;
use crate::clock;
use crate::embedded::Core;
use crate::folder::Call;
use crate::live::Live;

/// How long a reading of both clocks may take to count as one instant: far longer than it takes
/// while the thread runs, far less than the detector's tolerance.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How often both clocks are read again until that is so; each failure means that the thread was
/// suspended in between.
const TRIES: usize = 8;

/// One reading of both clocks.
pub(crate) fn read_clocks(clock: &dyn Clock) -> ClockReading {
    ClockReading { wall: clock.now(), monotonic: clock.monotonic() }
}

/// One reading of both clocks at the same instant.
fn read_clocks_at_once(clock: &dyn Clock) -> ClockReading {
    let mut seen = read_clocks(clock);
    for _ in 0..TRIES {
        let before = clock.monotonic();
        seen = read_clocks(clock);
        if seen.monotonic.saturating_sub(before) < AT_ONCE {
            break;
        }
    }
    seen
}

// === impl Core ===

impl Core {
    /// The present time, after the books have taken in a jump of the wall clock, if there was one.
    /// Every change of the books is timed by it.
    pub(crate) fn time(&self, live: &mut Live) -> Timestamp {
        let seen = read_clocks(&*self.clock);
        if live.detector.jumped(&seen).is_some() {
            return self.time_after_jump(live);
        }
        live.detector.accept(seen);
        seen.wall
    }

    #[cold]
    fn time_after_jump(&self, live: &mut Live) -> Timestamp {
        // WHY: a thread that was suspended between the two readings sees a jump that was none.
        let seen = read_clocks_at_once(&*self.clock);
        if let Some(seconds) = live.detector.jumped(&seen) {
            live.detector.restart(seen);
            live.jump(&self.journal, seconds, seen.wall);
            self.bell.ring(Call::Fold);
            report(seconds, "while the store was open");
        }
        seen.wall
    }

    /// Continues the timeline that is kept in the database. Called before anything is held.
    pub(crate) async fn resume(&self, settings: Settings) -> Result<(), StoreError> {
        let mut conn = self.reads.acquire().await?;
        let mut kept = clock::read(&mut conn).await?;
        let before = kept.timeline.clone();
        let seen = read_clocks_at_once(&*self.clock);
        let back = kept.timeline.resume(seen.wall.as_second(), kept.seen);
        let changed = before != kept.timeline;
        let mut live = self.live.lock();
        live.detector = JumpDetector::new(seen);
        live.books = AllBooks::on(kept.timeline, settings);
        if changed {
            live.keep_clock(&self.journal, seen.wall);
            self.bell.ring(Call::Fold);
        }
        // WHY: both series exist before the first jump, so that a scraper sees it as an increase.
        ["ahead", "back"].into_iter().for_each(|direction| count(direction, 0));
        if let Some(seconds) = back {
            report(seconds, "while the store was closed");
        }
        Ok(())
    }
}

fn count(direction: &'static str, number: u64) {
    counter!("reins_clock_jumps_total", "direction" => direction).increment(number);
}

fn report(seconds: i64, when: &str) {
    let direction = if seconds < 0 { "back" } else { "ahead" };
    count(direction, 1);
    tracing::warn!(
        direction,
        seconds = seconds.unsigned_abs(),
        when,
        "the wall clock jumped: charges from before go on counting by the time that has passed, \
         and calendar windows that were open end by the clock before as well as by the new one"
    );
}

#[cfg(test)]
mod tests;
