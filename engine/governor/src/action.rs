//! The action: what was done to a call, in one word.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was done to a call, or would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing: it went on as it was.
    Pass,
    /// Nothing, and a rule says so by name.
    Allow,
    /// It went on with a warning.
    Warn,
    /// It went on, marked for a later look.
    Flag,
    /// It went on with a cheaper model.
    Downgrade,
    /// It went on with a lower output cap.
    Clip,
    /// It was refused.
    Block,
}

// === impl Action ===

impl Action {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Pass, Self::Allow, Self::Warn, Self::Flag, Self::Downgrade, Self::Clip, Self::Block];

    /// The word used in configuration, records and headers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Flag => "flag",
            Self::Downgrade => "downgrade",
            Self::Clip => "clip",
            Self::Block => "block",
        }
    }

    /// The action that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
