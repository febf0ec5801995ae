//! The decision and its trace: each rule looked at, matched or not, and a reason with figures.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Action, DecidedBy, Name, ScopeKind, Usd, Window};

/// A condition of a rule, or a list of a policy's scope, that a call can be outside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// Which agents.
    Agents,
    /// Which teams.
    Teams,
    /// Which vendors.
    Vendors,
    /// Which models.
    Models,
    /// Which models not.
    NotModels,
    /// Which kinds of request.
    Endpoints,
    /// Which roles of the user.
    Roles,
    /// Streams only, or whole answers only.
    Stream,
    /// How many tokens.
    Tokens,
    /// Which minutes.
    Hours,
    /// Spend of a scope of this kind, which the call has not.
    Scope(ScopeKind),
}

/// Tokens of a call, by where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// What is put in.
    Input,
    /// What the answer may have.
    Output,
}

/// Why a rule matched or did not. Kept as figures; `Display` makes the sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// Every condition of the rule holds.
    AllConditions,
    /// The rule has no condition.
    Unconditional,
    /// A condition does not hold.
    Outside {
        /// Which.
        condition: ConditionKind,
    },
    /// The call's bound, beside the amount the rule names.
    Amount {
        /// The most the call can cost; `None` where that is unknown.
        bound: Option<Usd>,
        /// What it is compared with.
        limit: Usd,
        /// Whether the bound is at least that.
        reached: bool,
    },
    /// Spend and holds of a scope, beside the limit the rule names.
    Spend {
        /// Whose.
        #[serde(rename = "scope")]
        kind: ScopeKind,
        /// Over which time.
        window: Window,
        /// Spent and held, this call included.
        used: Usd,
        /// What it is compared with.
        limit: Usd,
        /// Whether it is over.
        over: bool,
    },
    /// Calls of a scope, beside the count the rule names.
    Calls {
        /// Whose.
        #[serde(rename = "scope")]
        kind: ScopeKind,
        /// Over which time.
        window: Window,
        /// Calls, this one included.
        calls: u64,
        /// What they are compared with.
        limit: u64,
        /// Whether they are over.
        over: bool,
    },
    /// Tokens of this call, beside the number the rule names.
    Tokens {
        /// Which tokens.
        what: TokenKind,
        /// The most there can be; `None` where that is unknown.
        tokens: Option<u64>,
        /// What they are compared with.
        limit: u64,
        /// Whether they are over.
        over: bool,
    },
    /// The rule cannot fire: it names a window, and nothing to compare spend with.
    NoLimit,
    /// The rule is switched off, or its policy is paused.
    Disabled,
    /// An earlier rule was final.
    AfterFinal,
    /// The rule could not say whether it matches: its policy's `on_error` decides.
    Erred {
        /// Why, in its own words.
        why: Arc<str>,
    },
}

/// One rule that was looked at, as an object: what more is to be said of one is a member that may
/// be absent, so that older records can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The policy.
    pub policy: Name,
    /// Its rule; `None` where the policy as a whole does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Name>,
    /// Whether it matched.
    pub matched: bool,
    /// Why.
    pub reason: Reason,
}

/// Each rule looked at, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(pub Vec<Looked>);

/// Something a rule or a budget leaves on a call that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Somebody is told.
    Warned {
        /// Whose warning it is.
        by: DecidedBy,
        /// What to tell.
        message: Arc<str>,
    },
    /// Somebody shall look at it.
    Flagged {
        /// Whose flag it is.
        by: DecidedBy,
        /// Why.
        message: Arc<str>,
    },
    /// An observing rule would have stopped or changed it.
    Observed {
        /// Who would have.
        by: DecidedBy,
        /// What it would have done, such as `block`.
        action: Action,
    },
    /// It goes to another model.
    Downgraded {
        /// Whose change it is.
        by: DecidedBy,
        /// The model it had.
        from: Arc<str>,
        /// The model it has now.
        to: Arc<str>,
    },
    /// Its output cap was lowered.
    Clipped {
        /// Whose change it is.
        by: DecidedBy,
        /// The cap it has now, in tokens.
        to: u64,
    },
}

/// What the policies said of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Each rule looked at.
    pub trace: Trace,
    /// What goes on record.
    pub marks: Vec<Mark>,
    /// Whether at least one policy applied by its scope.
    pub evaluated: bool,
    /// Whether a rule said `allow` in so many words.
    pub allowed: bool,
}

// === impl Decision ===

impl Decision {
    /// Writes down that a rule was looked at.
    pub fn look(&mut self, policy: &Name, rule: &Name, matched: bool, reason: Reason) {
        let (policy, rule) = (policy.clone(), Some(rule.clone()));
        self.trace.0.push(Looked { policy, rule, matched, reason });
    }

    /// Writes down that a policy as a whole does not apply.
    pub fn skip(&mut self, policy: &Name, reason: Reason) {
        let policy = policy.clone();
        self.trace.0.push(Looked { policy, rule: None, matched: false, reason });
    }

    /// Writes down a mark, once.
    pub fn mark(&mut self, mark: Mark) {
        if !self.marks.contains(&mark) {
            self.marks.push(mark);
        }
    }

    /// Begins again after an amendment: what was said of the earlier call is gone, what was done
    /// to it stays.
    pub(crate) fn restart(&mut self) {
        self.trace.0.clear();
        self.marks.retain(|mark| matches!(mark, Mark::Downgraded { .. } | Mark::Clipped { .. }));
        self.allowed = false;
    }
}

// === impl Reason ===

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllConditions => f.write_str("every condition holds"),
            Self::Unconditional => f.write_str("the rule has no condition"),
            Self::Outside { condition } => write!(f, "outside the rule's {}", condition.word()),
            Self::Amount { bound, limit, reached } => amount(f, *bound, *limit, *reached),
            Self::Spend { kind, window, used, limit, over } => {
                let beside = if *over { "over" } else { "within" };
                write!(f, "{window} spend of the {kind} ${used} {beside} ${limit}")
            }
            Self::Calls { kind, window, calls, limit, over } => {
                let beside = if *over { "over" } else { "within" };
                write!(f, "{window} calls of the {kind} {calls} {beside} {limit}")
            }
            Self::Tokens { what, tokens: Some(tokens), limit, over } => {
                let (what, beside) = (what.word(), if *over { "over" } else { "within" });
                write!(f, "up to {tokens} {what} tokens {beside} {limit}")
            }
            Self::Tokens { what, tokens: None, limit, .. } => {
                write!(f, "{} tokens without a cap, over {limit}", what.word())
            }
            Self::NoLimit => f.write_str("the rule names no limit, so it cannot fire"),
            Self::Disabled => f.write_str("switched off"),
            Self::AfterFinal => f.write_str("an earlier rule was final"),
            Self::Erred { why } => f.write_str(why),
        }
    }
}

fn amount(
    f: &mut fmt::Formatter<'_>,
    bound: Option<Usd>,
    limit: Usd,
    reached: bool,
) -> fmt::Result {
    let beside = if reached { "at least" } else { "below" };
    match bound {
        Some(bound) => write!(f, "the call costs up to ${bound}, {beside} ${limit}"),
        None => write!(f, "nobody knows what the call may cost"),
    }
}

// === impl Trace ===

impl Trace {
    /// The rules that could not say whether they match.
    pub fn erred(&self) -> impl Iterator<Item = &Looked> {
        self.0.iter().filter(|looked| matches!(looked.reason, Reason::Erred { .. }))
    }
}

// === impl Looked ===

impl Looked {
    /// The rule, or the policy as a whole.
    #[must_use]
    pub fn by(&self) -> DecidedBy {
        let policy = self.policy.clone();
        match &self.rule {
            Some(rule) => DecidedBy::Rule { policy, rule: rule.clone() },
            None => DecidedBy::Policy { policy },
        }
    }
}

// === impl ConditionKind ===

impl ConditionKind {
    /// All that have a word of their own.
    pub const NAMED: [Self; 10] = [
        Self::Agents,
        Self::Teams,
        Self::Vendors,
        Self::Models,
        Self::NotModels,
        Self::Endpoints,
        Self::Roles,
        Self::Stream,
        Self::Tokens,
        Self::Hours,
    ];

    /// The word used in configuration and records; for a scope, its own.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Teams => "teams",
            Self::Vendors => "vendors",
            Self::Models => "models",
            Self::NotModels => "not_models",
            Self::Endpoints => "endpoints",
            Self::Roles => "roles",
            Self::Stream => "stream",
            Self::Tokens => "tokens",
            Self::Hours => "hours",
            Self::Scope(kind) => kind.word(),
        }
    }

    /// The condition that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|condition| condition.word() == word);
        named.or_else(|| ScopeKind::from_word(word).map(Self::Scope))
    }
}

impl Serialize for ConditionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for ConditionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("`{word}` is not a condition"));
        Self::from_word(&word).ok_or_else(unknown)
    }
}

// === impl TokenKind ===

impl TokenKind {
    /// The word used in configuration and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}
