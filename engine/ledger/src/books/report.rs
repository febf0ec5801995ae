//! What the books say, for those who only look.

use jiff::Timestamp;
use reins_governor::{Budgets, Reading, Scope, Standing, Window};

use super::Books;
use super::hold::standing;

impl Books {
    /// What `scope` spends over `window`; `None` where that is not in memory.
    #[must_use]
    pub fn reading(&self, scope: &Scope, window: Window, now: Timestamp) -> Option<Reading> {
        let counter = self.accounts.get(scope)?.counter(window)?;
        Some(counter.tally(self.seen.max(now.as_second())).reading())
    }

    /// How the budget at `index` stands for `scope`; `None` where that is not in memory.
    #[must_use]
    pub fn standing(
        &self,
        budgets: &Budgets,
        index: usize,
        scope: &Scope,
        now: Timestamp,
    ) -> Option<Standing> {
        let budget = budgets.get(index)?;
        let counter = self.accounts.get(scope)?.counter(budget.window)?;
        Some(standing(index, budget, scope, counter, self.seen.max(now.as_second())))
    }

    /// How many counters are in memory.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.accounts.values().map(|account| account.counters.len()).sum()
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.rows.len()
    }
}
