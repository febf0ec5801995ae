//! Carrying a call: one attempt after another, until an answer is on its way to the client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Request};
use http_body_util::Full;
use reins_dialects::{Billing, Dialect, Read};
use reins_governor::{Admitted, Answered, Call, Clock, Closed, Refusal};
use tokio::time::sleep;

use crate::arrive::Arrival;
use crate::attempt::{Instead, Tried, Unanswered};
use crate::notice::Notice;
use crate::report::About;
use crate::tap::Tap;
use crate::{Crew, Presence, Terms, Transport, outcome, report};

/// How long to wait before the first and the second retry.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// Makes the request for a call as it was admitted.
pub type Pack = Box<dyn Fn(&Call) -> Request<Full<Bytes>> + Send + Sync>;

/// A call and everything needed to carry it.
pub struct Freight<T: Transport> {
    /// The proof that it may be sent.
    pub admitted: Admitted,
    /// The way to the vendor.
    pub transport: Arc<T>,
    /// Makes the request for the call as it was admitted.
    pub pack: Pack,
    /// The wire format of the vendor's endpoint.
    pub dialect: Arc<dyn Dialect>,
    /// How the request was read.
    pub read: Arc<Read>,
    /// Times, sizes, retries.
    pub terms: Terms,
    /// What all flights share.
    pub crew: Crew,
    /// Whether the client still waits for the answer.
    pub client: Presence,
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
        notice: Notice,
        /// What to answer instead.
        refusal: Refusal,
        /// Attempts before the last.
        retries: u32,
        /// What it cost all the same.
        closed: Box<Closed>,
    },
}

/// Carries a call to its vendor. Run it as [`Crew::outlive`]: the client may leave at any time, and
/// the call still ends with the right charge.
pub async fn carry<T: Transport>(mut freight: Freight<T>) -> Carried {
    let mut retries = 0;
    report::begun(&freight.admitted);
    loop {
        let notice = Notice::of(&freight.admitted);
        let sent = freight.clock.monotonic();
        let tried = freight.attempt().await;
        let answered = freight.answered(&tried, sent);
        let unanswered = match tried {
            Tried::Unanswered(unanswered) => unanswered,
            Tried::Answer(response) => {
                let arrival = Arrival { notice, sent, answered, retries };
                return freight.arrive(arrival, response).await;
            }
        };
        // A second attempt would cost money for an answer that no client gets.
        let may_repeat = outcome::row(unanswered.seen).again && freight.client.is_here();
        if retries == freight.terms.retries || !may_repeat {
            return freight.give_up(notice, unanswered, answered, retries);
        }
        let ending = outcome::unanswered(unanswered.seen);
        let pause = sleep(retry_delay(retries));
        let about = About::of(&freight.admitted);
        match freight.admitted.again(ending, answered, pause).await {
            Ok(admitted) => freight.admitted = admitted,
            Err(not_again) => {
                about.report(&not_again.closed);
                // A retry was refused: what the attempt before brought goes back.
                return unanswered.carried(notice, not_again.closed, retries);
            }
        }
        retries += 1;
    }
}

// === impl Freight ===

impl<T: Transport> Freight<T> {
    /// What the vendor bills of answers that do not come to their end.
    pub(crate) fn billing(&self) -> Billing {
        self.dialect.family().billing(&self.read.call.vendor)
    }

    /// Ends the call with an attempt that brought no answer.
    fn give_up(
        self,
        notice: Notice,
        unanswered: Unanswered,
        answered: Answered,
        retries: u32,
    ) -> Carried {
        let ending = outcome::unanswered(unanswered.seen);
        let closed = report::finish(self.admitted, ending, answered);
        unanswered.carried(notice, closed, retries)
    }
}

// === impl Unanswered ===

impl Unanswered {
    /// What goes back of a call that ended with this attempt: the vendor's own error, where it gave
    /// one.
    fn carried(self, notice: Notice, closed: Closed, retries: u32) -> Carried {
        let closed = Box::new(closed);
        match self.instead {
            Instead::Error { head, body } => Carried::Whole { notice, head, body, closed },
            Instead::Refusal(refusal) => Carried::Failed { notice, refusal, retries, closed },
        }
    }
}

fn retry_delay(retries: u32) -> Duration {
    let index = usize::try_from(retries).unwrap_or(usize::MAX);
    RETRY_DELAYS.get(index).or(RETRY_DELAYS.last()).copied().unwrap_or_default()
}

pub(crate) fn micros_since(clock: &dyn Clock, started: Duration) -> u64 {
    let elapsed = clock.monotonic().saturating_sub(started);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
