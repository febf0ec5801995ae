//! Scopes: whose spend is counted.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::Name;
use crate::words::words;

/// The kinds of scope, from the narrowest to the widest, which is also the order of `ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// One Reins key.
    Key,
    /// One session of an agent.
    Session,
    /// One end user.
    User,
    /// One agent.
    Agent,
    /// One team.
    Team,
    /// The whole organization.
    Organization,
}

/// One spender: a kind and a name, such as agent `support-bot`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// What kind of spender.
    pub kind: ScopeKind,
    /// Which one, in an organization.
    pub name: Name,
}

/// Every scope one call touches; a call without a team, user or session has fewer.
pub type Scopes = SmallVec<[Scope; 6]>;

// === impl ScopeKind ===

words!(ScopeKind {
    Key = 0 "key",
    Session = 1 "session",
    User = 2 "user",
    Agent = 3 "agent",
    Team = 4 "team",
    Organization = 5 "organization",
});

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

// === impl Scope ===

impl Scope {
    /// The scope of `kind` named `name`.
    #[must_use]
    pub const fn new(kind: ScopeKind, name: Name) -> Self {
        Self { kind, name }
    }
}

/// `agent=support-bot`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind, self.name)
    }
}
