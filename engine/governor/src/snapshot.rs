//! A snapshot: one immutable, compiled version of an organization's policies, budgets and prices.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::{Budgets, Judge, Name, Prices};

/// What a call is judged by, from beginning to end. It holds rules, never counters: spend survives
/// a new version.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Names this version on every record: a digest of what it was made of.
    pub version: Arc<str>,
    /// The organization.
    pub organization: Name,
    /// Its wall clock.
    pub zone: TimeZone,
    /// Its policies.
    pub judge: Arc<dyn Judge>,
    /// Its budgets.
    pub budgets: Budgets,
    /// Its prices.
    pub prices: Arc<dyn Prices>,
    /// Whether a call that no rule allows is refused.
    pub default_deny: bool,
    /// Whether a budget refuses with 429 rather than 403.
    pub budget_429: bool,
}
