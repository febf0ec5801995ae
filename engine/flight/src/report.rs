//! The report of an ended attempt: what it adds to the metrics, and what somebody should hear of.
//!
//! Labels are names from the configuration or from our own lists. A model is a label only once its
//! vendor has answered with it: callers cannot make labels up.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, histogram};
use reins_governor::{Admitted, Answered, Call, Closed, End, Ending, Outcome, Snapshot, Usd};

/// Counts a call that a budget might be passed by.
pub(crate) fn begun(admitted: &Admitted) {
    if let Some((budget, _)) = admitted.overshoot() {
        let labels = [organization(admitted.snapshot()), ("budget", budget.name.to_string())];
        counter!("reins_budget_overshoots_total", &labels).increment(1);
    }
}

/// What a report is about, once the call itself has ended.
pub(crate) struct About {
    call: Call,
    snapshot: Arc<Snapshot>,
}

/// Ends the attempt and the call, and reports it.
pub(crate) fn finish(admitted: Admitted, ending: Ending, answered: Answered) -> Closed {
    let about = About::of(&admitted);
    let closed = admitted.finish(ending, answered);
    about.report(&closed);
    closed
}

// === impl About ===

impl About {
    pub(crate) fn of(admitted: &Admitted) -> Self {
        Self { call: admitted.call().clone(), snapshot: Arc::clone(admitted.snapshot()) }
    }

    /// Reports how the call has ended.
    pub(crate) fn report(&self, closed: &Closed) {
        let Self { call, snapshot } = self;
        let labels = [
            organization(snapshot),
            ("vendor", call.vendor.to_string()),
            ("endpoint", call.endpoint.word().to_owned()),
            ("status", closed.status.word().to_owned()),
        ];
        counter!("reins_calls_total", &labels).increment(1);
        spent(snapshot, call, closed);
        alarm(snapshot, call, closed);
        for (budget, percent) in &closed.receipt.reached {
            let Some(budget) = snapshot.budgets.get(*budget) else { continue };
            let (of, name) = (&snapshot.organization, &budget.name);
            let what = "a budget has reached a warning";
            tracing::warn!(organization = %of, budget = %name, percent, "{what}");
            let labels = [organization(snapshot), ("budget", name.to_string())];
            counter!("reins_budget_warnings_total", &labels).increment(1);
        }
        let ours = Duration::from_micros(closed.ours_us);
        histogram!("reins_overhead_seconds", &[organization(snapshot)]).record(ours);
    }
}

/// What was held and what it came to, so that held ÷ charged can be watched for each model.
fn spent(snapshot: &Snapshot, call: &Call, closed: &Closed) {
    let Some(attempt) = closed.attempts.last() else { return };
    let (organization, vendor) = (organization(snapshot), call.vendor.to_string());
    match attempt.outcome {
        Outcome::Settled => {
            let model = call.model.to_string();
            let labels = [organization, ("vendor", vendor), ("model", model)];
            counter!("reins_held_nanos_total", &labels).increment(attempt.held.nanos());
            counter!("reins_charged_nanos_total", &labels).increment(attempt.charged.nanos());
        }
        Outcome::Presumed(why) => {
            let labels = [organization, ("vendor", vendor), ("why", why.word().to_owned())];
            counter!("reins_presumed_total", &labels).increment(1);
            counter!("reins_presumed_nanos_total", &labels).increment(attempt.charged.nanos());
        }
        Outcome::Open | Outcome::Voided(_) => {}
    }
}

/// What should not happen, and must not go unheard.
fn alarm(snapshot: &Snapshot, call: &Call, closed: &Closed) {
    let (of, model) = (&snapshot.organization, &call.model);
    let over = closed.receipt.overage;
    if over > Usd::ZERO {
        counter!("reins_overage_nanos_total", &[organization(snapshot)]).increment(over.nanos());
        tracing::warn!(organization = %of, %model, %over, "a call cost more than was held for it");
    }
    if let End::Presumed { charged, why } = &closed.receipt.end {
        let what = "the cost of a call is presumed";
        tracing::warn!(organization = %of, %model, %charged, ?why, "{what}");
    }
}

/// The organization of a call, as the first label of all that is counted of it.
fn organization(snapshot: &Snapshot) -> (&'static str, String) {
    ("organization", snapshot.organization.to_string())
}
