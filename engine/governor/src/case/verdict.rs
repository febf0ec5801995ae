//! The verdict: a decision in one word, and who is behind it.

use std::sync::Arc;

use crate::{Decision, Mark, Refusal, Status};

/// A decision in one word, and who is behind it.
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) action: &'static str,
    pub(super) policy: Option<Arc<str>>,
    pub(super) rule: Option<Arc<str>>,
    pub(super) reason: Option<Arc<str>>,
}

// === impl Verdict ===

impl Verdict {
    /// The weightiest mark decides; of equals, the first.
    pub(super) fn of(decision: &Decision) -> Self {
        let weightiest = decision.marks.iter().rev().max_by_key(|mark| weight(mark));
        let Some(mark) = weightiest else { return Self::unmarked(decision) };
        let (status, action, by, rule, reason) = match mark {
            Mark::Downgraded { by, rule, from, to } => {
                let reason = format!("`{from}` was replaced by `{to}`").into();
                (Status::Downgraded, "downgrade", by, rule, reason)
            }
            Mark::Clipped { by, rule, to } => {
                let reason = format!("the output cap was lowered to {to} tokens").into();
                (Status::Clipped, "clip", by, rule, reason)
            }
            Mark::Flagged { by, rule, message } => {
                (Status::Flagged, "flag", by, rule, Arc::clone(message))
            }
            Mark::Warned { by, rule, message } => {
                (Status::Warned, "warn", by, rule, Arc::clone(message))
            }
            Mark::Observed { by, rule, action } => {
                let reason = format!("observed only: the rule would {action}").into();
                (Status::Observed, "pass", by, rule, reason)
            }
        };
        let rule = (!rule.is_empty()).then(|| Arc::clone(rule));
        Self { status, action, policy: Some(Arc::clone(by)), rule, reason: Some(reason) }
    }

    /// That a call is refused, and by whom.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let (policy, rule) = refusal.stopped_by();
        let reason = Some(refusal.reason().into());
        Self { status: Status::Blocked, action: "block", policy: Some(policy), rule, reason }
    }

    fn unmarked(decision: &Decision) -> Self {
        let bypassed = !decision.evaluated && !decision.trace.0.is_empty();
        let status = if bypassed { Status::Bypassed } else { Status::Passed };
        Self { status, action: "pass", policy: None, rule: None, reason: None }
    }
}

const fn weight(mark: &Mark) -> u8 {
    match mark {
        Mark::Downgraded { .. } => 4,
        Mark::Clipped { .. } => 3,
        Mark::Flagged { .. } => 2,
        Mark::Warned { .. } => 1,
        Mark::Observed { .. } => 0,
    }
}
