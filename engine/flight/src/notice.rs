//! The notice: what the client is told of a decision, before anything is known of the cost.

use std::sync::Arc;

use reins_governor::{Action, Admitted, TransactionId, Usd};

/// What the client is told of a decision.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The transaction.
    pub id: TransactionId,
    /// What was done to the call.
    pub action: Action,
    /// The policy or budget behind it.
    pub policy: Option<Arc<str>>,
    /// The model that is asked, where it is not the one the client named.
    pub model: Option<Arc<str>>,
    /// Warnings of rules and budgets.
    pub warnings: Vec<Arc<str>>,
    /// What the tightest budget has left.
    pub remaining: Option<Usd>,
    /// How far a budget that holds what is typical may be passed, at the most.
    pub overshoot: Option<Usd>,
    /// Our own share of the time so far, in microseconds.
    pub ours_us: u64,
}

// === impl Notice ===

impl Notice {
    /// The notice of a call that may be sent.
    pub(crate) fn of(admitted: &Admitted) -> Self {
        let draft = admitted.draft();
        let changed = draft.model_used != draft.opening.model_asked;
        let spent = draft.latency;
        Self {
            id: draft.opening.id,
            action: draft.opening.action,
            policy: draft.opening.policy.clone(),
            model: changed.then(|| Arc::clone(&draft.model_used)),
            warnings: admitted.warnings().cloned().collect(),
            remaining: admitted.remaining(),
            overshoot: admitted.overshoot().map(|(_, by)| by),
            ours_us: spent.auth_us
                + spent.limit_us
                + spent.policy_us
                + spent.hold_us
                + spent.commit_us,
        }
    }
}
