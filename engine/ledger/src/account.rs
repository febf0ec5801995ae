//! An account: every counter of one scope.

use reins_governor::Window;
use smallvec::SmallVec;

use crate::counter::Counter;
use crate::row::Row;
use crate::windows::Calendar;

/// What the ledger knows of one scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// One per window that some budget or policy asked for.
    pub(crate) counters: SmallVec<[Counter; 2]>,
    /// Calls in flight that have this scope.
    pub(crate) open: u64,
    /// When it was last used.
    pub(crate) touched: i64,
}

// === impl Account ===

impl Account {
    pub(crate) fn counter(&self, window: Window) -> Option<&Counter> {
        self.counters.iter().find(|counter| counter.window() == window)
    }

    pub(crate) fn counter_mut(&mut self, window: Window) -> Option<&mut Counter> {
        self.counters.iter_mut().find(|counter| counter.window() == window)
    }

    /// Takes in `counter`, in place of an older one of its window.
    pub(crate) fn put(&mut self, counter: Counter) {
        match self.counter_mut(counter.window()) {
            Some(old) => *old = counter,
            None => self.counters.push(counter),
        }
    }

    pub(crate) fn advance(&mut self, now: i64, calendar: &mut Calendar) {
        self.touched = now;
        self.counters.iter_mut().for_each(|counter| counter.advance(now, calendar));
    }

    /// The clock jumped: what its counters count has to be read anew.
    pub(crate) fn jump(&mut self, seconds: i64) {
        self.touched = self.touched.saturating_add(seconds);
        self.counters.clear();
    }

    /// Whether there is nothing to remember of it.
    pub(crate) fn is_bare(&self) -> bool {
        self.open == 0 && self.counters.is_empty()
    }

    pub(crate) fn enter(&mut self, row: &Row) {
        self.open += 1;
        self.counters.iter_mut().for_each(|counter| counter.hold(row.slot, row.amounts));
    }

    pub(crate) fn leave(&mut self, row: &Row) {
        self.open = self.open.saturating_sub(1);
        self.counters.iter_mut().for_each(|counter| counter.release(row.slot, row.amounts));
    }

    pub(crate) fn post(&mut self, slot: i64, nanos: i64, calls: u64) {
        self.counters.iter_mut().for_each(|counter| counter.post(slot, nanos, calls));
    }
}
