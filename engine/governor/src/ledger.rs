//! What the flow asks of a ledger, and the guard that a hold comes in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::words::words;
use crate::{
    Budgets, Cost, Name, Picos, ReadKey, Readings, Scope, Scopes, Standing, Transaction, Usage,
    Usd, Window, form,
};

/// Names a hold within one ledger's life. Never zero, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HoldId(pub u64);

/// One counter that a hold touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose spend.
    pub scope: Scope,
    /// Over which time.
    pub window: Window,
    /// The budget that asks, by its index; `None` for a counter that is only read.
    pub budget: Option<usize>,
}

/// What a call asks a ledger to set aside, in every scope at once or not at all.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The caller's organization. Scopes are names in it: those of another organization are others,
    /// whatever they are called.
    pub organization: &'a Name,
    /// The budgets that claims point into.
    pub budgets: &'a Budgets,
    /// Every scope the call touches, claimed or not: its charge is posted to all of them.
    pub scopes: Scopes,
    /// Every counter to hold in: budgets first, then one per entry of `reads` that has a scope.
    pub claims: SmallVec<[Claim; 8]>,
    /// What the judge reads, in its order.
    pub reads: &'a [ReadKey],
    /// The vendor and model, for budgets that hold what is typical.
    pub model: (&'a str, &'a str),
    /// The most the call can cost.
    pub bound: Usd,
    /// The organization's time zone, for calendar windows.
    pub zone: &'a TimeZone,
    /// When it is asked. A ledger with a clock of its own times the hold by that.
    pub now: Timestamp,
}

/// A hold as the ledger grants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its name.
    pub id: HoldId,
    /// What was set aside: the most that any budget holds for it.
    pub held: Usd,
    /// One reading per entry of the ask's `reads`; a scope the caller has not reads zero.
    pub readings: Readings,
    /// One per claim of a budget.
    pub standings: SmallVec<[Standing; 4]>,
    /// The budget that may be passed most, should every call in flight cost its bound.
    pub overshoot: Option<Overshoot>,
}

/// How far a budget that holds what is typical may be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overshoot {
    /// Which budget, by its index in the snapshot.
    pub budget: usize,
    /// Beyond its limit.
    pub by: Usd,
}

/// Why a hold was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unheld {
    /// A budget does not suffice.
    Short(Short),
    /// A counter is not in memory, or no longer: it must be made ready first.
    Missing,
}

/// Which budget does not suffice: the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// How that budget stands, without this call.
    pub standing: Standing,
    /// When this call would fit at the earliest, if nothing else is spent.
    pub fits_at: Option<Timestamp>,
    /// Whether it would fit if the calls in flight turned out to cost nothing.
    pub only_in_flight: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cbor(flat)]
pub enum End {
    /// The vendor said what was used, and it has a price.
    #[n(0)]
    Settled {
        /// The tokens.
        #[n(0)]
        usage: Usage,
        /// What they cost.
        #[n(1)]
        charged: Usd,
    },
    /// The vendor charges nothing.
    #[n(1)]
    Voided {
        /// Why nothing.
        #[n(0)]
        why: VoidReason,
    },
    /// The vendor may charge, and nobody knows how much.
    #[n(2)]
    Presumed {
        /// What is taken to be the cost.
        #[n(0)]
        charged: Usd,
        /// Why it is not known.
        #[n(1)]
        why: PresumeReason,
    },
}

/// Why an attempt costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidReason {
    /// A policy or a budget stopped it.
    Blocked,
    /// The caller left before anything was sent.
    Abandoned,
    /// No connection to the vendor.
    NotConnected,
    /// The vendor refused it (4xx and 429).
    VendorRefused,
    /// The vendor failed before it answered (5xx), or its answer says so, or is empty.
    VendorFailed,
    /// Nothing was dispatched before the hold's life ended.
    Expired,
}

/// Why the cost of an attempt is presumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresumeReason {
    /// No answer in time, after the request was sent.
    Timeout,
    /// The connection broke after the request was sent.
    Reset,
    /// A status of somebody in front of the model who gave it up after the request was sent, such
    /// as 504: the model may go on.
    UpstreamFailed,
    /// The answer says that it failed, after output had come.
    AnswerFailed,
    /// The answer carried no usage.
    UsageMissing,
    /// The answer's usage cannot be believed. Negative or not a number: nobody knows the cost, and
    /// the hold is charged. Beyond all measure: the bill may be more than the hold, and several
    /// times the bound is charged at the most.
    UsageAbsurd,
    /// The model that answered has no price.
    AnswerUnpriced,
    /// The caller left and the rest of the answer was not waited for.
    DrainCut,
    /// The process died with the call in flight.
    ProcessLost,
    /// The call lost its owner, or outlived its hold.
    OwnerLost,
}

/// What a charge was made of, for the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Charge {
    /// The charge.
    #[cbor(n(0), skip_if = "form::is_default")]
    pub total: Usd,
    /// Input, unrounded.
    #[cbor(n(1), skip_if = "form::is_default")]
    pub input: Picos,
    /// Output, unrounded.
    #[cbor(n(2), skip_if = "form::is_default")]
    pub output: Picos,
    /// Fees, unrounded.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub fees: Picos,
}

/// What came of finishing an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The end that holds: the first one, however often an attempt is finished.
    pub end: End,
    /// What was charged beyond the hold.
    pub overage: Usd,
    /// How each budget stands now.
    pub standings: SmallVec<[Standing; 4]>,
    /// Warning percentages that this charge reached, each with its budget's index.
    pub reached: SmallVec<[(usize, u32); 2]>,
}

/// Why a ledger cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A write failed; nothing is admitted until the process starts anew.
    #[error("the ledger has stopped: {0}")]
    Stopped(Arc<str>),
    /// More calls wait for the disk than it can carry.
    #[error("the ledger is overloaded")]
    Overloaded,
    /// The hold is no longer there: it outlived its life before it was dispatched.
    #[error("the hold has expired")]
    Expired,
}

/// A wait of a ledger. Boxed, so that which ledger it is need be known only where one is opened: it
/// stands beside a read or a write.
pub type LedgerFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Who holds and spends what.
pub trait Ledger: fmt::Debug + Send + Sync + 'static {
    /// Brings every counter that `ask` needs into memory; a matter of nanoseconds where they are.
    ///
    /// # Errors
    /// When what was kept cannot be read.
    fn ready<'a>(&'a self, ask: &'a Ask<'_>) -> LedgerFuture<'a>;

    /// Sets `ask.bound` aside in every claim, or in none.
    ///
    /// # Errors
    /// The first budget that does not suffice, or a counter that was forgotten since
    /// [`Ledger::ready`]: what was spent must never count from zero.
    fn hold(&self, ask: &Ask<'_>) -> Result<Holding, Unheld>;

    /// Changes a hold that was not dispatched to what `ask` says, keeping its id.
    ///
    /// # Errors
    /// As [`Ledger::hold`]; the hold then stays as it was.
    fn amend(&self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Unheld>;

    /// Lets go of a hold that was not dispatched, or whose dispatch nobody waited for to the end:
    /// nothing was sent then.
    fn void(&self, id: HoldId, why: VoidReason);

    /// Makes the intent durable: once this answers, a crash presumes the call.
    ///
    /// # Errors
    /// When it could not be made durable; the hold is then voided and nothing may be sent.
    fn dispatch<'a>(&'a self, id: HoldId, draft: &'a Transaction) -> LedgerFuture<'a>;

    /// Ends an attempt. Never refused; a second end gives the first one's receipt, except that
    /// usage which comes late corrects a presumed charge. With `record`, the call ends with it.
    fn finish(&self, id: HoldId, end: End, now: Timestamp, record: Option<&Transaction>)
    -> Receipt;

    /// Keeps the record of a call that ends without an attempt, such as a blocked one.
    fn record(&self, record: &Transaction);

    /// Says that a dispatched call is still alive.
    fn beat(&self, id: HoldId, now: Timestamp);
}

/// A hold that was not dispatched. Dropping it lets go of the money.
#[derive(Debug)]
pub struct Held {
    ledger: Arc<dyn Ledger>,
    holding: Holding,
    /// Why the money is let go, should this be dropped.
    on_drop: Option<VoidReason>,
}

// === impl End ===

impl End {
    /// What the attempt costs.
    #[must_use]
    pub const fn charged(&self) -> Usd {
        match self {
            Self::Settled { charged, .. } | Self::Presumed { charged, .. } => *charged,
            Self::Voided { .. } => Usd::ZERO,
        }
    }
}

// === impl VoidReason ===

words!(VoidReason {
    Blocked = 0 "blocked",
    Abandoned = 1 "abandoned",
    NotConnected = 2 "not_connected",
    VendorRefused = 3 "vendor_refused",
    VendorFailed = 4 "vendor_failed",
    Expired = 5 "expired",
});

// === impl PresumeReason ===

words!(PresumeReason {
    Timeout = 0 "timeout",
    Reset = 1 "reset",
    UpstreamFailed = 2 "upstream_failed",
    AnswerFailed = 3 "answer_failed",
    UsageMissing = 4 "usage_missing",
    UsageAbsurd = 5 "usage_absurd",
    AnswerUnpriced = 6 "answer_unpriced",
    DrainCut = 7 "drain_cut",
    ProcessLost = 8 "process_lost",
    OwnerLost = 9 "owner_lost",
});

// === impl Held ===

impl Held {
    pub(crate) fn take(ledger: &Arc<dyn Ledger>, ask: &Ask<'_>) -> Result<Self, Unheld> {
        let holding = ledger.hold(ask)?;
        Ok(Self { ledger: Arc::clone(ledger), holding, on_drop: Some(VoidReason::Abandoned) })
    }

    pub(crate) fn amend(&mut self, ask: &Ask<'_>) -> Result<(), Unheld> {
        self.holding = self.ledger.amend(self.holding.id, ask)?;
        Ok(())
    }

    /// The hold and what was read when it was taken.
    #[must_use]
    pub const fn holding(&self) -> &Holding {
        &self.holding
    }

    pub(crate) fn void(mut self, why: VoidReason) {
        self.on_drop = Some(why);
    }

    /// Makes the intent durable; from then on the caller answers for the end of the attempt.
    pub(crate) async fn dispatch(mut self, draft: &Transaction) -> Result<Holding, Fault> {
        self.ledger.dispatch(self.holding.id, draft).await?;
        self.on_drop = None;
        Ok(self.holding.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(why) = self.on_drop {
            self.ledger.void(self.holding.id, why);
        }
    }
}

// === impl Charge ===

impl From<Cost> for Charge {
    fn from(cost: Cost) -> Self {
        Self { total: cost.total, input: cost.input, output: cost.output, fees: cost.fees }
    }
}
