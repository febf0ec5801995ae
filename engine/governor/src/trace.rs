//! The decision and its trace: each rule looked at, matched or not, and a reason with figures.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};

use crate::{ScopeKind, Usd, Window};

/// Why a rule matched or did not. Kept as figures; the sentence is made when somebody reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Every condition of the rule holds.
    AllConditions,
    /// The rule has no condition.
    Unconditional,
    /// This condition does not hold, such as `models`.
    Outside(&'static str),
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
        /// Which tokens: `input` or `output`.
        what: &'static str,
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
    /// Anything else, in words.
    Other(Arc<str>),
}

/// One rule that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The policy.
    pub policy: Arc<str>,
    /// Its rule; empty where the policy as a whole does not apply.
    pub rule: Arc<str>,
    /// Whether it matched.
    pub matched: bool,
    /// Why.
    pub reason: Reason,
}

/// Each rule looked at, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Trace(pub Vec<Looked>);

/// Something a rule or a budget leaves on a call that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Somebody is told.
    Warned {
        /// The policy or budget.
        by: Arc<str>,
        /// The rule; empty for a budget.
        rule: Arc<str>,
        /// What to tell.
        message: Arc<str>,
    },
    /// Somebody shall look at it.
    Flagged {
        /// The policy.
        by: Arc<str>,
        /// The rule.
        rule: Arc<str>,
        /// Why.
        message: Arc<str>,
    },
    /// An observing rule would have stopped or changed it.
    Observed {
        /// The policy.
        by: Arc<str>,
        /// The rule.
        rule: Arc<str>,
        /// What it would have done, such as `block`.
        action: &'static str,
    },
    /// It goes to another model.
    Downgraded {
        /// The policy or budget.
        by: Arc<str>,
        /// The rule; empty for a budget.
        rule: Arc<str>,
        /// The model it had.
        from: Arc<str>,
        /// The model it has now.
        to: Arc<str>,
    },
    /// Its output cap was lowered.
    Clipped {
        /// The policy or budget.
        by: Arc<str>,
        /// The rule; empty for a budget.
        rule: Arc<str>,
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
    pub fn look(&mut self, policy: &Arc<str>, rule: &Arc<str>, matched: bool, reason: Reason) {
        let (policy, rule) = (Arc::clone(policy), Arc::clone(rule));
        self.trace.0.push(Looked { policy, rule, matched, reason });
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
            Self::Outside(what) => write!(f, "outside the rule's {what}"),
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
                let beside = if *over { "over" } else { "within" };
                write!(f, "up to {tokens} {what} tokens {beside} {limit}")
            }
            Self::Tokens { what, tokens: None, limit, .. } => {
                write!(f, "{what} tokens without a cap, over {limit}")
            }
            Self::NoLimit => f.write_str("the rule names no limit, so it cannot fire"),
            Self::Disabled => f.write_str("switched off"),
            Self::AfterFinal => f.write_str("an earlier rule was final"),
            Self::Other(text) => f.write_str(text),
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

// === impl Looked ===

/// `["policy","rule",true,"reason"]`: a record has many of these.
impl Serialize for Looked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(4)?;
        tuple.serialize_element(&self.policy)?;
        tuple.serialize_element(&self.rule)?;
        tuple.serialize_element(&self.matched)?;
        tuple.serialize_element(&format_args!("{}", self.reason))?;
        tuple.end()
    }
}
