//! Who decided: the rule, policy or budget behind a mark, a change or a refusal.

use crate::Name;

/// Who decided something about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// A rule.
    Rule {
        /// Its policy.
        policy: Name,
        /// Its own name.
        rule: Name,
    },
    /// A budget.
    Budget {
        /// Its name.
        budget: Name,
    },
    /// The organization, which refuses what no rule allows.
    DefaultDeny,
    /// A judge that wrote no rule into its trace.
    Judge,
    /// Reins itself: the code of its refusal stands for it.
    Refusal {
        /// That code, from [`Refusal::code`](crate::Refusal::code).
        code: &'static str,
    },
}

// === impl DecidedBy ===

impl DecidedBy {
    /// What records, headers and answers name as the policy.
    #[must_use]
    pub fn policy(&self) -> &str {
        match self {
            Self::Rule { policy, .. } => policy,
            Self::Budget { budget } => budget,
            Self::DefaultDeny => "default",
            Self::Judge => "judge",
            Self::Refusal { code } => code,
        }
    }

    /// What records and answers name as the rule, where there is one.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Rule { rule, .. } => Some(rule),
            Self::DefaultDeny => Some("deny"),
            Self::Judge => Some("unnamed"),
            Self::Budget { .. } | Self::Refusal { .. } => None,
        }
    }
}
