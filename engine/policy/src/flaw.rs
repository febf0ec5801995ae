//! What is wrong with policies, and where.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use reins_governor::{Name, ScopeKind, Tokens, Usd, Window};

/// A field of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The policy's name.
    pub policy: Name,
    /// The rule's name; `None` for a field of the policy itself.
    pub rule: Option<Name>,
    /// The field, such as `when.hours` or `overrides[0].limit`.
    pub field: String,
}

/// Why policies cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The cron pattern cannot be read, or never holds.
    #[error(
        "{at}: `{cron}` is not a cron pattern: {why}; write five fields (minute, hour, day, month, \
         weekday) with ranges that go up, such as `* 22-23,0-5 * * MON-FRI`"
    )]
    Cron {
        /// Where.
        at: Place,
        /// As it was written.
        cron: Arc<str>,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody knows the time zone.
    #[error("{at}: `{zone}` is not a time zone: use an IANA name such as `Europe/Berlin`")]
    Zone {
        /// Where.
        at: Place,
        /// As it was written.
        zone: Arc<str>,
    },
    /// There is no such endpoint.
    #[error("{at}: `{endpoint}` is not an endpoint: use one of {}", crate::flaw::endpoints())]
    Endpoint {
        /// Where.
        at: Place,
        /// As it was written.
        endpoint: Arc<str>,
    },
    /// No amount is in the range.
    #[error("{at}: no amount is at least ${min} and at most ${max}: swap the two")]
    Range {
        /// Where.
        at: Place,
        /// At least this.
        min: Usd,
        /// At most this.
        max: Usd,
    },
    /// A table that names nothing.
    #[error("{at} names nothing: add {missing}, or leave it out")]
    Nothing {
        /// Where.
        at: Place,
        /// What it could name.
        missing: &'static str,
    },
    /// A clip below its own floor.
    #[error("{at}: the cap `{to}` is below the floor `{floor}`: raise the one or lower the other")]
    Floor {
        /// Where.
        at: Place,
        /// The cap, in tokens.
        to: Tokens,
        /// The floor, in tokens.
        floor: Tokens,
    },
    /// An override of something that the rule does not have.
    #[error("{at}: the rule compares no spend with a limit: add a spend condition to the rule")]
    NoSpend {
        /// Where.
        at: Place,
    },
    /// An expression that cannot be used.
    #[error("{at}: {what}; {help}")]
    Cel {
        /// Where.
        at: Place,
        /// What is wrong with it.
        what: String,
        /// How to mend it.
        help: String,
        /// Where in the expression, in bytes.
        span: Range<usize>,
    },
    /// Two policies, or two rules of one policy, have this name.
    #[error("{at}: the name is used twice: give each its own")]
    Twice {
        /// Where the second one is.
        at: Place,
    },
}

/// What is allowed in policies, and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A spend condition has nothing to compare spend with.
    #[error(
        "{at} cannot hold: it names no limit, and there is no {window} budget per {kind} to take \
         it from; add a limit here or such a budget"
    )]
    NoLimit {
        /// Where.
        at: Place,
        /// Whose spend.
        kind: ScopeKind,
        /// Over which time.
        window: Window,
    },
    /// A spend condition takes its limit from a budget, and two count the same spender.
    #[error(
        "{at} cannot hold for whom both `{one}` and `{other}` count: it names no limit, and takes \
         it from a budget only where there is just one; add a limit here"
    )]
    TwoBudgets {
        /// Where.
        at: Place,
        /// A budget.
        one: Name,
        /// Another of the same kind and window.
        other: Name,
    },
    /// A schedule that holds for one minute of an hour.
    #[error(
        "{at}: `{cron}` holds for one minute of an hour only: for the whole hour write `*` as the \
         first field"
    )]
    OneMinute {
        /// Where.
        at: Place,
        /// As it was written.
        cron: Arc<str>,
    },
    /// A rule that errs lets calls through.
    #[error(
        "{at}: a rule that errs lets the call through: leave `on_error` out for it to be refused"
    )]
    FailsOpen {
        /// Where.
        at: Place,
    },
}

fn endpoints() -> String {
    let words: Vec<_> =
        reins_governor::Endpoint::ALL.iter().map(|e| format!("`{}`", e.word())).collect();
    words.join(", ")
}

// === impl Place ===

/// `policy "models", rule "no big ones", when.hours`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy `{}`", self.policy)?;
        if let Some(rule) = &self.rule {
            write!(f, ", rule `{rule}`")?;
        }
        write!(f, ", {}", self.field)
    }
}

// === impl Flaw ===

impl Flaw {
    /// Where it is.
    #[must_use]
    pub const fn at(&self) -> &Place {
        match self {
            Self::Cron { at, .. }
            | Self::Zone { at, .. }
            | Self::Endpoint { at, .. }
            | Self::Range { at, .. }
            | Self::Nothing { at, .. }
            | Self::Floor { at, .. }
            | Self::NoSpend { at }
            | Self::Cel { at, .. }
            | Self::Twice { at } => at,
        }
    }
}

// === impl Warning ===

impl Warning {
    /// Where it is.
    #[must_use]
    pub const fn at(&self) -> &Place {
        match self {
            Self::NoLimit { at, .. }
            | Self::TwoBudgets { at, .. }
            | Self::OneMinute { at, .. }
            | Self::FailsOpen { at } => at,
        }
    }
}
