//! A counter: what one scope spends and holds over one window.

use jiff::Timestamp;
use reins_governor::{HoldMode, Usd, Window};

use crate::ring::Ring;
use crate::slot::Slot;
use crate::tally::{Amounts, Tally};
use crate::windows::{Calendar, Span};

/// One scope's spend and holds over one window.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    window: Window,
    count: Count,
    /// From then on, what was read of it may count no more: it has to be read anew.
    until: i64,
}

/// The two ways a window moves.
#[derive(Clone, Debug)]
enum Count {
    /// From one span to the next, all at once.
    Calendar(Page),
    /// Bucket by bucket.
    Rolling(Ring),
}

/// One span of a calendar window.
#[derive(Clone, Debug)]
struct Page {
    span: Span,
    /// The calendar's epoch that the span is from.
    epoch: u32,
    tally: Tally,
}

// === impl Counter ===

impl Counter {
    /// A counter in which nothing has happened.
    pub(crate) fn new(window: Window, now: i64, calendar: &mut Calendar) -> Self {
        let count = match window {
            Window::Rolling { hours } => Count::Rolling(Ring::new(hours, now)),
            Window::Hourly | Window::Daily | Window::Weekly | Window::Monthly => {
                Count::Calendar(Page::new(calendar.span(window, now), calendar.epoch()))
            }
        };
        Self { window, count, until: i64::MAX }
    }

    /// Counts what is dated in `beside`, and only until its end.
    pub(crate) fn beside(mut self, beside: Span) -> Self {
        if let Count::Calendar(page) = &mut self.count {
            page.span = beside;
            self.until = beside.end;
        }
        self
    }

    /// Whether it still stands for what was read.
    pub(crate) const fn stands_at(&self, now: i64) -> bool {
        now < self.until
    }

    pub(crate) const fn window(&self) -> Window {
        self.window
    }

    /// The calendar epoch it was made in; a rolling window follows no calendar.
    pub(crate) const fn epoch(&self) -> Option<u32> {
        match &self.count {
            Count::Calendar(page) => Some(page.epoch),
            Count::Rolling(_) => None,
        }
    }

    /// Whether its spans are those of `calendar`.
    pub(crate) fn is_of(&self, calendar: &Calendar) -> bool {
        self.epoch().is_none_or(|epoch| epoch == calendar.epoch())
    }

    /// Moves the window so that `now` is in it.
    pub(crate) fn advance(&mut self, now: i64, calendar: &mut Calendar) {
        match &mut self.count {
            Count::Rolling(ring) => ring.advance(now),
            Count::Calendar(page) if now < page.span.end => {}
            Count::Calendar(page) => page.turn(calendar.span(self.window, now)),
        }
    }

    /// Adds what was kept of one slot.
    pub(crate) fn keep(&mut self, slot: &Slot) {
        let kept = Tally::kept(slot.spent, slot.calls);
        self.change(slot.start, |tally| tally.add(&kept));
    }

    pub(crate) fn hold(&mut self, slot: i64, amounts: Amounts) {
        self.change(slot, |tally| tally.hold(amounts));
    }

    pub(crate) fn release(&mut self, slot: i64, amounts: Amounts) {
        self.change(slot, |tally| tally.release(amounts));
    }

    pub(crate) fn post(&mut self, slot: i64, nanos: i64, calls: u64) {
        self.change(slot, |tally| tally.post(nanos, calls));
    }

    /// Whether what happens in `slot` counts.
    pub(crate) const fn covers(&self, slot: i64) -> bool {
        match &self.count {
            Count::Calendar(page) => page.span.contains(slot),
            Count::Rolling(ring) => ring.covers(slot),
        }
    }

    /// The sums at `now`, which may be later than the last [`Counter::advance`].
    pub(crate) fn tally(&self, now: i64) -> Tally {
        match &self.count {
            Count::Calendar(page) if now < page.span.end => page.tally,
            Count::Calendar(_) => Tally::default(),
            Count::Rolling(ring) => ring.tally(now),
        }
    }

    /// The earliest instant at which `amount` fits into `limit`, if nothing else is spent.
    pub(crate) fn fits_at(&self, amount: Usd, limit: Usd, mode: HoldMode) -> Option<Timestamp> {
        let room = limit.checked_sub(amount)?;
        let at = match &self.count {
            Count::Calendar(page) => Some(page.span.end),
            Count::Rolling(ring) => ring.down_to(u128::from(room.nanos()), mode),
        };
        at.map(instant)
    }

    /// When the oldest spend falls out of the window.
    pub(crate) fn resets_at(&self) -> Option<Timestamp> {
        let at = match &self.count {
            Count::Calendar(page) => Some(page.span.end),
            Count::Rolling(ring) => ring.oldest_leaves(),
        };
        at.map(instant)
    }

    /// The sums as they were when the window was last moved; an error where they contradict
    /// themselves.
    pub(crate) fn audit(&self) -> Result<Tally, String> {
        match &self.count {
            Count::Calendar(page) => Ok(page.tally),
            Count::Rolling(ring) if ring.is_sound() => Ok(ring.total()),
            Count::Rolling(_) => Err("the total is not the sum of the buckets".to_owned()),
        }
    }

    fn change(&mut self, slot: i64, change: impl Fn(&mut Tally)) {
        match &mut self.count {
            Count::Calendar(page) if page.span.contains(slot) => change(&mut page.tally),
            Count::Calendar(_) => {}
            Count::Rolling(ring) => ring.change(slot, change),
        }
    }
}

// === impl Page ===

impl Page {
    fn new(span: Span, epoch: u32) -> Self {
        Self { span, epoch, tally: Tally::default() }
    }

    /// Begins `span`, but never what an earlier page has counted: the zone may have changed. It
    /// stays a page of its own zone: what was spent in the rest of the span has to be read.
    fn turn(&mut self, span: Span) {
        let start = span.start.max(self.span.end);
        *self = Self::new(Span { start, ..span }, self.epoch);
    }
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
