//! The record of a case: before it is sent, or instead of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::Case;
use super::verdict::Verdict;
use crate::{
    Accuracy, Attempt, Charge, Holding, Opening, Outcome, ReadKey, Readings, Refusal, SpendRead,
    Status, Transaction, Usage, Usd,
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
        Transaction {
            ended_at: Some(whole_micros(self.clock.now())),
            trace_digest: self.decision.trace.digest(),
            ..self.transaction(verdict)
        }
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
            trace_digest: None,
            opening: Arc::new(self.opening(verdict)),
        }
    }

    fn opening(&self, verdict: Verdict) -> Opening {
        let asking = &self.asking;
        let (at, judged_at) = (whole_micros(asking.at), whole_micros(self.now));
        Opening {
            id: asking.id,
            at,
            judged_at: (judged_at != at).then_some(judged_at),
            utc_offset_s: self.snapshot.zone.to_offset(self.now).seconds(),
            who: Arc::clone(&asking.identity),
            call: asking.call.clone(),
            model_asked: Arc::clone(&self.model_asked),
            models_tried: self.models_tried.clone(),
            attempt: self.attempt(),
            bound: self.bound.as_ref().ok().map(|bound| bound.total),
            price_version: Arc::clone(self.snapshot.prices.version()),
            policy_version: Arc::clone(&self.snapshot.version),
            action: verdict.action,
            policy: verdict.by.as_ref().map(|by| by.policy().into()),
            rule: verdict.by.as_ref().and_then(|by| by.rule()).map(Into::into),
            reason: verdict.reason,
            evaluated: self.decision.evaluated,
            matched: self.decision.trace.matched(),
            readings: self.spend_read(),
        }
    }

    /// What the judge read of spend, each figure once.
    fn spend_read(&self) -> Vec<SpendRead> {
        let Some(Readings(readings)) = &self.readings else { return Vec::new() };
        let keys = self.snapshot.judge.reads();
        let known = |key: &ReadKey| self.asking.identity.name(key.kind).is_some();
        let read = keys.iter().zip(readings).filter(|(key, _)| known(key));
        read.map(|(key, reading)| SpendRead::new(*key, *reading)).collect()
    }
}

/// A time as a record has it.
pub(crate) fn whole_micros(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
