//! The record of a case: before it is sent, or instead of it.

use std::sync::Arc;

use super::Case;
use super::verdict::Verdict;
use crate::{
    Accuracy, Attempt, Charge, Holding, Opening, Outcome, Refusal, Status, Transaction, Usage, Usd,
};

impl Case {
    /// The record of a call that is about to be sent.
    pub(crate) fn draft(&self, holding: &Holding) -> Box<Transaction> {
        let held = holding.held;
        let mut draft = self.transaction(Verdict::of(&self.decision));
        draft.held = draft.held.saturating_add(held);
        draft.attempts.push(Attempt {
            number: u32::try_from(draft.attempts.len()).unwrap_or(u32::MAX).saturating_add(1),
            vendor_status: None,
            outcome: Outcome::Open,
            held,
            charged: Usd::ZERO,
        });
        Box::new(draft)
    }

    /// The record of a call that is not sent.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Transaction {
        self.ended(Verdict::refused(refusal))
    }

    /// The record of a call whose client left before it could be sent.
    pub(crate) fn left(&self) -> Transaction {
        let reason = Some("its client left before the call was admitted".into());
        let verdict = Verdict::of(&self.decision);
        self.ended(Verdict { status: Status::Failed, reason, ..verdict })
    }

    fn ended(&self, verdict: Verdict) -> Transaction {
        Transaction { ended_at: Some(self.clock.now()), ..self.transaction(verdict) }
    }

    fn transaction(&self, verdict: Verdict) -> Transaction {
        Transaction {
            model_used: Arc::clone(&self.asking.call.model),
            held: self.attempts.iter().map(|attempt| attempt.held).sum(),
            tokens: Usage::default(),
            cost: Charge::default(),
            accuracy: Accuracy::Exact,
            status: verdict.status,
            attempts: self.attempts.clone(),
            latency: self.latency,
            ended_at: None,
            opening: self.opening(verdict).into(),
        }
    }

    fn opening(&self, verdict: Verdict) -> Opening {
        let (asking, call) = (&self.asking, &self.asking.call);
        Opening {
            id: asking.id,
            who: Arc::clone(&asking.identity),
            vendor: Arc::clone(&call.vendor),
            connection: Arc::clone(&call.connection),
            model_asked: Arc::clone(&self.model_asked),
            endpoint: call.endpoint,
            stream: call.stream,
            bound: self.bound.as_ref().ok().map(|bound| bound.total),
            price_version: Arc::clone(self.snapshot.prices.version()),
            action: verdict.action,
            policy: verdict.by.as_ref().map(|by| by.policy().into()),
            rule: verdict.by.as_ref().and_then(|by| by.rule()).map(Into::into),
            reason: verdict.reason,
            policy_version: Arc::clone(&self.snapshot.version),
            evaluated: self.decision.evaluated,
            trace: self.decision.trace.clone(),
            at: asking.at,
        }
    }
}
