//! The timeline: in which window a charge counts, whatever the wall clock has shown meanwhile.
//!
//! Spend is kept under *ledger time*: the wall clock less `shift`. When the wall clock jumps, a
//! *stretch* ends, and `shift` takes up the jump so that ledger time goes on with the next slot.
//! In the present stretch a charge has one date. One from an earlier stretch has two, and counts
//! by the later, but no later than the time for which a store has run since the stretch ended:
//!
//! - *own*: what the wall clock showed when it was made;
//! - *carried*: what the present clock would have shown, counted back by ledger time.
//!
//! INVARIANT 1. While the wall clock is right, a window has at least the charges whose true time
//! lies in it: each charge that was made while the clock was not behind (own is never before the
//! true time), and each charge since which the clock has not jumped ahead while no store ran
//! (carried is never before the true time). The rest cannot be told from charges before a pause.
//!
//! INVARIANT 2. A calendar window that was open when the clock jumped goes on to its end by the
//! clock before the jump, beside that of the present clock: a charge counts that is in either. If
//! the clock before the jump was right, its window keeps to invariant 1 although the present clock
//! is wrong. Later windows are those of the present clock. An excursion, a quarter of an hour at
//! the most between two clocks that agree (but for a pause of unknown length), is taken to have
//! been wrong: the windows of its clock do not go on.
//!
//! INVARIANT 3. Once a store has run for as long as a window is without another jump, no charge
//! from before the jump is in that window: both dates are at least that old.
//!
//! All of it holds to the two seconds of [`crate::JumpDetector`]. Charges of earlier stretches are
//! dated up to one slot too late, never too early. Where the clock never jumped, dates are exact.

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::Window;
use smallvec::SmallVec;

use crate::jump_detector::TOLERANCE_SECONDS;
use crate::slot::{SLOT_SECONDS, Slot, slot_of};
use crate::windows::{Span, span};

/// How long a stretch matters, in seconds of a running store: longer than the longest window that
/// configuration admits, 366 days and a bucket of four.
const MATTERS: i64 = 371 * 24 * 3_600;
/// How much later than it may have ended a stretch is taken to end: a second for the jump, which is
/// rounded up, and one for the clock, which is read in whole seconds.
const ROUNDED_SECONDS: i64 = 2;
/// Stretches that are kept apart. A clock that is right for an hour between two jumps makes fewer
/// in a weekend; beyond that the two oldest become one, which errs against the spender.
const STRETCHES_MAX: usize = 64;

/// The longest excursion, in seconds of ledger time: what an operator or NTP needs to set a wrong
/// clock right again. The jump itself takes up to ten minutes of it, since ledger time goes on with
/// the slot after the next edge.
const EXCURSION_MAX: i64 = 900;
/// How far apart two clocks are at the most that agree, in seconds: two jumps lie between them,
/// each of which is known to the detector's tolerance.
const AGREEING: i64 = 2 * TOLERANCE_SECONDS;

/// What the wall clock has shown since the store began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// What the wall clock shows beyond ledger time: a whole number of slots.
    pub shift: i64,
    /// Up to this ledger time nothing counts any more in a window of configuration.
    pub floor: i64,
    /// The stretches before the present one, oldest first.
    pub past: Vec<Stretch>,
}

/// A stretch of ledger time in which the wall clock did not jump. All in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The ledger time at which it ended.
    pub end: i64,
    /// What makes ledger time in it the date that the wall clock showed.
    pub own: i64,
    /// What makes ledger time in it a date of the present clock, counted back.
    pub carried: i64,
    /// Ledger time since its end during which no store ran.
    pub idle: i64,
    /// It ended with a pause whose length is not known: the clock went back while no store ran.
    pub paused: bool,
}

/// What was kept of a scope, by dates of the present clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dated {
    pub(crate) slots: Vec<Slot>,
    /// The dates that count, where other clocks' windows are open beside the present one's: at its
    /// end, what counts has to be read anew.
    pub(crate) beside: Option<Span>,
}

/// A clock that charges may count by: the present one, or one from before a jump as it would have
/// gone on.
#[derive(Clone, Copy, Debug)]
struct CandidateClock {
    /// What it shows.
    now: i64,
    /// How far the present clock is ahead of it.
    behind: i64,
    /// The window that is open by it.
    open: Span,
}

// === impl Timeline ===

impl Default for Timeline {
    /// That of a clock that never jumped.
    fn default() -> Self {
        Self { shift: 0, floor: i64::MIN, past: Vec::new() }
    }
}

impl Timeline {
    /// The ledger time at which the wall clock shows `wall`.
    #[must_use]
    pub const fn ledger_time(&self, wall: i64) -> i64 {
        wall.saturating_sub(self.shift)
    }

    /// The wall clock has just jumped by so many seconds, rounded up, and shows `wall`.
    pub fn jump(&mut self, wall: i64, seconds: i64) {
        self.end_stretch(wall, seconds, false);
    }

    fn end_stretch(&mut self, wall: i64, seconds: i64, paused: bool) {
        let before = self.ledger_time(wall.saturating_sub(seconds));
        let end = before.saturating_add(ROUNDED_SECONDS);
        let carry = |past: &mut Stretch| past.carried = past.carried.saturating_add(seconds);
        self.past.push(Stretch { end, paused, ..self.present() });
        self.past.iter_mut().for_each(carry);
        self.shift = slot_of(wall.saturating_sub(next_slot(end)));
        self.pause(self.ledger_time(wall).saturating_sub(before));
        self.tidy(wall);
    }

    /// Continues after a restart, when the wall clock shows `wall` and ledger time is known to have
    /// passed up to `seen`. Returns the seconds by which the wall clock went back meanwhile, below
    /// zero; a clock that went ahead looks like a pause.
    pub fn resume(&mut self, wall: i64, seen: i64) -> Option<i64> {
        let pause = self.ledger_time(wall).saturating_sub(seen);
        if pause < -TOLERANCE_SECONDS {
            self.end_stretch(wall, pause, true);
            return Some(pause);
        }
        self.pause(pause.max(0));
        self.tidy(wall);
        None
    }

    /// The first slot in ledger time that may count in `window` at `now`.
    #[must_use]
    pub fn earliest(&self, window: Window, zone: &TimeZone, now: Timestamp) -> i64 {
        let candidates = self.candidates(window, zone, now);
        let may_count = |stretch: &Stretch| {
            let first = |clock: &CandidateClock| {
                let date = stretch.own.max(stretch.carried.saturating_sub(clock.behind));
                slot_of(clock.open.start.saturating_sub(date).saturating_sub(SLOT_SECONDS))
            };
            let first = candidates.iter().map(first).min()?;
            (first <= stretch.end).then_some(first)
        };
        let stretches = self.past.iter().copied().chain([self.present()]);
        stretches.filter_map(|stretch| may_count(&stretch)).min().unwrap_or(i64::MAX)
    }

    /// What was kept, by the dates under which it counts in `window` at `now`.
    pub(crate) fn dated(
        &self,
        window: Window,
        zone: &TimeZone,
        slots: &[Slot],
        now: Timestamp,
    ) -> Dated {
        let candidates = self.candidates(window, zone, now);
        let [_] = candidates.as_slice() else { return self.dated_beside(slots, &candidates) };
        let wall = now.as_second();
        let dated = |slot: &Slot| Slot { start: self.date_at(slot.start, wall), ..*slot };
        Dated { slots: slots.iter().map(dated).collect(), beside: None }
    }

    /// What counts by any of `candidates`, by dates in the span that all of them make.
    fn dated_beside(&self, slots: &[Slot], candidates: &[CandidateClock]) -> Dated {
        let mut all = Span { start: i64::MAX, end: i64::MAX };
        for clock in candidates {
            all.start = all.start.min(slot_of(clock.open.start.saturating_add(clock.behind)));
            all.end = all.end.min(clock.open.end.saturating_add(clock.behind));
        }
        let dated = |slot: &Slot| {
            let counting = candidates.iter().filter_map(|clock| {
                let date = self.date(slot.start, clock);
                (date >= clock.open.start).then_some(date.saturating_add(clock.behind))
            });
            Some(Slot { start: slot_of(counting.max()?).max(all.start), ..*slot })
        };
        Dated { slots: slots.iter().filter_map(dated).collect(), beside: Some(all) }
    }

    /// The date of the slot `kept` by the present clock, which shows `wall`.
    pub(crate) fn date_at(&self, kept: i64, wall: i64) -> i64 {
        self.date(kept, &CandidateClock { now: wall, behind: 0, open: Span::NEVER })
    }

    /// The date of the slot `kept` by a clock: the latest at which it can have been spent.
    fn date(&self, kept: i64, clock: &CandidateClock) -> i64 {
        let mut date = clock.now.saturating_sub(MATTERS);
        let mut begun = self.floor;
        for stretch in self.past.iter().copied().chain([self.present()]) {
            if slot_of(begun) < kept && kept <= slot_of(stretch.end) {
                date = date.max(self.date_in(&stretch, kept, clock));
            }
            begun = stretch.end;
        }
        slot_of(date.min(clock.now))
    }

    fn date_in(&self, stretch: &Stretch, kept: i64, clock: &CandidateClock) -> i64 {
        let wall = clock.now.saturating_add(clock.behind);
        let last = kept.saturating_add(SLOT_SECONDS - 1).min(stretch.end);
        let carried = last.saturating_add(stretch.carried).saturating_sub(clock.behind);
        let latest = clock.now.saturating_sub(self.ran_since(stretch, wall));
        kept.saturating_add(stretch.own).max(carried).min(latest)
    }

    /// The clocks that charges may count by in `window`, the present one first.
    fn candidates(
        &self,
        window: Window,
        zone: &TimeZone,
        now: Timestamp,
    ) -> SmallVec<[CandidateClock; 2]> {
        let wall = now.as_second();
        let present = CandidateClock { now: wall, behind: 0, open: span(window, zone, now) };
        let mut candidates = SmallVec::from_iter([present]);
        if !matches!(window, Window::Rolling { .. }) {
            let lasted = |(index, _): &(usize, &Stretch)| !self.was_excursion(*index);
            let lasting = self.past.iter().enumerate().filter(lasted);
            candidates.extend(lasting.filter_map(|(_, past)| open_since(past, window, zone, wall)));
        }
        candidates
    }

    /// Whether the stretch at `index` was an excursion between two clocks that agree.
    fn was_excursion(&self, index: usize) -> bool {
        let behind = |at: usize| self.past.get(at).map_or(0, Stretch::behind);
        let excursion = |(first, last): (usize, usize)| {
            let between = self.past.get(first..=last).unwrap_or_default();
            let (Some(first), Some(end)) = (between.first(), between.last()) else { return false };
            if end.end.saturating_sub(first.end) > EXCURSION_MAX {
                return false;
            }
            let apart = first.behind().saturating_sub(behind(last + 1));
            let paused = between.iter().any(|stretch| stretch.paused);
            if paused {
                apart >= -AGREEING
            } else {
                apart.unsigned_abs() <= AGREEING.unsigned_abs()
            }
        };
        let lasts = index..self.past.len();
        (0..index).flat_map(|first| lasts.clone().map(move |last| (first, last))).any(excursion)
    }

    /// The present stretch, which has not ended.
    const fn present(&self) -> Stretch {
        let (end, own, carried) = (i64::MAX, self.shift, self.shift);
        Stretch { end, own, carried, idle: 0, paused: false }
    }

    /// For how long a store has run since `stretch` ended, in seconds.
    fn ran_since(&self, stretch: &Stretch, wall: i64) -> i64 {
        let since = self.ledger_time(wall).saturating_sub(stretch.end);
        since.saturating_sub(stretch.idle).max(0)
    }

    /// Ledger time has gone on by so many seconds during which no store ran.
    fn pause(&mut self, seconds: i64) {
        self.past.iter_mut().for_each(|past| past.idle = past.idle.saturating_add(seconds));
    }

    /// Lets go of what matters no more.
    fn tidy(&mut self, wall: i64) {
        let gone = |stretch: &Stretch| self.ran_since(stretch, wall) > MATTERS;
        let gone = self.past.iter().take_while(|stretch| gone(stretch)).count();
        for stretch in self.past.drain(..gone) {
            self.floor = self.floor.max(stretch.end);
        }
        while self.past.len() > STRETCHES_MAX {
            let oldest = self.past.remove(0);
            if let Some(second) = self.past.first_mut() {
                second.own = second.own.max(oldest.own);
                second.carried = second.carried.max(oldest.carried);
                second.paused |= oldest.paused;
            }
        }
    }
}

// === impl Stretch ===

impl Stretch {
    /// How far the present clock is ahead of its clock.
    const fn behind(&self) -> i64 {
        self.carried.saturating_sub(self.own)
    }
}

/// The clock of `stretch`, gone on, while the window is open that it ended in.
fn open_since(
    stretch: &Stretch,
    window: Window,
    zone: &TimeZone,
    wall: i64,
) -> Option<CandidateClock> {
    let behind = stretch.behind();
    let now = wall.saturating_sub(behind);
    let last = stretch.end.saturating_add(stretch.own);
    let at = |second| Some(span(window, zone, Timestamp::from_second(second).ok()?));
    // WHY: the end is rounded up, perhaps over a window's edge.
    let start = at(last.saturating_sub(ROUNDED_SECONDS))?.start;
    let open = Span { start, ..at(last)? };
    (now < open.end).then_some(CandidateClock { now, behind, open })
}

/// The beginning of the first slot after `second`.
const fn next_slot(second: i64) -> i64 {
    slot_of(second).saturating_add(SLOT_SECONDS)
}

#[cfg(test)]
mod tests;
