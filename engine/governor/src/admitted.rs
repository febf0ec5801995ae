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
    Accuracy, Attempt, Budget, Call, Charge, Holding, Identity, Ledger, Overshoot, PresumeReason,
    Receipt, Refusal, Snapshot, Standing, Status, Transaction, Usage, Usd, VoidReason,
};

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

    /// The budget that may be passed most, and by how much, should every call in flight cost its
    /// bound.
    #[must_use]
    pub fn overshoot(&self) -> Option<(&Budget, Usd)> {
        let open = self.open.as_ref()?;
        let Overshoot { budget, by } = open.holding.overshoot?;
        Some((open.case.snapshot.budgets.get(budget)?, by))
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
