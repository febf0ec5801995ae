//! Spend conditions: somebody's spend over a window, this call included, beside a limit.
//!
//! A reading counts this call's own hold. The condition holds where the sum is *over* the limit:
//! with a limit of $20 and 100 %, the call that reaches $20 exactly goes through, and the one
//! that would pass it does not.

use reins_governor::{ConditionKind, Facts, Pattern, ReadKey, Reading, Readings, Reason, Usd};

use crate::condition::Finding;

/// A spend condition, ready to ask.
#[derive(Clone, Debug)]
pub(crate) struct Spend {
    /// What it reads.
    pub(crate) key: ReadKey,
    /// Which reading that is, by its index in what the judge declares.
    pub(crate) read: usize,
    /// What spend is compared with.
    pub(crate) limit: Limit,
    /// What the number of calls is compared with.
    pub(crate) calls: Option<u64>,
    /// Whether the rule allows calls.
    pub(crate) allows: bool,
}

/// Where a limit comes from, with the threshold applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The rule names it.
    Named(Usd),
    /// The one budget that counts the caller; two or none are no limit.
    Budgets(Vec<(Pattern, Usd)>),
    /// The rule counts calls only.
    CallsOnly,
}

// === impl Spend ===

impl Spend {
    pub(crate) fn ask(&self, facts: &Facts<'_>, readings: Option<&Readings>) -> Finding {
        let identity = facts.identity;
        let Some(name) = identity.name(self.key.kind) else {
            let condition = ConditionKind::Scope(self.key.kind);
            return Finding::Misses(Reason::Outside { condition });
        };
        let limit = self.limit.of(name);
        if limit.is_none() && self.calls.is_none() {
            return Finding::Misses(Reason::NoLimit);
        }
        if let (None, Some(limit), false) = (facts.bound, limit, self.allows) {
            return Finding::Holds(Some(Reason::Amount { bound: None, limit, reached: true }));
        }
        let Some(readings) = readings else { return Finding::NeedsSpend };
        match readings.get(self.read) {
            Some(reading) => self.compare(reading, limit),
            None => Finding::Errs("the ledger did not say what was spent".into()),
        }
    }

    /// Money is told before calls, and what is over before what is not.
    fn compare(&self, reading: &Reading, limit: Option<Usd>) -> Finding {
        let money = limit.map(|limit| self.money(reading, limit));
        let calls = self.calls.map(|limit| self.calls(reading, limit));
        match (money, calls) {
            (Some((true, reason)), _) | (_, Some((true, reason))) => Finding::Holds(Some(reason)),
            (Some((false, reason)), _) | (None, Some((false, reason))) => Finding::Misses(reason),
            (None, None) => Finding::Misses(Reason::NoLimit),
        }
    }

    fn money(&self, reading: &Reading, limit: Usd) -> (bool, Reason) {
        let (ReadKey { kind, window }, used) = (self.key, reading.used());
        let over = used > limit;
        (over, Reason::Spend { kind, window, used, limit, over })
    }

    const fn calls(&self, reading: &Reading, limit: u64) -> (bool, Reason) {
        let (ReadKey { kind, window }, calls) = (self.key, reading.calls);
        let over = calls > limit;
        (over, Reason::Calls { kind, window, calls, limit, over })
    }
}

// === impl Limit ===

impl Limit {
    /// The limit for the spender of this name.
    fn of(&self, name: &str) -> Option<Usd> {
        match self {
            Self::Named(limit) => Some(*limit),
            Self::CallsOnly => None,
            Self::Budgets(budgets) => {
                let mut counting = budgets.iter().filter(|(pattern, _)| pattern.matches(name));
                let only = counting.next()?;
                counting.next().is_none().then_some(only.1)
            }
        }
    }
}

#[cfg(test)]
mod tests;
