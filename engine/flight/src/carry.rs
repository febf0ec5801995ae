//! Carrying a call: one attempt after another, until an answer is on its way to the client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Request};
use http_body_util::Full;
use reins_dialects::{Billing, Dialect, Read};
use reins_governor::{Admitted, Call, Clock, Closed, Ledger, NotAgain, Refusal};
use tokio::time::sleep;

use crate::arrive::Arrival;
use crate::attempt::Tried;
use crate::notice::Notice;
use crate::report::About;
use crate::tap::Tap;
use crate::{Crew, Terms, Transport, outcome, report};

/// How long to wait before the first and the second retry.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// Makes the request for a call as it was admitted.
pub type Pack = Box<dyn Fn(&Call) -> Request<Full<Bytes>> + Send + Sync>;

/// A call and everything needed to carry it.
pub struct Freight<L: Ledger, T: Transport> {
    /// The proof that it may be sent.
    pub admitted: Admitted<L>,
    /// The way to the vendor.
    pub transport: Arc<T>,
    /// Makes the request for the call as it was admitted.
    pub pack: Pack,
    /// How the vendor speaks.
    pub dialect: &'static dyn Dialect,
    /// How the request was read.
    pub read: Arc<Read>,
    /// Times, sizes, retries.
    pub terms: Terms,
    /// What all flights share.
    pub crew: Crew,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Makes trailers from a receipt, where the client asked for some.
    pub trailers: Option<fn(&Closed) -> HeaderMap>,
}

/// What came of carrying a call.
#[derive(Debug)]
pub enum Carried {
    /// The whole answer, or the vendor's own error; the call has ended.
    Whole {
        /// What to tell the client of the decision.
        notice: Notice,
        /// The vendor's head.
        head: Box<Parts>,
        /// Its body.
        body: Bytes,
        /// What it cost.
        closed: Box<Closed>,
    },
    /// An answer on its way; its owner ends the call.
    Streaming {
        /// What to tell the client of the decision.
        notice: Notice,
        /// The vendor's head.
        head: Box<Parts>,
        /// Its body.
        tap: Tap,
        /// Attempts before this one.
        retries: u32,
    },
    /// No answer; the call has ended.
    Failed {
        /// What to tell the client of the decision.
        notice: Option<Notice>,
        /// What to answer instead.
        refusal: Refusal,
        /// Attempts before the last.
        retries: u32,
        /// What it cost all the same.
        closed: Option<Box<Closed>>,
    },
}

/// Carries a call to its vendor. Run it as [`Crew::outlive`]: the client may leave at any time, and
/// the call still ends with the right charge.
pub async fn carry<L: Ledger, T: Transport>(mut freight: Freight<L, T>) -> Carried {
    let mut retries = 0;
    report::begun(&freight.admitted);
    loop {
        let Some(notice) = Notice::of(&freight.admitted) else { return ended_before(retries) };
        let sent = freight.clock.monotonic();
        let tried = freight.attempt().await;
        let mut answered = freight.answered(&tried, sent);
        let again = retries < freight.terms.retries && tried.may_be_repeated();
        match tried {
            Tried::Answer(response) => {
                let arrival = Arrival { notice, sent, answered, retries };
                return freight.arrive(arrival, response).await;
            }
            tried @ (Tried::Declined { .. } | Tried::Nothing { .. }) if again => {
                let ending = freight.ending(&tried);
                let pause = sleep(retry_delay(retries));
                let about = About::of(&freight.admitted);
                match freight.admitted.again(ending, answered, pause).await {
                    Ok(admitted) => freight.admitted = admitted,
                    Err(not_again) => {
                        if let (Some(about), Some(closed)) = (about, &not_again.closed) {
                            about.report(closed);
                        }
                        return given_up(notice, tried, *not_again, retries);
                    }
                }
                retries += 1;
            }
            Tried::Declined { head, body } => {
                answered.total_us = micros_since(&*freight.clock, sent);
                let ending = outcome::refused(head.status.as_u16(), freight.billing());
                return match report::finish(freight.admitted, ending, answered) {
                    Some(closed) => Carried::Whole { notice, head, body, closed: closed.into() },
                    None => ended_before(retries),
                };
            }
            Tried::Nothing { ending, refusal, .. } => {
                let closed = report::finish(freight.admitted, ending, answered).map(Box::new);
                return Carried::Failed { notice: Some(notice), refusal, retries, closed };
            }
        }
    }
}

// === impl Freight ===

impl<L: Ledger, T: Transport> Freight<L, T> {
    /// What the vendor bills of answers that do not come to their end.
    pub(crate) fn billing(&self) -> Billing {
        self.dialect.billing(&self.read.call.vendor)
    }
}

fn retry_delay(retries: u32) -> Duration {
    let index = usize::try_from(retries).unwrap_or(usize::MAX);
    RETRY_DELAYS.get(index).or(RETRY_DELAYS.last()).copied().unwrap_or_default()
}

pub(crate) fn ended_before(retries: u32) -> Carried {
    let refusal = Refusal::Internal { what: "a call ended twice".into() };
    Carried::Failed { notice: None, refusal, retries, closed: None }
}

/// A retry was refused: the vendor's own error goes back, where it gave one.
fn given_up(notice: Notice, tried: Tried, not_again: NotAgain, retries: u32) -> Carried {
    match (tried, not_again.closed) {
        (Tried::Declined { head, body }, Some(closed)) => {
            Carried::Whole { notice, head, body, closed: closed.into() }
        }
        (Tried::Nothing { refusal, .. }, closed) => {
            let closed = closed.map(Box::new);
            Carried::Failed { notice: Some(notice), refusal, retries, closed }
        }
        (Tried::Declined { .. } | Tried::Answer(_), closed) => {
            let (refusal, closed) = (not_again.refusal, closed.map(Box::new));
            Carried::Failed { notice: Some(notice), refusal, retries, closed }
        }
    }
}

pub(crate) fn micros_since(clock: &dyn Clock, started: Duration) -> u64 {
    let elapsed = clock.monotonic().saturating_sub(started);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
