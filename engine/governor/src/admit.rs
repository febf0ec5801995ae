//! The flow of a governed call, from its facts to the proof that it may be sent.
//!
//! ```text
//! Asking ──▶ judge ─┬─ block ─────────────────────────────▶ Turned (recorded)
//!    ▲        ▲     ├─ amend: new price, rules start again ─┐
//!    │        └─────┼──────────────────────────────────────┘
//!    │              ├─ needs spend ─▶ hold ─▶ judge goes on, on the hold's own readings
//!    │              │                  └─ short ─▶ clip, downgrade, or Turned
//!    │              └─ pass ─▶ hold, unless held ─▶ commit ─▶ Admitted
//!    └──────────────────────── the vendor failed, try again ─────┘
//! ```
//!
//! INVARIANT: money is set aside before a rule reads spend, so that of all admitted calls the last
//! one to hold saw every other. INVARIANT: nothing is sent before its intent is durable, and only
//! an [`Admitted`] can be sent. Dropping anything on the way lets go of the money.

use std::sync::Arc;

use jiff::Timestamp;

use crate::admitted::Admitted;
use crate::case::{Case, Next};
use crate::{
    Call, Clock, DecidedBy, Fault, Held, Holding, Identity, Latency, Ledger, Looked, Refusal,
    Snapshot, Text, Transaction, TransactionId, Unheld, VoidReason,
};

/// How often a call may be judged on its way before it is stopped.
///
/// A judge is asked again after a hold, after a change, and after a change that has no effect. No
/// policy comes near it: a hundred rules that clip to what is left, looked at anew after each of
/// the four changes a call may have, ask some five hundred times. A judge that asks more goes round
/// in circles, and would do so for ever.
pub(crate) const ROUNDS_MAX: usize = 512;
/// How often a hold may find a counter missing: once where nobody has used it lately. More
/// often, and it is forgotten in the instant after it was made ready: the memory for counters is
/// too small.
pub(crate) const READIES_MAX: usize = 3;

/// A call that asks to be made: who, what, and when it came.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Its id from now on.
    pub id: TransactionId,
    /// Who calls.
    pub identity: Arc<Identity>,
    /// What is asked.
    pub call: Call,
    /// When it came.
    pub at: Timestamp,
    /// Where the time went so far.
    pub latency: Latency,
    /// What counts its text, should the bytes of it not fit into a budget.
    pub text: Option<Arc<dyn Text>>,
}

/// A call that was turned away. Its record is already kept.
#[derive(Clone, Debug)]
pub struct Turned {
    /// Its id.
    pub id: TransactionId,
    /// Why.
    pub refusal: Refusal,
    /// The rules that could not say whether they match.
    pub erred: Vec<DecidedBy>,
}

/// A call that waits for its counters. Its client may leave meanwhile: it still leaves a record.
struct Waiting<'a> {
    ledger: &'a Arc<dyn Ledger>,
    case: &'a Case,
}

/// Decides whether a call may be made, and with which model; sets its money aside.
///
/// # Errors
/// The refusal to answer with; the call's record is kept by then.
pub async fn admit(
    ledger: &Arc<dyn Ledger>,
    clock: &Arc<dyn Clock>,
    snapshot: &Arc<Snapshot>,
    asking: Asking,
) -> Result<Admitted, Box<Turned>> {
    let mut case = Case::open(Arc::clone(snapshot), Arc::clone(clock), asking);
    let sent = match pass(ledger, &mut case).await {
        Ok(held) => commit(held, &mut case).await,
        Err(refusal) => Err(refusal),
    };
    match sent {
        Ok((holding, draft)) => Ok(Admitted::new(Arc::clone(ledger), holding, draft, case)),
        Err(refusal) => Err(turn(ledger, &case, refusal)),
    }
}

/// Judges and holds until the call may go or must not. What it was judged on is what it holds.
pub(crate) async fn pass(ledger: &Arc<dyn Ledger>, case: &mut Case) -> Result<Held, Refusal> {
    let mut held: Option<Held> = None;
    let refusal = match judge(ledger, case, &mut held).await {
        Err(refusal) => refusal,
        Ok(()) => match held.take() {
            Some(held) => return Ok(held),
            None => unheld(),
        },
    };
    held.into_iter().for_each(|held| held.void(VoidReason::Blocked));
    Err(refusal)
}

/// Asks the judge, round after round, until it has nothing more to say.
///
/// INVARIANT: it ends, whatever the judge answers: anybody may write one.
async fn judge(
    ledger: &Arc<dyn Ledger>,
    case: &mut Case,
    held: &mut Option<Held>,
) -> Result<(), Refusal> {
    for _ in 0..ROUNDS_MAX {
        match case.judge(held.as_ref().map(Held::holding)) {
            Next::Block(refusal) => return Err(refusal),
            Next::Again => {}
            Next::Hold => hold(ledger, case, held).await?,
            Next::Go => return Ok(()),
        }
    }
    Err(case.circling())
}

/// Takes the hold, or changes it to what the call has become. Where a budget falls short and the
/// call is changed for it, the hold stays as it was.
async fn hold(
    ledger: &Arc<dyn Ledger>,
    case: &mut Case,
    held: &mut Option<Held>,
) -> Result<(), Refusal> {
    for _ in 0..READIES_MAX {
        let ask = case.ask()?;
        let started = case.clock.monotonic();
        let outcome = match held {
            None => Held::take(ledger, &ask).map(|taken| held.insert(taken).holding()),
            Some(ours) => ours.amend(&ask).map(|()| ours.holding()),
        };
        case.spent_holding(started);
        match outcome {
            Ok(holding) => {
                case.held(holding);
                return Ok(());
            }
            Err(Unheld::Short(short)) => return case.exceeded(&short),
            Err(Unheld::Missing) => {
                let ask = case.ask()?;
                let waiting = Waiting { ledger, case };
                let made_ready = ledger.ready(&ask).await;
                waiting.over();
                made_ready.map_err(|fault| unavailable(&fault))?;
            }
        }
    }
    Err(forgotten())
}

/// Makes the intent durable: the only wait for the disk. The hold that may be sent, and the record
/// so far.
pub(crate) async fn commit(
    held: Held,
    case: &mut Case,
) -> Result<(Holding, Box<Transaction>), Refusal> {
    let mut draft = case.draft(held.holding());
    let started = case.clock.monotonic();
    let holding = held.dispatch(&draft).await.map_err(|fault| unavailable(&fault))?;
    // WHY: whoever counts a text holds the request, which is not kept once it may go.
    case.asking.text = None;
    case.latency.commit_us += case.since(started);
    draft.latency = case.latency;
    Ok((holding, draft))
}

/// Keeps the record of a call that is refused before it can be judged, such as one that cannot be
/// read.
pub fn turn_away(
    ledger: &Arc<dyn Ledger>,
    clock: &Arc<dyn Clock>,
    snapshot: &Arc<Snapshot>,
    asking: Asking,
    refusal: Refusal,
) -> Box<Turned> {
    turn(ledger, &Case::open(Arc::clone(snapshot), Arc::clone(clock), asking), refusal)
}

/// A call that was tried before has its record: it ended with its last attempt.
fn turn(ledger: &Arc<dyn Ledger>, case: &Case, refusal: Refusal) -> Box<Turned> {
    let id = case.asking.id;
    if case.attempts.is_empty() {
        ledger.record(&case.refused(&refusal));
    }
    let erred = case.decision.trace.erred().map(Looked::by).collect();
    Box::new(Turned { id, refusal, erred })
}

// === impl Waiting ===

impl Waiting<'_> {
    fn over(self) {
        std::mem::forget(self);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.case.attempts.is_empty() {
            self.ledger.record(&self.case.left());
        }
    }
}

fn unheld() -> Refusal {
    Refusal::Internal { what: "the rules let a call go that holds no money".into() }
}

fn forgotten() -> Refusal {
    let what = "what was spent is forgotten as soon as it is read: there are too many callers";
    Refusal::Unavailable { what: what.into() }
}

fn unavailable(fault: &Fault) -> Refusal {
    Refusal::Unavailable { what: fault.to_string() }
}

#[cfg(test)]
mod tests;
