//! The directory: which agents are known, and whose team they are on.

use std::collections::HashMap;

use reins_config::Organization;
use reins_governor::{Name, Pattern, ScopeKind};

/// Agents that the organization knows: declared ones, pinned ones, and those that a budget or a
/// limit counts by name.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    declared: HashMap<Name, Option<Name>>,
    counted: Vec<Pattern>,
}

// === impl Directory ===

impl Directory {
    /// The agents that a file knows.
    pub fn new(organization: &Organization) -> Self {
        let declared = organization.agents.iter().map(|a| (a.name.clone(), a.team.clone()));
        let budgets = organization.budgets.iter().map(|b| (b.scope.kind, &b.scope.pattern));
        let limits = organization.limits.iter().map(|l| (l.kind, &l.pattern));
        // WHY: `*` counts whoever comes; it does not make them known.
        let counted = budgets
            .chain(limits)
            .filter(|(kind, pattern)| *kind == ScopeKind::Agent && pattern.text() != "*")
            .map(|(_, pattern)| pattern.clone())
            .collect();
        Self { declared: declared.collect(), counted }
    }

    /// Whether an agent of this name is known.
    pub fn knows(&self, agent: &str) -> bool {
        self.declared.contains_key(agent) || self.counted.iter().any(|p| p.matches(agent))
    }

    /// The team an agent is declared to be on.
    pub fn team_of(&self, agent: &str) -> Option<Name> {
        self.declared.get(agent).cloned().flatten()
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize, const M: usize>(
        counted: [&str; N],
        declared: [(&str, Option<&str>); M],
    ) -> Self {
        Self {
            declared: declared.map(|(name, team)| (Name::kept(name), team.map(Name::kept))).into(),
            counted: counted.map(|pattern| pattern.parse().expect(pattern)).into(),
        }
    }
}
