//! What an attempt is charged, for each way it can end.

use std::sync::Arc;

use super::{Ending, Open};
use crate::{Accuracy, Bound, Call, Charge, End, Ledger, PresumeReason, Usage, Usd};

/// How much dearer than its bound a call may turn out before its usage is not believed, both by the
/// model that was asked for and by the one that answered.
///
/// A bound can be passed by hidden reasoning or tools on the vendor's side, which stays well
/// under this; a figure beyond it is a fault in the answer, and is presumed and alarmed instead.
const ABSURD_FACTOR: u64 = 10;

/// The end of an attempt, priced.
pub(super) struct Priced {
    pub(super) end: End,
    pub(super) cost: Charge,
    pub(super) accuracy: Accuracy,
    pub(super) complete: bool,
    pub(super) answered_by: Option<Arc<str>>,
}

// === impl Open ===

impl<L: Ledger> Open<L> {
    /// What the attempt costs, and how well that is known.
    pub(super) fn price(&self, ending: Ending) -> Priced {
        match ending {
            Ending::Free(why) => Priced {
                end: End::Voided { why },
                cost: Charge::default(),
                accuracy: Accuracy::Exact,
                complete: false,
                answered_by: None,
            },
            Ending::Used { usage, answered_by, complete } => {
                self.priced_usage(usage, answered_by, complete)
            }
            Ending::Unknown { why, output_seen, complete } => {
                self.presumed(why, output_seen, complete)
            }
        }
    }

    fn priced_usage(&self, usage: Usage, by: Option<Arc<str>>, complete: bool) -> Priced {
        let call = self.case.call();
        let model = by.as_deref().unwrap_or(&call.model);
        let cost = self.case.snapshot.prices.cost(&call.vendor, model, &usage);
        let Ok(bound) = &self.case.bound else {
            let cost = cost.map(Charge::from).unwrap_or_default();
            let end = End::Settled { usage, charged: cost.total };
            return Priced { end, cost, accuracy: Accuracy::Exact, complete, answered_by: by };
        };
        let Some(cost) = cost else {
            return self.presumed(PresumeReason::AnswerUnpriced, None, complete);
        };
        let beyond = |bound: Usd| cost.total.nanos() > bound.nanos().saturating_mul(ABSURD_FACTOR);
        if beyond(bound.total) && beyond(self.bound_of(model)) {
            return self.presumed(PresumeReason::UsageAbsurd, None, complete);
        }
        let end = End::Settled { usage, charged: cost.total };
        Priced { end, cost: cost.into(), accuracy: Accuracy::Exact, complete, answered_by: by }
    }

    /// The most the call could cost with the model that answered it.
    fn bound_of(&self, model: &str) -> Usd {
        let call = Call { model: model.into(), ..self.case.call().clone() };
        self.case.snapshot.prices.bound(&call).map_or(Usd::ZERO, |bound| bound.total)
    }

    fn presumed(&self, why: PresumeReason, output_seen: Option<u64>, complete: bool) -> Priced {
        let held = self.case.bound.as_ref().map_or(Usd::ZERO, |bound| bound.total);
        let counted = output_seen.and_then(|tokens| self.input_and(tokens));
        let charged = counted.unwrap_or(held).min(held);
        let accuracy = if counted.is_some() { Accuracy::Estimated } else { Accuracy::Presumed };
        Priced {
            end: End::Presumed { charged, why },
            cost: Charge { total: charged, ..Charge::default() },
            accuracy,
            complete,
            answered_by: None,
        }
    }

    /// The input's bound and this much output.
    fn input_and(&self, output: u64) -> Option<Usd> {
        let call = self.case.call();
        let bound: &Bound = self.case.bound.as_ref().ok()?;
        let usage = Usage { output, tier: call.tier, ..Usage::default() };
        let cost = self.case.snapshot.prices.cost(&call.vendor, &call.model, &usage)?;
        bound.input.checked_add(cost.total)
    }
}
