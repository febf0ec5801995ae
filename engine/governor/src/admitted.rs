//! Admitted: the proof that money was set aside and policy was asked.
//!
//! There is no public constructor. Whoever holds one may send its call, once, and then says how
//! the attempt ended; dropping it instead presumes the whole hold.

mod charge;
mod close;

use std::sync::Arc;

use jiff::Timestamp;

use crate::admit::{commit, pass};
use crate::case::Case;
use crate::{
    Accuracy, Attempt, Budget, Call, Charge, Holding, Identity, Ledger, Mark, Overshoot,
    PresumeReason, Receipt, Refusal, Snapshot, Standing, Status, Tokens, Trace, Transaction, Usage,
    Usd, VoidReason,
};

/// A call that may be sent to its vendor, once.
///
/// It cannot be ended twice:
/// ```compile_fail,E0382
/// # use reins_governor::{Admitted, Answered, Ending};
/// fn twice(admitted: Admitted, ending: Ending) {
///     admitted.finish(ending.clone(), Answered::default());
///     admitted.finish(ending, Answered::default());
/// }
/// ```
#[derive(Debug)]
pub struct Admitted {
    ledger: Arc<dyn Ledger>,
    holding: Holding,
    draft: Box<Transaction>,
    case: Case,
    /// Whether the attempt has not ended: dropped, it is presumed.
    armed: bool,
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
        output_seen: Option<Tokens>,
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

// === impl Answered ===

impl Answered {
    /// Whether the vendor began an answer: it may answer with an error instead.
    const fn has_answer(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }
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
    pub closed: Closed,
}

// === impl Admitted ===

impl Admitted {
    pub(crate) const fn new(
        ledger: Arc<dyn Ledger>,
        holding: Holding,
        draft: Box<Transaction>,
        case: Case,
    ) -> Self {
        Self { ledger, holding, draft, case, armed: true }
    }

    /// The call as it shall be sent.
    #[must_use]
    pub const fn call(&self) -> &Call {
        self.case.call()
    }

    /// The record so far: ids, decision, bound.
    #[must_use]
    pub const fn draft(&self) -> &Transaction {
        &self.draft
    }

    /// The rules that were looked at.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.case.decision.trace
    }

    /// Who calls.
    #[must_use]
    pub const fn identity(&self) -> &Arc<Identity> {
        &self.case.asking.identity
    }

    /// What it was judged by.
    #[must_use]
    pub const fn snapshot(&self) -> &Arc<Snapshot> {
        &self.case.snapshot
    }

    /// What was said to its caller: warnings of rules and budgets.
    pub fn warnings(&self) -> impl Iterator<Item = &Arc<str>> {
        self.case.decision.marks.iter().filter_map(|mark| match mark {
            Mark::Warned { message, .. } => Some(message),
            Mark::Flagged { .. }
            | Mark::Observed { .. }
            | Mark::Downgraded { .. }
            | Mark::Clipped { .. } => None,
        })
    }

    /// What the tightest budget has left, this call's hold taken off.
    #[must_use]
    pub fn remaining(&self) -> Option<Usd> {
        self.holding.standings.iter().map(Standing::left).min()
    }

    /// The budget that may be passed most, and by how much, should every call in flight cost its
    /// bound.
    #[must_use]
    pub fn overshoot(&self) -> Option<(&Budget, Usd)> {
        let Overshoot { budget, by } = self.holding.overshoot?;
        Some((self.case.snapshot.budgets.get(budget)?, by))
    }

    /// Says that the call is still under way.
    pub fn beat(&self, now: Timestamp) {
        self.ledger.beat(self.holding.id, now);
    }

    /// Ends the attempt and the call.
    pub fn finish(mut self, ending: Ending, answered: Answered) -> Closed {
        self.close(ending, answered)
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
        let closed = self.close(ending, answered);
        pause.await;
        self.case.reopen(closed.attempts.clone());
        let sent = match pass(&self.ledger, &mut self.case).await {
            Ok(held) => commit(held, &mut self.case).await,
            Err(refusal) => Err(refusal),
        };
        let (holding, draft) = sent.map_err(|refusal| Box::new(NotAgain { refusal, closed }))?;
        (self.holding, self.draft, self.armed) = (holding, draft, true);
        Ok(self)
    }
}

/// An owner that vanished leaves a call that may have cost anything up to its hold.
impl Drop for Admitted {
    fn drop(&mut self) {
        if self.armed {
            let why = PresumeReason::OwnerLost;
            let ending = Ending::Unknown { why, output_seen: None, complete: false };
            self.close(ending, Answered::default());
        }
    }
}
