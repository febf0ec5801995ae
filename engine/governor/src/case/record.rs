//! The record of a case: before it is sent, or instead of it.

use std::sync::Arc;

use super::Case;
use super::verdict::Verdict;
use crate::{
    Accuracy, Attempt, Charge, Holding, Outcome, Refusal, Status, Transaction, Usage, Usd,
};

impl Case {
    /// The record of a call that is about to be sent.
    pub(crate) fn draft(&self, holding: &Holding) -> Box<Transaction> {
        let held = holding.held;
        let mut draft = self.transaction();
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
        let mut record = self.transaction();
        let (policy, rule) = refusal.stopped_by();
        record.status = Status::Blocked;
        record.action = "block";
        record.policy = Some(policy);
        record.rule = rule;
        record.reason = Some(refusal.reason().into());
        record.ended_at = Some(self.clock.now());
        record
    }

    /// The record of a call whose client left before it could be sent.
    pub(crate) fn left(&self) -> Transaction {
        let mut record = self.transaction();
        record.status = Status::Failed;
        record.reason = Some("its client left before the call was admitted".into());
        record.ended_at = Some(self.clock.now());
        record
    }

    fn transaction(&self) -> Transaction {
        let (asking, call, who) = (&self.asking, &self.asking.call, &*self.asking.identity);
        let verdict = Verdict::of(&self.decision);
        Transaction {
            id: asking.id,
            organization: Arc::clone(&who.organization),
            team: who.team.clone(),
            agent: Arc::clone(&who.agent),
            user: who.user.clone(),
            session: who.session.clone(),
            parent: who.parent.clone(),
            key: who.key.clone(),
            environment: who.environment,
            roles: Arc::clone(&who.roles),
            metadata: who.metadata.clone(),
            vendor: Arc::clone(&call.vendor),
            connection: Arc::clone(&call.connection),
            model_asked: Arc::clone(&self.model_asked),
            model_used: Arc::clone(&call.model),
            endpoint: call.endpoint,
            stream: call.stream,
            bound: self.bound.as_ref().ok().map(|bound| bound.total),
            held: self.attempts.iter().map(|attempt| attempt.held).sum(),
            tokens: Usage::default(),
            cost: Charge::default(),
            price_version: Arc::clone(self.snapshot.prices.version()),
            accuracy: Accuracy::Exact,
            status: verdict.status,
            action: verdict.action,
            policy: verdict.policy,
            rule: verdict.rule,
            reason: verdict.reason,
            policy_version: Arc::clone(&self.snapshot.version),
            evaluated: self.decision.evaluated,
            trace: self.decision.trace.clone().into(),
            attempts: self.attempts.clone(),
            latency: self.latency,
            at: asking.at,
            ended_at: None,
        }
    }
}
