//! Scopes: whose spend is counted.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::Name;

/// The kinds of scope, from the narrowest to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl ScopeKind {
    /// All kinds, narrowest first.
    pub const ALL: [Self; 6] =
        [Self::Key, Self::Session, Self::User, Self::Agent, Self::Team, Self::Organization];

    /// The word used in configuration, records and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Session => "session",
            Self::User => "user",
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Organization => "organization",
        }
    }

    /// The kind that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

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
