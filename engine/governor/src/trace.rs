//! The decision and its trace: each rule looked at, matched or not, and a reason with figures.

use std::fmt;
use std::sync::Arc;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::words::words;
use crate::{Action, ConditionKind, DecidedBy, Name, ScopeKind, Tokens, Usd, Window, form};

/// Tokens of a call, by where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// What is put in.
    Input,
    /// What the answer may have.
    Output,
}

/// Why a rule matched or did not. Kept as figures; `Display` makes the sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cbor(flat)]
pub enum Reason {
    /// Every condition of the rule holds.
    #[n(0)]
    AllConditions,
    /// The rule has no condition.
    #[n(1)]
    Unconditional,
    /// A condition does not hold.
    #[n(2)]
    Outside {
        /// Which.
        #[n(0)]
        condition: ConditionKind,
    },
    /// The call's bound, beside the amount the rule names.
    #[n(3)]
    Amount {
        /// The most the call can cost; `None` where that is unknown.
        #[n(0)]
        bound: Option<Usd>,
        /// What it is compared with.
        #[n(1)]
        limit: Usd,
        /// Whether the bound is at least that.
        #[n(2)]
        reached: bool,
    },
    /// Spend and holds of a scope, beside the limit the rule names.
    #[n(4)]
    Spend {
        /// Whose.
        #[serde(rename = "scope")]
        #[n(0)]
        kind: ScopeKind,
        /// Over which time.
        #[n(1)]
        window: Window,
        /// Spent and held, this call included.
        #[n(2)]
        used: Usd,
        /// What it is compared with.
        #[n(3)]
        limit: Usd,
        /// Whether it is over.
        #[n(4)]
        over: bool,
    },
    /// Calls of a scope, beside the count the rule names.
    #[n(5)]
    Calls {
        /// Whose.
        #[serde(rename = "scope")]
        #[n(0)]
        kind: ScopeKind,
        /// Over which time.
        #[n(1)]
        window: Window,
        /// Calls, this one included.
        #[n(2)]
        calls: u64,
        /// What they are compared with.
        #[n(3)]
        limit: u64,
        /// Whether they are over.
        #[n(4)]
        over: bool,
    },
    /// Tokens of this call, beside the number the rule names.
    #[n(6)]
    Tokens {
        /// Which tokens.
        #[n(0)]
        what: TokenKind,
        /// The most there can be; `None` where that is unknown.
        #[n(1)]
        tokens: Option<Tokens>,
        /// What they are compared with.
        #[n(2)]
        limit: Tokens,
        /// Whether they are over.
        #[n(3)]
        over: bool,
    },
    /// The rule cannot fire: it names a window, and nothing to compare spend with.
    #[n(7)]
    NoLimit,
    /// The rule is switched off, or its policy is paused.
    #[n(8)]
    Disabled,
    /// The rule could not say whether it matches: its policy's `on_error` decides.
    #[n(9)]
    Erred {
        /// Why, in its own words.
        #[cbor(n(0), with = "form::text")]
        why: Arc<str>,
    },
    /// The rule's expression in CEL holds.
    #[n(10)]
    Cel {
        /// What it read of spend, such as `spend.day('agent') is $5.01`; empty where it read none.
        #[cbor(n(0), with = "form::text")]
        figures: Arc<str>,
    },
}

/// One rule that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(map)]
pub struct Looked {
    /// Its policy.
    #[n(0)]
    pub policy: Name,
    /// The rule.
    #[n(1)]
    pub rule: Name,
    /// Whether it matched.
    #[n(2)]
    pub matched: bool,
    /// Why.
    #[n(3)]
    pub reason: Reason,
}

/// Each rule looked at, in order. Only policies whose scope the call is in have rules here, so that
/// a policy for others costs a call no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The rules.
    pub rules: Vec<Looked>,
    /// Policies that were not asked: the call is outside of their scope, they are paused, or an
    /// earlier rule was final.
    pub passed_over: u32,
}

/// What a trace comes to: the first 16 bytes of the SHA-256 of its rules' binary form. Whoever
/// judges the call anew, from its record, sees by this whether each rule said the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceDigest(pub [u8; 16]);

/// A rule that matched, or could not say whether it does, as a record has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct Matched {
    /// Its policy.
    #[n(0)]
    pub policy: Name,
    /// The rule.
    #[n(1)]
    pub rule: Name,
    /// Why.
    #[n(2)]
    pub reason: Reason,
}

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
        to: Tokens,
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
        let (policy, rule) = (policy.clone(), rule.clone());
        self.trace.rules.push(Looked { policy, rule, matched, reason });
    }

    /// Counts policies that are not asked.
    pub const fn pass_over(&mut self, policies: u32) {
        self.trace.passed_over = self.trace.passed_over.saturating_add(policies);
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
        self.trace.rules.clear();
        self.trace.passed_over = 0;
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
            Self::Erred { why } => f.write_str(why),
            Self::Cel { figures } if figures.is_empty() => f.write_str("the rule's cel holds"),
            Self::Cel { figures } => write!(f, "the rule's cel holds: {figures}"),
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
        self.rules.iter().filter(|looked| looked.erred())
    }

    /// The rules that matched, and those that could not say.
    pub(crate) fn matched(&self) -> Vec<Matched> {
        let matched = self.rules.iter().filter(|looked| looked.matched || looked.erred());
        matched.map(Matched::from).collect()
    }

    /// What the trace comes to; `None` where no rule was looked at.
    #[must_use]
    pub fn digest(&self) -> Option<TraceDigest> {
        let form = (!self.rules.is_empty()).then(|| minicbor::to_vec(&self.rules))?;
        let digest: [u8; 32] = Sha256::digest(form.ok()?).into();
        digest.first_chunk().copied().map(TraceDigest)
    }
}

// === impl TraceDigest ===

/// Hexadecimal.
impl fmt::Display for TraceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for TraceDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<C> Encode<C> for TraceDigest {
    fn encode<W: Write>(
        &self,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        to.bytes(&self.0).map(drop)
    }
}

impl<'b, C> Decode<'b, C> for TraceDigest {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let (at, bytes) = (from.position(), from.bytes()?);
        let wrong = |_| decode::Error::message("a digest of a trace has 16 bytes").at(at);
        bytes.try_into().map(Self).map_err(wrong)
    }
}

// === impl Looked ===

impl Looked {
    /// The rule.
    #[must_use]
    pub fn by(&self) -> DecidedBy {
        DecidedBy::Rule { policy: self.policy.clone(), rule: self.rule.clone() }
    }

    const fn erred(&self) -> bool {
        matches!(self.reason, Reason::Erred { .. })
    }
}

// === impl Matched ===

impl From<&Looked> for Matched {
    fn from(looked: &Looked) -> Self {
        let Looked { policy, rule, reason, .. } = looked;
        Self { policy: policy.clone(), rule: rule.clone(), reason: reason.clone() }
    }
}

// === impl TokenKind ===

words!(TokenKind { Input = 0 "input", Output = 1 "output" });
