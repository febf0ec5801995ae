//! The close of an attempt: its record completed, its end handed to the ledger.

use std::sync::Arc;

use jiff::Timestamp;

use super::charge::Priced;
use super::{Admitted, Answered, Closed, Ending};
use crate::{Attempt, Charge, End, Latency, Status};

// === impl Admitted ===

impl Admitted {
    /// Ends the attempt, and the call with it unless it is opened again.
    pub(super) fn close(&mut self, ending: Ending, answered: Answered) -> Closed {
        self.armed = false;
        let priced = self.price(ending);
        let now = self.case.clock.now();
        self.write(&priced, answered, now);
        let record = &*self.draft;
        let receipt = self.ledger.finish(self.holding.id, priced.end, now, Some(record));
        Closed {
            receipt,
            cost: record.cost,
            accuracy: record.accuracy,
            tokens: record.tokens,
            status: record.status,
            attempts: record.attempts.clone(),
            ours_us: record.latency.ours_us,
        }
    }

    /// Completes the record.
    fn write(&mut self, priced: &Priced, answered: Answered, now: Timestamp) {
        let draft = &mut *self.draft;
        let decided = draft.status;
        draft.close(&priced.end, now);
        if let Some(attempt) = draft.attempts.last_mut() {
            attempt.vendor_status = answered.status;
        }
        draft.cost = Charge { total: draft.cost.total, ..priced.cost };
        if !self.case.attempts.iter().any(Attempt::is_presumed) {
            draft.accuracy = priced.accuracy;
        }
        if let Some(model) = &priced.answered_by {
            draft.model_used = Arc::clone(model);
        }
        draft.status = match &priced.end {
            End::Settled { .. } | End::Presumed { .. } if priced.complete => decided,
            End::Presumed { .. } if !answered.has_answer() => Status::Failed,
            end => Status::from(end),
        };
        draft.trace_digest = self.case.decision.trace.digest();
        draft.latency = timed(self.case.latency, answered);
    }
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
