//! What an answer says of a refusal beside the vendor's own fields, the same in every dialect.

use reins_governor::{BudgetStop, Refusal, TransactionId, Usd};
use serde::Serialize;
use serde_json::value::RawValue;

/// The fields beside a vendor's own.
#[derive(Debug, Serialize)]
pub(crate) struct Worded<'a> {
    code: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    /// The rule, or the budget, that stopped the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(flatten)]
    budget: Option<Budget>,
    /// In whole seconds, rounded up.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<TransactionId>,
}

/// How a budget stands: amounts as numbers, and exactly as strings.
#[derive(Debug, Serialize)]
struct Budget {
    scope: String,
    window: String,
    budget_used: Number,
    budget_limit: Number,
    budget_used_usd: Usd,
    budget_limit_usd: Usd,
    budget_held_usd: Usd,
    budget_bound_usd: Usd,
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<String>,
}

/// An amount as a JSON number with all its decimals.
#[derive(Debug, Serialize)]
struct Number(Box<RawValue>);

// === impl Worded ===

impl<'a> Worded<'a> {
    pub(crate) fn new(refusal: &'a Refusal, id: Option<TransactionId>) -> Self {
        let (policy, rule, redirect_url) = stopped_by(refusal);
        Self {
            code: refusal.code(),
            reason: refusal.reason(),
            policy,
            rule,
            budget: budget(refusal),
            retry_after: refusal.retry_after().map(|after| whole_seconds(after.as_millis())),
            redirect_url,
            hint: hint(refusal),
            transaction_id: id,
        }
    }
}

/// The policy, its rule and where it sends people to; for a budget, the budget as the rule.
fn stopped_by(refusal: &Refusal) -> (Option<&str>, Option<&str>, Option<&str>) {
    if let Refusal::Blocked(blocked) = refusal {
        return (Some(blocked.by.policy()), blocked.by.rule(), blocked.redirect_url.as_deref());
    }
    if let Refusal::OverBudget(stop) = refusal {
        return (None, Some(&stop.budget), None);
    }
    (None, None, None)
}

fn budget(refusal: &Refusal) -> Option<Budget> {
    let Refusal::OverBudget(stop) = refusal else { return None };
    let BudgetStop { scope, window, used, held, limit, bound, resets_at, .. } = stop;
    Some(Budget {
        scope: scope.to_string(),
        window: window.to_string(),
        budget_used: Number::of(*used)?,
        budget_limit: Number::of(*limit)?,
        budget_used_usd: *used,
        budget_limit_usd: *limit,
        budget_held_usd: *held,
        budget_bound_usd: *bound,
        resets_at: resets_at.map(|at| at.to_string()),
    })
}

fn hint(refusal: &Refusal) -> Option<&'static str> {
    if let Refusal::NotFound { hint, .. } = refusal { Some(hint) } else { None }
}

fn whole_seconds(millis: u128) -> u64 {
    u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX)
}

// === impl Number ===

impl Number {
    fn of(amount: Usd) -> Option<Self> {
        RawValue::from_string(amount.to_string()).ok().map(Self)
    }
}
