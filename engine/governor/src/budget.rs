//! Budgets: a limit on the spend of a scope over a window.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Identity, Name, Pattern, Scope, ScopeKind, Tokens, Usd, Window};

/// Whose spend a budget limits. Each name that the pattern matches has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetScope {
    /// What kind of spender.
    pub kind: ScopeKind,
    /// Which ones.
    pub pattern: Pattern,
}

/// What happens to a call that a budget cannot afford.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExceed {
    /// It is refused.
    Block,
    /// Its output cap is lowered to what is left, but not below `floor` tokens.
    Clip {
        /// The least useful cap, in tokens.
        floor: Tokens,
    },
    /// It goes to a cheaper model.
    Downgrade {
        /// That model.
        model: Arc<str>,
    },
    /// It goes on, with a warning.
    Warn,
}

/// How much a budget holds for a call in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldMode {
    /// The most the call can cost: the budget cannot be overspent.
    #[default]
    Bound,
    /// The 99th percentile of what such calls cost lately: less is held, and some overshoot is
    /// possible.
    Typical,
}

/// A limit on spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name, unique in an organization.
    pub name: Name,
    /// Whose spend.
    pub scope: BudgetScope,
    /// How much.
    pub limit: Usd,
    /// Over which time.
    pub window: Window,
    /// What happens when it does not suffice.
    pub on_exceed: OnExceed,
    /// How much is held for a call in flight.
    pub hold: HoldMode,
    /// Percentages of the limit at which callers and operators are warned, ascending.
    pub warn_at: Vec<u32>,
}

/// The budgets of one snapshot.
#[derive(Clone, Debug, Default)]
pub struct Budgets(Arc<[Budget]>);

// === impl Budget ===

impl Budget {
    /// Whether it refuses or changes calls, rather than only warning.
    #[must_use]
    pub const fn enforces(&self) -> bool {
        !matches!(self.on_exceed, OnExceed::Warn)
    }

    /// The scope this budget counts `identity` in, where it counts it at all.
    #[must_use]
    pub fn scope_of(&self, identity: &Identity) -> Option<Scope> {
        let name = identity.name(self.scope.kind)?;
        let counted = self.scope.pattern.matches(name);
        counted.then(|| Scope::new(self.scope.kind, name.clone()))
    }

    /// The highest warning percentage that `spent` has reached.
    #[must_use]
    pub fn warning_reached(&self, spent: Usd) -> Option<u32> {
        let reached = |pct: &&u32| spent >= self.limit.percent(**pct);
        self.warn_at.iter().rev().find(reached).copied()
    }
}

// === impl Budgets ===

impl Budgets {
    /// These budgets, in this order.
    #[must_use]
    pub fn new(budgets: Vec<Budget>) -> Self {
        Self(budgets.into())
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Budget> {
        self.0.iter()
    }

    /// The budget at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Budget> {
        self.0.get(index)
    }

    /// The budgets that count `identity`, each with its index and scope.
    pub fn counting<'a>(
        &'a self,
        identity: &'a Identity,
    ) -> impl Iterator<Item = (usize, &'a Budget, Scope)> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(index, budget)| Some((index, budget, budget.scope_of(identity)?)))
    }
}

impl<'a> IntoIterator for &'a Budgets {
    type Item = &'a Budget;
    type IntoIter = std::slice::Iter<'a, Budget>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
