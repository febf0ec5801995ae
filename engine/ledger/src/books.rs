//! The books: every hold and every counter, in memory.
//!
//! A call is a row from its hold to its end. A row belongs to the slot it was held in, and is
//! counted in every counter of every scope it has: its amounts while it is open, its charge from
//! then on. A counter is a window over slots, so each of its sums can be recomputed from rows.
//! Time is the wall clock's, and goes back only where [`Books::jump`] says that the clock jumped:
//! what is kept is then read anew, as `timeline.rs` dates it.

mod audit;
mod finish;
mod hold;
mod report;

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{Ask, HoldId, Receipt, Scope, Window};
use smallvec::SmallVec;

use crate::account::Account;
use crate::counter::Counter;
use crate::ended::Ended;
use crate::row::Row;
use crate::slot::{Posting, Slot};
use crate::timeline::{Dated, Timeline};
use crate::typical::Typical;
use crate::windows::Calendar;

/// How long an account is kept after its last use even when there are too many, in seconds: who
/// has just loaded a counter is about to hold in it.
const KEPT_SECONDS: i64 = 2;

/// How the books are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// After how long without a sign of life a hold ends.
    pub hold_life: Duration,
    /// Counters beyond which the ones that are idle longest are evicted.
    pub counters_max: usize,
}

/// The holds and counters of one organization.
#[derive(Clone, Debug)]
pub struct Books {
    settings: Settings,
    /// The latest second that was seen since the clock jumped.
    seen: i64,
    timeline: Arc<Timeline>,
    /// The last id that was given to a hold.
    issued: u64,
    calendar: Calendar,
    accounts: HashMap<Scope, Account>,
    rows: HashMap<HoldId, Row>,
    ended: Ended,
    typical: Typical,
}

/// What came of finishing a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The answer.
    pub receipt: Receipt,
    /// What changed in the spend of each scope; empty when nothing did.
    pub postings: SmallVec<[Posting; 6]>,
}

/// A call that outlived its hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Which.
    pub id: HoldId,
    /// How it was ended.
    pub finished: Finished,
}

// === impl Settings ===

impl Default for Settings {
    /// Ten minutes, as an agent's longest pause between two bytes; 25,000 counters, some 18 MB: as
    /// many as ten thousand new sessions a second use before they count as idle.
    fn default() -> Self {
        Self { hold_life: Duration::from_secs(600), counters_max: 25_000 }
    }
}

// === impl Books ===

impl Books {
    /// Empty books.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::on(Arc::default(), settings)
    }

    /// Empty books of a store whose clock has shown this.
    #[must_use]
    pub fn on(timeline: Arc<Timeline>, settings: Settings) -> Self {
        Self::numbering(0, timeline, settings)
    }

    /// The same, with holds whose ids come after `issued`.
    pub(crate) fn numbering(issued: u64, timeline: Arc<Timeline>, settings: Settings) -> Self {
        Self {
            settings,
            seen: i64::MIN,
            timeline,
            issued,
            calendar: Calendar::new(),
            accounts: HashMap::new(),
            rows: HashMap::new(),
            ended: Ended::default(),
            typical: Typical::default(),
        }
    }

    /// The counters `ask` needs that are not in force: unknown, or of another time zone.
    #[must_use]
    pub fn missing(&self, ask: &Ask<'_>) -> SmallVec<[(Scope, Window); 4]> {
        let mut missing = SmallVec::new();
        for claim in &ask.claims {
            let wanted = (claim.scope.clone(), claim.window);
            if !self.in_force(&claim.scope, claim.window, ask.zone) && !missing.contains(&wanted) {
                missing.push(wanted);
            }
        }
        missing
    }

    /// What the wall clock has shown.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Takes in a jump of the wall clock by so many seconds (rounded up), after which it shows
    /// `now`. No time has passed, so holds live as long as before; every counter has to be loaded
    /// anew.
    pub fn jump(&mut self, seconds: i64, now: Timestamp) {
        let mut timeline = Timeline::clone(&self.timeline);
        timeline.jump(now.as_second(), seconds);
        self.go_by(Arc::new(timeline), seconds, now);
    }

    /// Takes in a jump that `timeline` knows of already.
    pub(crate) fn go_by(&mut self, timeline: Arc<Timeline>, seconds: i64, now: Timestamp) {
        let now = now.as_second();
        self.timeline = timeline;
        self.seen = now;
        self.rows.values_mut().for_each(|row| row.jump(seconds, now, &self.timeline));
        self.ended.jump(seconds);
        self.accounts.values_mut().for_each(|account| account.jump(seconds));
        self.accounts.retain(|_, account| !account.is_bare());
    }

    /// Notes that `ask` is about to be held, so that none of its counters is forgotten before that.
    pub fn expect(&mut self, ask: &Ask<'_>, now: Timestamp) {
        let now = self.see(now);
        for claim in &ask.claims {
            if let Some(account) = self.accounts.get_mut(&claim.scope) {
                account.touched = now;
            }
        }
    }

    /// Puts every counter that `ask` needs in force, with nothing spent: for those who keep nothing
    /// beyond memory.
    pub fn begin(&mut self, ask: &Ask<'_>) {
        for (scope, window) in self.missing(ask) {
            self.load(scope, window, ask.zone, &[], ask.now);
        }
    }

    /// Puts a counter in force: what was kept (in ledger time; slots beyond the window do not
    /// matter), and what is held by calls in flight. One that is in force already stays as it is.
    pub fn load(
        &mut self,
        scope: Scope,
        window: Window,
        zone: &TimeZone,
        slots: &[Slot],
        now: Timestamp,
    ) {
        self.see(now);
        self.calendar.turn_to(zone);
        if !self.in_force(&scope, window, zone) {
            let seen = Timestamp::from_second(self.seen).unwrap_or(now);
            self.open(scope, window, &self.timeline.dated(window, zone, slots, seen));
        }
    }

    /// Forgets counters without holds that were not used since `idle_since`, then, while there are
    /// too many, those that are idle longest; forgets ended calls alike. Answers how many counters
    /// it forgot.
    pub fn evict(&mut self, idle_since: Timestamp) -> usize {
        let before = self.counters();
        self.forget_unused(idle_since);
        self.crowd_out(self.settings.counters_max);
        before.saturating_sub(self.counters())
    }

    /// Forgets counters without holds that were not used since `idle_since`, and ended calls alike.
    pub(crate) fn forget_unused(&mut self, idle_since: Timestamp) {
        self.forget_idle(idle_since.as_second());
        self.ended.forget(idle_since.as_second(), self.seen);
    }

    /// Forgets the counters without holds that are idle longest, so that `counters_max` stay.
    pub(crate) fn crowd_out(&mut self, counters_max: usize) {
        if self.counters() > counters_max {
            self.forget_idle(self.crowded_out(counters_max));
        }
        self.accounts.shrink_to(self.accounts.len().saturating_mul(4));
    }

    /// How many ended calls are remembered.
    pub(crate) fn ends(&self) -> usize {
        self.ended.len()
    }

    /// Forgets the oldest ended calls, so that `most` stay.
    pub(crate) fn forget_ends(&mut self, most: usize) {
        self.ended.keep_newest(most);
    }

    /// Takes note of `now`, and answers the time that holds here.
    fn see(&mut self, now: Timestamp) -> i64 {
        self.seen = self.seen.max(now.as_second());
        self.seen
    }

    fn in_force(&self, scope: &Scope, window: Window, zone: &TimeZone) -> bool {
        let counter = self.accounts.get(scope).and_then(|account| account.counter(window));
        counter.filter(|counter| counter.stands_at(self.seen)).is_some_and(|counter| {
            counter.epoch().is_none_or(|epoch| self.calendar.holds_for(epoch, zone))
        })
    }

    /// Begins a counter with what was kept, and what is held by calls in flight.
    fn open(&mut self, scope: Scope, window: Window, kept: &Dated) {
        let mut counter = Counter::new(window, self.seen, &mut self.calendar);
        if let Some(beside) = kept.beside {
            counter = counter.beside(beside);
        }
        kept.slots.iter().for_each(|slot| counter.keep(slot));
        if self.accounts.get(&scope).is_some_and(|account| account.open > 0) {
            let held = self.rows.values().filter(|row| row.scopes.contains(&scope));
            held.for_each(|row| counter.hold(row.slot, row.amounts));
        }
        let account = self.accounts.entry(scope).or_default();
        account.touched = self.seen;
        account.put(counter);
    }

    fn forget_idle(&mut self, since: i64) {
        self.accounts.retain(|_, account| account.open > 0 || account.touched >= since);
    }

    /// Since when an account must have been used to stay, so that the rest are not too many.
    fn crowded_out(&self, counters_max: usize) -> i64 {
        let idle = |account: &&Account| account.open == 0 && !account.counters.is_empty();
        let idle = self.accounts.values().filter(idle);
        let mut touched: Vec<i64> = idle.map(|account| account.touched).collect();
        let excess = self.counters().saturating_sub(counters_max);
        let last = excess.min(touched.len()).saturating_sub(1);
        let newest_kept = self.seen.saturating_sub(KEPT_SECONDS);
        if touched.is_empty() {
            return newest_kept;
        }
        touched.select_nth_unstable(last).1.saturating_add(1).min(newest_kept)
    }
}

#[cfg(test)]
mod tests;
