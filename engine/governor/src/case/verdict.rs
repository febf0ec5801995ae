//! The verdict: a decision in one word, and who is behind it.

use std::sync::Arc;

use crate::{Action, DecidedBy, Decision, Mark, Refusal, Status};

/// A decision in one word, and who is behind it.
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) action: Action,
    pub(super) by: Option<DecidedBy>,
    pub(super) reason: Option<Arc<str>>,
}

// === impl Verdict ===

impl Verdict {
    /// The weightiest mark decides; of equals, the first.
    pub(super) fn of(decision: &Decision) -> Self {
        let weightiest = decision.marks.iter().rev().max_by_key(|mark| weight(mark));
        let Some(mark) = weightiest else { return Self::unmarked(decision) };
        let (status, action, by, reason) = match mark {
            Mark::Downgraded { by, from, to } => {
                let reason = format!("`{from}` was replaced by `{to}`").into();
                (Status::Downgraded, Action::Downgrade, by, reason)
            }
            Mark::Clipped { by, to } => {
                let reason = format!("the output cap was lowered to {to} tokens").into();
                (Status::Clipped, Action::Clip, by, reason)
            }
            Mark::Flagged { by, message } => {
                (Status::Flagged, Action::Flag, by, Arc::clone(message))
            }
            Mark::Warned { by, message } => (Status::Warned, Action::Warn, by, Arc::clone(message)),
            Mark::Observed { by, action } => {
                let reason = format!("observed only: the rule would {action}").into();
                (Status::Observed, Action::Pass, by, reason)
            }
        };
        Self { status, action, by: Some(by.clone()), reason: Some(reason) }
    }

    /// That a call is refused, and by whom.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let (by, reason) = (Some(refusal.stopped_by()), Some(refusal.reason().into()));
        Self { status: Status::Blocked, action: Action::Block, by, reason }
    }

    fn unmarked(decision: &Decision) -> Self {
        let bypassed = !decision.evaluated && decision.trace.passed_over > 0;
        let status = if bypassed { Status::Bypassed } else { Status::Passed };
        Self { status, action: Action::Pass, by: None, reason: None }
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
