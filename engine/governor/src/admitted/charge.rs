//! What an attempt is charged, for each way it can end.

use std::sync::Arc;

use super::{Admitted, Ending};
use crate::{Accuracy, Bound, Call, Charge, End, Picos, PresumeReason, Tokens, Usage, Usd};

/// How much dearer than its bound a call may turn out before its usage is not believed, by the
/// dearer of the model that was asked for and the one that answered.
///
/// A bound can be passed by hidden reasoning or tools on the vendor's side, which stays well
/// under this. A figure beyond it is a fault in the answer, or a bill that nobody expected: so much
/// is charged and no more, presumed and alarmed.
const ABSURD_FACTOR: u64 = 10;

/// The end of an attempt, priced.
pub(super) struct Priced {
    pub(super) end: End,
    pub(super) cost: Charge,
    pub(super) accuracy: Accuracy,
    pub(super) complete: bool,
    pub(super) answered_by: Option<Arc<str>>,
}

// === impl Admitted ===

impl Admitted {
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
        if cost.total > believed(bound.total) {
            // The model that answered may be a dearer one.
            let most = believed(bound.total.max(self.bound_of(model)));
            if cost.total > most {
                let why = PresumeReason::UsageAbsurd;
                return presumed(most, why, Accuracy::Presumed, complete);
            }
        }
        let end = End::Settled { usage, charged: cost.total };
        Priced { end, cost: cost.into(), accuracy: Accuracy::Exact, complete, answered_by: by }
    }

    /// The most the call could cost with the model that answered it.
    fn bound_of(&self, model: &str) -> Usd {
        let call = Call { model: model.into(), ..self.case.call().clone() };
        self.case.snapshot.prices.bound(&call).map_or(Usd::ZERO, |bound| bound.total)
    }

    fn presumed(&self, why: PresumeReason, output_seen: Option<Tokens>, complete: bool) -> Priced {
        let bound = self.case.bound.as_ref().map_or(Usd::ZERO, |bound| bound.total);
        let counted = output_seen.and_then(|tokens| self.input_and(tokens));
        let accuracy = if counted.is_some() { Accuracy::Estimated } else { Accuracy::Presumed };
        presumed(counted.unwrap_or(bound).min(bound), why, accuracy, complete)
    }

    /// The input's bound and this much output.
    fn input_and(&self, output: Tokens) -> Option<Usd> {
        let call = self.case.call();
        let bound: &Bound = self.case.bound.as_ref().ok()?;
        let usage = Usage { output, tier: call.tier, ..Usage::default() };
        let cost = self.case.snapshot.prices.cost(&call.vendor, &call.model, &usage)?;
        bound.input.checked_add(cost.total)
    }
}

/// The most that is believed of a call with this bound. A bound of nothing measures nothing: a
/// model that is free by name may be answered by one that is not, and has no bound.
fn believed(bound: Usd) -> Usd {
    if bound == Usd::ZERO {
        return Usd::MAX;
    }
    Usd::from_nanos(bound.nanos().saturating_mul(ABSURD_FACTOR))
}

const fn presumed(charged: Usd, why: PresumeReason, accuracy: Accuracy, complete: bool) -> Priced {
    let end = End::Presumed { charged, why };
    let cost = Charge { total: charged, input: Picos(0), output: Picos(0), fees: Picos(0) };
    Priced { end, cost, accuracy, complete, answered_by: None }
}
