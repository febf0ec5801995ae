//! An organization: what one file says of it, checked, with every default filled in.

use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use jiff::tz::TimeZone;
use reins_dialects::{Dialect, Family};
use reins_governor::{Budgets, Environment, Name, Pattern, ScopeKind, Tokens};
use reins_policy::Policy;
use reins_prices::Override;

use crate::Secret;

/// The settings of one organization. Each file has one.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id, unique among the organizations of the process.
    pub id: Name,
    /// Its wall clock, for calendar windows and the hours of rules.
    pub zone: TimeZone,
    /// What becomes of a call by an agent that is not known.
    pub unknown_agents: UnknownAgents,
    /// The agent of calls that name none.
    pub default_agent: Name,
    /// The connection for models that several connections sell.
    pub default_connection: Option<Name>,
    /// Whether a call that no rule allows is refused.
    pub default_deny: bool,
    /// How a budget's refusal is answered.
    pub budget_status: BudgetStatus,
    /// Agents that are known by name.
    pub agents: Vec<Agent>,
    /// Vendors' addresses and keys; at least one.
    pub connections: Vec<Connection>,
    /// Reins keys that the file declares.
    pub keys: Vec<DeclaredKey>,
    /// The names of all of them, those without a value included.
    pub key_names: Vec<Name>,
    /// The name of the declared key that a call without one has; only in the main file, and only
    /// where `listen` is loopback.
    pub default_key: Option<Name>,
    /// Calls a second, always one for the organization.
    pub limits: Vec<Limit>,
    /// Limits on spend.
    pub budgets: Budgets,
    /// Policies, in the order of the file.
    pub policies: Vec<Policy>,
    /// Prices over those of the book.
    pub prices: Vec<Override>,
    /// A short digest of the file's text: the version that decisions name.
    pub digest: Arc<str>,
}

/// What becomes of a call by an agent that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownAgents {
    /// It counts as the default agent's.
    #[default]
    Default,
    /// The agent is known from then on.
    Register,
    /// The call is refused.
    Refuse,
}

/// How a budget's refusal is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BudgetStatus {
    /// 403 `policy_blocked`.
    #[default]
    Forbidden403,
    /// 429 `budget_exceeded`.
    TooMany429,
}

/// An agent that is known by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its name.
    pub name: Name,
    /// The team it belongs to.
    pub team: Option<Name>,
}

/// A vendor's address and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its name, unique; also the path prefix it answers under.
    pub name: Name,
    /// Whose prices hold, such as `openai`.
    pub vendor: Arc<str>,
    /// The family of wire formats that it speaks.
    pub family: SharedFamily,
    /// Scheme, host and path, without a slash at the end and without a query.
    pub base_url: Uri,
    /// Whether the host may be, or resolve to, a private or loopback address: either the file
    /// writes such an address out, or it says so. No header can ever allow it.
    pub allow_private: bool,
    /// Where the vendor's key comes from.
    pub key: VendorKey,
    /// The models it sells; at least one pattern.
    pub models: Vec<Pattern>,
    /// The output cap written into calls that name none.
    pub default_max_tokens: Option<Tokens>,
    /// How long to wait for it.
    pub timeouts: Timeouts,
    /// How often a failed attempt is tried again, 0 to 2 times.
    pub retries: u32,
}

/// A family with its dialects. Two are equal that have the same name and declaration: an edit of
/// the file that leaves a declared family as it was renews no connection to its vendor.
#[derive(Clone, Debug)]
pub struct SharedFamily {
    family: Arc<dyn Family>,
    dialects: Arc<[Arc<dyn Dialect>]>,
}

/// Where a vendor's key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VendorKey {
    /// From the environment.
    Environment(Secret),
    /// From the store, encrypted there.
    Stored,
    /// From the caller with each call, never kept.
    PassThrough,
}

/// How long to wait for a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until it is connected.
    pub connect: Duration,
    /// From the request sent to the answer's headers.
    pub headers: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// From an answer's headers to its end, where it is no stream.
    pub whole: Duration,
}

/// A Reins key that the file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredKey {
    /// Its name, unique.
    pub name: Name,
    /// The key.
    pub value: Secret,
    /// What no header can change.
    pub pins: Pins,
    /// Live or test.
    pub environment: Environment,
    /// Whether a call may ask only to be observed.
    pub observe_allowed: bool,
}

/// What a key says of its caller, and no header can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// The agent.
    pub agent: Option<Name>,
    /// The team.
    pub team: Option<Name>,
    /// The user.
    pub user: Option<Name>,
    /// The session.
    pub session: Option<Name>,
    /// The user's roles; an empty list pins that there are none.
    pub roles: Option<Arc<[Name]>>,
    /// The connection that its calls go through.
    pub connection: Option<Name>,
}

/// How many calls a second a scope may make. Each name that the pattern matches has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What kind of caller.
    pub kind: ScopeKind,
    /// Which ones.
    pub pattern: Pattern,
    /// Calls a second, over time.
    pub calls_per_second: NonZeroU32,
    /// Calls at once, after a pause.
    pub burst: NonZeroU32,
}

// === impl Connection ===

impl Connection {
    /// What stands before every path at this vendor: empty, or with a slash in front and none
    /// behind.
    #[must_use]
    pub fn path_prefix(&self) -> &str {
        self.base_url.path().trim_end_matches('/')
    }
}

// === impl SharedFamily ===

impl SharedFamily {
    pub(crate) fn new(family: Arc<dyn Family>) -> Self {
        let dialects = Arc::clone(&family).dialects().into();
        Self { family, dialects }
    }

    /// Its endpoints.
    #[must_use]
    pub fn dialects(&self) -> &[Arc<dyn Dialect>] {
        &self.dialects
    }
}

impl PartialEq for SharedFamily {
    fn eq(&self, other: &Self) -> bool {
        let what = |family: &Self| (family.name().to_owned(), family.declaration().cloned());
        Arc::ptr_eq(&self.family, &other.family) || what(self) == what(other)
    }
}

impl Eq for SharedFamily {}

impl Deref for SharedFamily {
    type Target = dyn Family;

    fn deref(&self) -> &Self::Target {
        &*self.family
    }
}

// === impl BudgetStatus ===

impl BudgetStatus {
    /// Whether it is 429.
    #[must_use]
    pub const fn is_429(self) -> bool {
        matches!(self, Self::TooMany429)
    }
}
