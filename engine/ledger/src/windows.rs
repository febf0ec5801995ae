//! Windows as spans of unix time.
//!
//! A window is made of whole slots: a slot belongs to the window that its first second is in.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use reins_governor::Window;

use crate::slot::{SLOT_SECONDS, floor, slot_of};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Buckets that a rolling window may have: the error is at most one part in so many.
const BUCKETS_MAX: i64 = 96;

/// Widths that a bucket may have, each a whole number of slots.
const WIDTHS: [i64; 10] = [
    SLOT_SECONDS,
    3 * SLOT_SECONDS,
    6 * SLOT_SECONDS,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
];

/// A stretch of unix time in seconds, its end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first second.
    pub start: i64,
    /// The first second after it.
    pub end: i64,
}

/// A rolling window's shape, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rolling {
    /// The window's length.
    pub(crate) length: i64,
    /// A bucket's width.
    pub(crate) width: i64,
}

/// The calendar windows of one zone, computed once each.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    zone: TimeZone,
    epoch: u32,
    hourly: Span,
    daily: Span,
    weekly: Span,
    monthly: Span,
}

/// The slots that count toward `window` at `now`, by the first second of each.
#[must_use]
pub fn span(window: Window, zone: &TimeZone, now: Timestamp) -> Span {
    let slot = slot_of(now.as_second());
    match window {
        Window::Rolling { hours } => Rolling::new(hours).span(now.as_second()),
        Window::Hourly | Window::Daily | Window::Weekly | Window::Monthly => {
            calendar_span(window, zone, slot).unwrap_or(Span::EVER)
        }
    }
}

// === impl Span ===

impl Span {
    /// All of time: what a window is at the ends of the calendar, where nothing can be computed.
    const EVER: Self = Self { start: i64::MIN, end: i64::MAX };
    /// No time at all.
    pub(crate) const NEVER: Self = Self { start: 0, end: 0 };

    /// Whether `second` is in it.
    #[must_use]
    pub const fn contains(&self, second: i64) -> bool {
        self.start <= second && second < self.end
    }

    /// The same slots, with ends that are multiples of a slot.
    const fn aligned(self) -> Self {
        Self { start: ceil(self.start), end: ceil(self.end) }
    }
}

/// The smallest multiple of a slot that is not before `second`.
const fn ceil(second: i64) -> i64 {
    slot_of(second.saturating_add(SLOT_SECONDS - 1))
}

// === impl Rolling ===

impl Rolling {
    pub(crate) fn new(hours: u32) -> Self {
        let length = i64::from(hours) * HOUR;
        let fits = |width: &i64| length <= width * BUCKETS_MAX;
        let width = WIDTHS.into_iter().find(fits).unwrap_or_else(|| coarse(length));
        Self { length, width }
    }

    /// The first bucket that still counts at `now`: one that is not wholly out of the window.
    pub(crate) const fn since(self, now: i64) -> i64 {
        floor(now.saturating_sub(self.length), self.width)
    }

    /// When the bucket that begins at `start` is wholly out of the window.
    pub(crate) const fn leaves(self, start: i64) -> i64 {
        start.saturating_add(self.width).saturating_add(self.length)
    }

    const fn span(self, now: i64) -> Span {
        Span { start: self.since(now), end: floor(now, self.width).saturating_add(self.width) }
    }
}

/// Whole days, for a window longer than any that configuration admits.
const fn coarse(length: i64) -> i64 {
    (length / BUCKETS_MAX / DAY + 1) * DAY
}

// === impl Calendar ===

impl Calendar {
    pub(crate) const fn new() -> Self {
        Self {
            zone: TimeZone::UTC,
            epoch: 0,
            hourly: Span::NEVER,
            daily: Span::NEVER,
            weekly: Span::NEVER,
            monthly: Span::NEVER,
        }
    }

    /// Goes by `zone` from now on.
    pub(crate) fn turn_to(&mut self, zone: &TimeZone) {
        if self.zone != *zone {
            *self = Self { zone: zone.clone(), epoch: self.epoch.wrapping_add(1), ..Self::new() };
        }
    }

    /// Which zone this is, counted from the first.
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether spans made in `epoch` are those of `zone`.
    pub(crate) fn holds_for(&self, epoch: u32, zone: &TimeZone) -> bool {
        self.epoch == epoch && self.zone == *zone
    }

    /// The span of `window` at `now`; no calendar is asked while `now` stays in it.
    pub(crate) fn span(&mut self, window: Window, now: i64) -> Span {
        let cached = match window {
            Window::Hourly => &mut self.hourly,
            Window::Daily => &mut self.daily,
            Window::Weekly => &mut self.weekly,
            Window::Monthly => &mut self.monthly,
            Window::Rolling { hours } => return Rolling::new(hours).span(now),
        };
        if !cached.contains(now) {
            *cached = calendar_span(window, &self.zone, slot_of(now)).unwrap_or(Span::EVER);
        }
        *cached
    }
}

/// The calendar window that the slot beginning at `slot` is in.
fn calendar_span(window: Window, zone: &TimeZone, slot: i64) -> Option<Span> {
    let at = Timestamp::from_second(slot).ok()?;
    let span = match window {
        Window::Hourly => hour(zone, at)?,
        Window::Daily | Window::Weekly | Window::Monthly | Window::Rolling { .. } => {
            days(window, zone, at)?
        }
    };
    Some(span.aligned())
}

/// The full hour on the wall; a turn of the clock inside an hour ends it.
fn hour(zone: &TimeZone, at: Timestamp) -> Option<Span> {
    let offset = zone.to_offset(at);
    let same = |second| Some(zone.to_offset(Timestamp::from_second(second).ok()?) == offset);
    let start = floor(at.as_second() + i64::from(offset.seconds()), HOUR);
    let start = start - i64::from(offset.seconds());
    let end = start + HOUR;
    let turned = if same(start)? { None } else { last_turn(zone, at) };
    let turns = if same(end - 1)? { None } else { next_turn(zone, at) };
    Some(Span {
        start: turned.map_or(start, Timestamp::as_second),
        end: turns.map_or(end, Timestamp::as_second),
    })
}

/// Days on the wall, from midnight to midnight.
fn days(window: Window, zone: &TimeZone, at: Timestamp) -> Option<Span> {
    let first = first_day(window, zone.to_datetime(at).date())?;
    let span = between(window, zone, first)?;
    if span.contains(at.as_second()) {
        return Some(span);
    }
    // A clock turned back over midnight: the day that began first goes on.
    between(window, zone, next_first(window, first)?)
}

fn between(window: Window, zone: &TimeZone, first: Date) -> Option<Span> {
    let start = midnight(zone, first)?.as_second();
    let end = midnight(zone, next_first(window, first)?)?.as_second();
    Some(Span { start, end })
}

fn first_day(window: Window, day: Date) -> Option<Date> {
    match window {
        Window::Weekly => {
            day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()
        }
        Window::Monthly => Some(day.first_of_month()),
        Window::Hourly | Window::Daily | Window::Rolling { .. } => Some(day),
    }
}

fn next_first(window: Window, first: Date) -> Option<Date> {
    let step = match window {
        Window::Weekly => 1.week(),
        Window::Monthly => 1.month(),
        Window::Hourly | Window::Daily | Window::Rolling { .. } => 1.day(),
    };
    first.checked_add(step).ok()
}

/// Midnight: the earlier one where there are two, the first instant after the gap where there is
/// none.
fn midnight(zone: &TimeZone, day: Date) -> Option<Timestamp> {
    let wall = day.at(0, 0, 0, 0);
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(wall).ok()
        }
        AmbiguousOffset::Gap { before, .. } => last_turn(zone, before.to_timestamp(wall).ok()?),
    }
}

/// The last turn of the zone's clock at or before `at`.
fn last_turn(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    let after = at.checked_add(1.second()).ok()?;
    zone.preceding(after).next().map(|turn| turn.timestamp())
}

/// The first turn of the zone's clock after `at`.
fn next_turn(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    zone.following(at).next().map(|turn| turn.timestamp())
}

#[cfg(test)]
mod tests;
