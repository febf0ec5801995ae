//! The roll: per agent, its calls as it was told of them.

use reins_governor::Usd;

use crate::demo::cast::{CAST, RACER};
use crate::demo::told::{Action, Told};

/// Every agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roll(pub(crate) Vec<Entry>);

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) agent: &'static str,
    /// Its calls.
    pub(crate) calls: u64,
    /// Those of them that were blocked.
    pub(crate) blocked: u64,
    /// What it was told that they cost.
    pub(crate) told: Usd,
}

// === impl Roll ===

impl Roll {
    /// The whole cast, before its first call.
    pub(crate) fn of_all() -> Self {
        let names = CAST.iter().chain([&RACER]).map(|agent| agent.name);
        Self(names.map(|agent| Entry { agent, ..Entry::default() }).collect())
    }

    /// Counts what an agent was told.
    pub(crate) fn note(&mut self, told: &Told) {
        for entry in self.0.iter_mut().filter(|entry| entry.agent == told.agent) {
            entry.calls += u64::from(told.action != Action::Charged);
            entry.blocked += u64::from(told.action == Action::Block);
            entry.told = entry.told.saturating_add(told.cost.unwrap_or_default());
        }
    }
}
