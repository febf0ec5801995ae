//! Admitted: the proof that money was set aside and policy was asked.
//!
//! There is no public constructor. Whoever holds one may send its call, once, and then says how
//! the attempt ended; dropping it instead presumes the whole hold.

use std::sync::Arc;

use jiff::Timestamp;

use crate::admit::{commit, pass};
use crate::case::Case;
use crate::{
    Accuracy, Attempt, Bound, Call, Charge, End, Holding, Identity, Latency, Ledger, Outcome,
    PresumeReason, Receipt, Refusal, Snapshot, Standing, Status, Transaction, Usage, Usd,
    VoidReason,
};

/// How much dearer than its bound a call may turn out before its usage is not believed, both by the
/// model that was asked for and by the one that answered.
///
/// A bound can be passed by hidden reasoning or tools on the vendor's side, which stays well
/// under this; a figure beyond it is a fault in the answer, and is presumed and alarmed instead.
const ABSURD_FACTOR: u64 = 10;

/// A call that may be sent to its vendor, once.
///
/// It cannot be ended twice:
/// ```compile_fail,E0382
/// # use reins_governor::{Admitted, Answered, Ending, Ledger};
/// fn twice<L: Ledger>(admitted: Admitted<L>, ending: Ending) {
///     admitted.finish(ending.clone(), Answered::default());
///     admitted.finish(ending, Answered::default());
/// }
/// ```
#[derive(Debug)]
pub struct Admitted<L: Ledger> {
    /// Empty once the attempt has ended.
    open: Option<Open<L>>,
}

#[derive(Debug)]
struct Open<L: Ledger> {
    ledger: Arc<L>,
    holding: Holding,
    draft: Box<Transaction>,
    case: Case,
}

/// How an attempt ended, as whoever carried it saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The vendor said what was used.
    Used {
        /// The tokens.
        usage: Usage,
        /// The model that answered, in the vendor's own words.
        answered_by: Option<Arc<str>>,
        /// Whether the whole answer came.
        complete: bool,
    },
    /// The vendor charges nothing.
    Free(VoidReason),
    /// Nobody knows what the vendor charges.
    Unknown {
        /// Why.
        why: PresumeReason,
        /// Where the vendor's charge stops with the connection: the output tokens that came, at
        /// the most. `None`: the whole hold is presumed.
        output_seen: Option<u64>,
        /// Whether the whole answer came.
        complete: bool,
    },
}

/// What is known of the vendor when an attempt ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The vendor's status, where it answered.
    pub status: Option<u16>,
    /// Microseconds to its first byte.
    pub first_byte_us: u64,
    /// Microseconds to its last.
    pub total_us: u64,
}

/// An attempt that has ended: what came of it. The record itself is with the ledger.
#[derive(Clone, Debug)]
pub struct Closed {
    /// What the ledger answered.
    pub receipt: Receipt,
    /// What the call cost, over all its attempts.
    pub cost: Charge,
    /// How well that is known.
    pub accuracy: Accuracy,
    /// The tokens of this attempt.
    pub tokens: Usage,
    /// What became of the call.
    pub status: Status,
    /// Each try at the vendor.
    pub attempts: Vec<Attempt>,
    /// Our own share of the time, in microseconds.
    pub ours_us: u64,
}

/// Why a call is not tried again, and how it ended.
#[derive(Clone, Debug)]
pub struct NotAgain {
    /// Why not.
    pub refusal: Refusal,
    /// How the last attempt ended.
    pub closed: Option<Closed>,
}

// === impl Admitted ===

impl<L: Ledger> Admitted<L> {
    pub(crate) fn new(
        ledger: Arc<L>,
        holding: Holding,
        mut draft: Box<Transaction>,
        case: Case,
    ) -> Self {
        draft.latency = case.latency;
        Self { open: Some(Open { ledger, holding, draft, case }) }
    }

    /// The call as it shall be sent.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        self.open.as_ref().map(|open| open.case.call())
    }

    /// The record so far: ids, decision, bound.
    #[must_use]
    pub fn draft(&self) -> Option<&Transaction> {
        self.open.as_ref().map(|open| &*open.draft)
    }

    /// Who calls.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.open.as_ref().map(|open| &open.case.asking.identity)
    }

    /// What it was judged by.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.open.as_ref().map(|open| &open.case.snapshot)
    }

    /// What was said to its caller: warnings of rules and budgets.
    pub fn warnings(&self) -> impl Iterator<Item = &Arc<str>> {
        let marks = self.open.iter().flat_map(|open| &open.case.decision.marks);
        marks.filter_map(|mark| match mark {
            crate::Mark::Warned { message, .. } => Some(message),
            crate::Mark::Flagged { .. }
            | crate::Mark::Observed { .. }
            | crate::Mark::Downgraded { .. }
            | crate::Mark::Clipped { .. } => None,
        })
    }

    /// What the tightest budget has left, this call's hold taken off.
    #[must_use]
    pub fn remaining(&self) -> Option<Usd> {
        self.open.as_ref()?.holding.standings.iter().map(Standing::left).min()
    }

    /// Says that the call is still under way.
    pub fn beat(&self, now: Timestamp) {
        if let Some(open) = &self.open {
            open.ledger.beat(open.holding.id, now);
        }
    }

    /// Ends the attempt and the call. `None` only if it had ended before.
    pub fn finish(mut self, ending: Ending, answered: Answered) -> Option<Closed> {
        self.open.take().map(|open| open.close(ending, answered).0)
    }

    /// Ends the attempt and, after a pause, asks for another try of the same call: judged and held
    /// anew. Nothing is held during the pause.
    ///
    /// # Errors
    /// Where the money or the rules no longer allow it; the call has then ended with the attempt,
    /// and its record is kept.
    pub async fn again(
        mut self,
        ending: Ending,
        answered: Answered,
        pause: impl Future<Output = ()> + Send,
    ) -> Result<Self, Box<NotAgain>> {
        let Some(open) = self.open.take() else {
            let refusal = Refusal::Internal { what: "an attempt ended twice".into() };
            return Err(Box::new(NotAgain { refusal, closed: None }));
        };
        let ledger = Arc::clone(&open.ledger);
        let (closed, case) = open.close(ending, answered);
        pause.await;
        let mut case = case.reopen(closed.attempts.clone());
        let admitted = match pass(&ledger, &mut case).await {
            Ok(held) => commit(&ledger, held, case).await.map_err(|turned| turned.refusal),
            Err(refusal) => Err(refusal),
        };
        admitted.map_err(|refusal| Box::new(NotAgain { refusal, closed: Some(closed) }))
    }
}

/// An owner that vanished leaves a call that may have cost anything up to its hold.
impl<L: Ledger> Drop for Admitted<L> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            let why = PresumeReason::OwnerLost;
            let ending = Ending::Unknown { why, output_seen: None, complete: false };
            open.close(ending, Answered::default());
        }
    }
}

// === impl Open ===

impl<L: Ledger> Open<L> {
    fn close(mut self, ending: Ending, answered: Answered) -> (Closed, Case) {
        let priced = self.price(ending);
        let now = self.case.clock.now();
        self.write(&priced, answered, now);
        let record = *self.draft;
        let (cost, accuracy, tokens) = (record.cost, record.accuracy, record.tokens);
        let (status, attempts) = (record.status, record.attempts.clone());
        let ours_us = record.latency.ours_us;
        let receipt = self.ledger.finish(self.holding.id, priced.end, now, Some(record));
        (Closed { receipt, cost, accuracy, tokens, status, attempts, ours_us }, self.case)
    }

    /// What the attempt costs, and how well that is known.
    fn price(&self, ending: Ending) -> Priced {
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

    /// Completes the record.
    fn write(&mut self, priced: &Priced, answered: Answered, now: Timestamp) {
        let draft = &mut *self.draft;
        let charged = priced.end.charged();
        if let Some(attempt) = draft.attempts.last_mut() {
            attempt.vendor_status = answered.status;
            attempt.charged = charged;
            attempt.outcome = match &priced.end {
                End::Settled { .. } => Outcome::Settled,
                End::Voided { why } => Outcome::Voided(*why),
                End::Presumed { why, .. } => Outcome::Presumed(*why),
            };
        }
        draft.cost = priced.cost;
        draft.cost.total = draft.attempts.iter().map(|attempt| attempt.charged).sum();
        let presumed = |attempt: &Attempt| matches!(attempt.outcome, Outcome::Presumed(_));
        let guessed_before = self.case.attempts.iter().any(presumed);
        draft.accuracy = if guessed_before { Accuracy::Presumed } else { priced.accuracy };
        if let End::Settled { usage, .. } = &priced.end {
            draft.tokens = *usage;
        }
        if let Some(model) = &priced.answered_by {
            draft.model_used = Arc::clone(model);
        }
        draft.status = match &priced.end {
            End::Voided { .. } => Status::Failed,
            End::Settled { .. } | End::Presumed { .. } if priced.complete => draft.status,
            End::Presumed { .. } if answered.status.is_none() => Status::Failed,
            End::Settled { .. } | End::Presumed { .. } => Status::Partial,
        };
        draft.latency = timed(self.case.latency, answered);
        draft.ended_at = Some(now);
    }
}

/// The end of an attempt, priced.
struct Priced {
    end: End,
    cost: Charge,
    accuracy: Accuracy,
    complete: bool,
    answered_by: Option<Arc<str>>,
}

fn timed(mut latency: Latency, answered: Answered) -> Latency {
    latency.vendor_first_byte_us = answered.first_byte_us;
    latency.vendor_total_us = answered.total_us;
    latency.ours_us = latency.auth_us
        + latency.limit_us
        + latency.policy_us
        + latency.hold_us
        + latency.commit_us;
    latency
}
