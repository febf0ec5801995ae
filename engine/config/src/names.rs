//! Names that are used once: two tables of one kind cannot share one.

use std::collections::BTreeMap;

use reins_governor::Name;

use crate::value::Value;

/// The names that one kind of table took so far, each with the line it stands on.
pub(crate) struct Names {
    kind: &'static str,
    taken: BTreeMap<Name, usize>,
}

// === impl Names ===

impl Names {
    /// None yet; `kind` is what the tables are, such as `budgets`.
    pub(crate) const fn of(kind: &'static str) -> Self {
        Self { kind, taken: BTreeMap::new() }
    }

    /// Reads a name and takes it. One that is taken already is a problem.
    pub(crate) fn take(&mut self, value: &Value<'_>) -> Option<Name> {
        let name = value.name()?;
        if let Some(line) = self.taken.get(&name) {
            let what = format!("two {} are called `{name}`", self.kind);
            value
                .place
                .at_odds(what, format!("the first is on line {line}: give each its own name"));
        } else {
            self.taken.insert(name.clone(), value.place.line());
        }
        Some(name)
    }

    /// Whether some table has this name, even one that has problems of its own.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.taken.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// All of them, in alphabetical order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.taken.keys().map(Name::as_str)
    }
}
