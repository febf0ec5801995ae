//! The close of a transaction: what the end of its last attempt says of the whole call.

use jiff::Timestamp;

use super::{Accuracy, Attempt, Outcome, Status, Transaction};
use crate::case::whole_micros;
use crate::{Charge, End, Usd};

// === impl Transaction ===

impl Transaction {
    /// Ends the last attempt, and the call with it, as far as the end alone says: a call that may
    /// have cost something is taken to be partial.
    pub fn close(&mut self, end: &End, at: Timestamp) {
        self.end_last_attempt(end);
        let total = self.attempts.iter().map(|attempt| attempt.charged).sum();
        self.cost = Charge { total, ..Charge::default() };
        self.status = Status::from(end);
        self.ended_at = Some(whole_micros(at));
    }

    /// Changes how the last attempt ended, once usage came late, and what the call cost in all.
    pub fn correct(&mut self, end: &End, total: Usd) {
        self.end_last_attempt(end);
        self.cost = Charge { total, ..Charge::default() };
    }

    fn end_last_attempt(&mut self, end: &End) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.charged = end.charged();
            attempt.outcome = Outcome::from(end);
        }
        if let End::Settled { usage, .. } = end {
            self.tokens = *usage;
        }
        let presumed = self.attempts.iter().any(Attempt::is_presumed);
        self.accuracy = if presumed { Accuracy::Presumed } else { Accuracy::Exact };
    }
}

// === impl Attempt ===

impl Attempt {
    /// Whether its charge is a guess.
    #[must_use]
    pub const fn is_presumed(&self) -> bool {
        matches!(self.outcome, Outcome::Presumed(_))
    }
}

// === impl Outcome ===

impl From<&End> for Outcome {
    fn from(end: &End) -> Self {
        match end {
            End::Settled { .. } => Self::Settled,
            End::Voided { why } => Self::Voided(*why),
            End::Presumed { why, .. } => Self::Presumed(*why),
        }
    }
}

// === impl Status ===

/// What became of a call of which nothing but the end of its last attempt is known.
impl From<&End> for Status {
    fn from(end: &End) -> Self {
        match end {
            End::Settled { .. } | End::Presumed { .. } => Self::Partial,
            End::Voided { .. } => Self::Failed,
        }
    }
}
