//! Policies as somebody wrote them: what is asked of a call, and what shall happen to it.

use std::sync::Arc;

use reins_governor::{Name, Pattern, ScopeKind, Tokens, Usd, Window};

/// A named, ordered list of rules for some of an organization's calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name, unique in an organization.
    pub name: Name,
    /// What it is for, for people.
    pub description: Option<Arc<str>>,
    /// Lower numbers are asked first; of equals, the one that was defined first.
    pub priority: i64,
    /// Whether it is in force.
    pub status: Status,
    /// Whether it acts, or only says what it would do.
    pub mode: Mode,
    /// Which calls it is for.
    pub scope: PolicyScope,
    /// Asked from top to bottom.
    pub rules: Vec<Rule>,
    /// What a rule that errs does.
    pub on_error: OnError,
}

/// Whether a policy is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It is asked.
    #[default]
    Active,
    /// It is not asked yet, and leaves no trace.
    Draft,
    /// It is not asked now; the trace says so.
    Paused,
}

/// Whether a policy acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Its actions are carried out.
    #[default]
    Enforce,
    /// Its actions go on record and end nothing.
    Observe,
}

/// What a rule that errs does to the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It stops it.
    #[default]
    Block,
    /// It lets it go on.
    Allow,
}

/// Which calls a policy is for: every list that is not empty must have a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyScope {
    /// The agent is one of these.
    pub agents: Vec<Pattern>,
    /// The team is one of these; a call without a team is none of them.
    pub teams: Vec<Pattern>,
    /// The vendor is one of these.
    pub vendors: Vec<Pattern>,
    /// The model is one of these.
    pub models: Vec<Pattern>,
}

/// Conditions, and what happens to a call for which all of them hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, unique in its policy.
    pub name: Name,
    /// Whether it is asked.
    pub enabled: bool,
    /// What must hold.
    pub when: Conditions,
    /// What happens then.
    pub action: Action,
    /// Whether no later rule or policy is asked once it matched. Never ends budgets, limits, keys.
    pub is_final: bool,
    /// What is different for some agents: the first that matches counts.
    pub overrides: Vec<Override>,
}

/// What must hold for a rule to match: all of it. What is empty or `None` holds for every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The vendor is one of these.
    pub vendors: Vec<Pattern>,
    /// The model is one of these: with `block`, a list of models that are denied.
    pub models: Vec<Pattern>,
    /// The model is none of these: with `block`, the list of the models that are allowed.
    pub not_models: Vec<Pattern>,
    /// The agent is one of these.
    pub agents: Vec<Pattern>,
    /// The team is one of these; a call without a team is none of them.
    pub teams: Vec<Pattern>,
    /// The endpoint is one of these words, such as `messages`.
    pub endpoints: Vec<Arc<str>>,
    /// The user has one of these roles.
    pub roles: Vec<Name>,
    /// Whether the answer comes in pieces.
    pub stream: Option<bool>,
    /// What the call may cost at most, in whole cents (rounded up).
    pub amount: Option<AmountRange>,
    /// The call may use more tokens than this.
    pub tokens: Option<TokenLimit>,
    /// Somebody spent more than this.
    pub spend: Option<SpendCondition>,
    /// It is one of these minutes.
    pub hours: Option<Schedule>,
    /// This expression in CEL is true.
    pub cel: Option<Arc<str>>,
}

/// A range of amounts, both ends included. A call of which nobody knows the cost is in the range,
/// except that a maximum keeps it from being allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AmountRange {
    /// At least this.
    pub min: Option<Usd>,
    /// At most this.
    pub max: Option<Usd>,
}

/// A limit on the tokens of one call. It is passed where one of the two is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenLimit {
    /// The most tokens to put in. A byte of text counts as one, so a call may be over that a
    /// tokenizer would find within; images, pages, audio and references are always over.
    pub input: Option<Tokens>,
    /// The most tokens an answer may have, over all choices.
    pub output: Option<Tokens>,
}

/// Somebody's spend over a window, this call included, is over a limit: the call that reaches the
/// limit exactly is not. Either figure suffices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendCondition {
    /// Whose: the caller's own scope of this kind.
    pub scope: ScopeKind,
    /// Over which time.
    pub window: Window,
    /// The limit; left out, that of the one budget of this scope and window that counts the
    /// caller, unless only calls are counted (`max_transactions` without `threshold_pct`).
    pub limit: Option<Usd>,
    /// How many hundredths of the limit are compared with; left out, all of it.
    pub threshold_pct: Option<u32>,
    /// The most calls in the window, this one included.
    pub max_transactions: Option<u64>,
}

/// Minutes on a wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Which minutes, as a cron pattern: `* 9-17 * * MON-FRI` is every minute of office hours.
    pub cron: Arc<str>,
    /// On whose wall, as an IANA name such as `Europe/Berlin`; left out, the organization's.
    pub zone: Option<Arc<str>>,
}

/// What happens to a call for which a rule's conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The policy has no objection, and its later rules are not asked. Later policies are.
    Allow,
    /// The call is refused.
    Block {
        /// What to tell the caller; left out, the reason with its figures.
        message: Option<Arc<str>>,
        /// Where to send people to.
        redirect_url: Option<Arc<str>>,
    },
    /// It goes on, and somebody is told.
    Warn {
        /// What to tell; left out, the reason with its figures.
        message: Option<Arc<str>>,
    },
    /// It goes on, and somebody shall look at it.
    Flag {
        /// Why; left out, the reason with its figures.
        message: Option<Arc<str>>,
    },
    /// It goes on with a cheaper model.
    Downgrade {
        /// That model.
        model: Arc<str>,
    },
    /// It goes on with a lower output cap.
    Clip {
        /// The cap, in tokens; left out, what the budgets still afford.
        to: Option<Tokens>,
        /// The least useful cap, in tokens: a clip never goes below.
        floor: Tokens,
    },
}

/// What is different about a rule for some agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// For whom; must not be empty.
    pub agents: Vec<Pattern>,
    /// The limit of the spend condition.
    pub limit: Option<Usd>,
    /// The models of the conditions: in place of `not_models` where the rule has only those.
    pub models: Option<Vec<Pattern>>,
    /// The action.
    pub action: Option<Action>,
}

// === impl SpendCondition ===

impl SpendCondition {
    /// Spend of `scope` over `window`, with no limit of its own yet.
    #[must_use]
    pub const fn new(scope: ScopeKind, window: Window) -> Self {
        Self { scope, window, limit: None, threshold_pct: None, max_transactions: None }
    }
}

// === impl Action ===

impl Action {
    /// Which one it is, without what belongs to it.
    #[must_use]
    pub const fn kind(&self) -> reins_governor::Action {
        match self {
            Self::Allow => reins_governor::Action::Allow,
            Self::Block { .. } => reins_governor::Action::Block,
            Self::Warn { .. } => reins_governor::Action::Warn,
            Self::Flag { .. } => reins_governor::Action::Flag,
            Self::Downgrade { .. } => reins_governor::Action::Downgrade,
            Self::Clip { .. } => reins_governor::Action::Clip,
        }
    }
}
