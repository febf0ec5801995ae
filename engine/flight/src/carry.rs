//! Carrying a call: one attempt after another, until an answer is on its way to the client.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use reins_dialects::{Billing, Dialect, Meter, Read};
use reins_governor::{
    Admitted, Answered, Call, Clock, Closed, Ending, Ledger, NotAgain, PresumeReason, Refusal,
    VoidReason,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::metering::Metering;
use crate::notice::Notice;
use crate::outcome::{self, BodyEnd};
use crate::owner::{Lag, Owner};
use crate::tap::{Tap, Trailers};
use crate::{BoxedBody, Crew, Terms, Transport, TransportError, report};

/// How long to wait before the first and the second retry.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// The largest error answer that is passed on, in bytes: vendors' errors are a few hundred.
const ERROR_MAX: usize = 1024 * 1024;

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
    },
}

/// What came of one attempt.
enum Tried {
    /// The head of an answer.
    Answer(Response<BoxedBody>),
    /// The vendor said no, in its own words.
    Declined { head: Box<Parts>, body: Bytes },
    /// Nothing that could be passed on.
    Nothing { status: Option<u16>, ending: Ending, refusal: Refusal },
}

/// Carries a call to its vendor. Run it as [`Crew::outlive`]: the client may leave at any time, and
/// the call still ends with the right charge.
pub async fn carry<L: Ledger, T: Transport>(mut freight: Freight<L, T>) -> Carried {
    let mut retries = 0;
    loop {
        let Some(notice) = Notice::of(&freight.admitted) else { return ended_before(retries) };
        let sent = freight.clock.monotonic();
        let tried = freight.attempt().await;
        let mut answered = freight.answered(&tried, sent);
        let again = retries < freight.terms.retries && may_retry(&tried);
        match tried {
            Tried::Answer(response) => {
                return freight.arrive(notice, response, sent, answered, retries).await;
            }
            tried @ (Tried::Declined { .. } | Tried::Nothing { .. }) if again => {
                let ending = freight.ending(&tried);
                let pause = sleep(retry_delay(retries));
                match freight.admitted.again(ending, answered, pause).await {
                    Ok(admitted) => freight.admitted = admitted,
                    Err(not_again) => return given_up(notice, tried, *not_again, retries),
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
                report::finish(freight.admitted, ending, answered);
                return Carried::Failed { notice: Some(notice), refusal, retries };
            }
        }
    }
}

// === impl Freight ===

impl<L: Ledger, T: Transport> Freight<L, T> {
    fn billing(&self) -> Billing {
        self.dialect.billing(&self.read.call.vendor)
    }

    /// What meters the answer to the call as it was sent.
    fn meter(&self) -> Box<dyn Meter> {
        self.dialect.meter(&self.read, self.admitted.call().unwrap_or(&self.read.call))
    }

    /// Sends the call once.
    async fn attempt(&self) -> Tried {
        let Some(call) = self.admitted.call() else { return not_admitted() };
        let sending = self.transport.send((self.pack)(call));
        match timeout(self.terms.headers_timeout, sending).await {
            Err(_) => timed_out(self.terms.headers_timeout),
            Ok(Err(error)) => no_answer(&error),
            Ok(Ok(response)) if response.status().is_success() => Tried::Answer(response),
            Ok(Ok(response)) => self.declined(response).await,
        }
    }

    async fn declined(&self, response: Response<BoxedBody>) -> Tried {
        let (head, body) = response.into_parts();
        let head = Box::new(head);
        if head.status.is_redirection() || head.status.is_informational() {
            let what = format!("it answered {} instead of an answer", head.status.as_u16());
            let ending = Ending::Free(VoidReason::VendorRefused);
            let status = Some(head.status.as_u16());
            return Tried::Nothing { status, ending, refusal: Refusal::VendorError { what } };
        }
        let body = collect(body, self.terms.idle_timeout, ERROR_MAX).await;
        Tried::Declined { head, body: body.read() }
    }

    fn answered(&self, tried: &Tried, sent: Duration) -> Answered {
        let status = match tried {
            Tried::Answer(response) => Some(response.status().as_u16()),
            Tried::Declined { head, .. } => Some(head.status.as_u16()),
            Tried::Nothing { status, .. } => *status,
        };
        Answered { status, first_byte_us: micros_since(&*self.clock, sent), total_us: 0 }
    }

    fn ending(&self, tried: &Tried) -> Ending {
        match tried {
            Tried::Nothing { ending, .. } => ending.clone(),
            Tried::Declined { head, .. } => outcome::refused(head.status.as_u16(), self.billing()),
            Tried::Answer(_) => outcome::unknown(PresumeReason::OwnerLost, None, false),
        }
    }

    /// An answer is there: whole if it is JSON of a bearable size, else as it comes.
    async fn arrive(
        self,
        notice: Notice,
        response: Response<BoxedBody>,
        sent: Duration,
        answered: Answered,
        retries: u32,
    ) -> Carried {
        let (head, body) = response.into_parts();
        let head = Box::new(head);
        if is_event_stream(&head.headers) {
            return self.stream(notice, head, body, VecDeque::new(), (sent, answered, retries));
        }
        let kept = collect(body, self.terms.idle_timeout, self.terms.whole_max).await;
        if let Collected::TooLarge(prefix, rest) = kept {
            return self.stream(notice, head, rest, prefix, (sent, answered, retries));
        }
        self.whole(notice, head, kept, sent, answered, retries)
    }

    fn whole(
        self,
        notice: Notice,
        head: Box<Parts>,
        kept: Collected,
        sent: Duration,
        mut answered: Answered,
        retries: u32,
    ) -> Carried {
        let end = kept.end();
        let body = kept.read();
        let mut metering = Metering::new(self.meter(), encoding(&head.headers));
        metering.feed(&body);
        answered.total_us = micros_since(&*self.clock, sent);
        let billing = self.billing();
        let ending = outcome::answered(metering.finish(), end, billing, false);
        let Some(closed) = report::finish(self.admitted, ending, answered) else {
            return ended_before(retries);
        };
        if end == BodyEnd::Whole {
            return Carried::Whole { notice, head, body, closed: closed.into() };
        }
        let what = "its answer broke off".to_owned();
        Carried::Failed { notice: Some(notice), refusal: Refusal::VendorError { what }, retries }
    }

    fn stream(
        self,
        notice: Notice,
        head: Box<Parts>,
        body: BoxedBody,
        prefix: VecDeque<Bytes>,
        (sent, answered, retries): (Duration, Answered, u32),
    ) -> Carried {
        let encoding = encoding(&head.headers);
        // A compressed answer passes as it is: nothing can be taken out of it.
        let filter = encoding.is_none().then(|| self.dialect.filter(&self.read)).flatten();
        let metering = Metering::new(self.meter(), encoding);
        let (events, listening) = mpsc::unbounded_channel();
        let (closed, receipt) = oneshot::channel();
        let lag = Arc::new(Lag::default());
        let idle = self.terms.idle_timeout;
        let mut tap = Tap::new(body, prefix, filter, events, Arc::clone(&lag), idle);
        if let Some(make) = self.trailers {
            let make: Trailers = Box::new(make);
            tap = tap.with_trailers(receipt, make);
        }
        let billing = self.billing();
        // What came decides, whatever was asked for: an answer in one piece is made in one piece.
        let streams = is_event_stream(&head.headers);
        let owner = Owner {
            admitted: self.admitted,
            metering,
            billing,
            streams,
            clock: self.clock,
            terms: self.terms,
            crew: self.crew.clone(),
            lag,
            sent,
            answered,
        };
        self.crew.owners.spawn(owner.follow(listening, closed));
        Carried::Streaming { notice, head, tap, retries }
    }
}

/// A body that was read, as far as it went.
enum Collected {
    Whole(Bytes),
    Short(Bytes, BodyEnd),
    TooLarge(VecDeque<Bytes>, BoxedBody),
}

// === impl Collected ===

impl Collected {
    const fn end(&self) -> BodyEnd {
        match self {
            Self::Short(_, end) => *end,
            Self::Whole(_) | Self::TooLarge(..) => BodyEnd::Whole,
        }
    }

    /// What was read.
    fn read(self) -> Bytes {
        match self {
            Self::Whole(bytes) | Self::Short(bytes, _) => bytes,
            Self::TooLarge(pieces, _) => joined(pieces),
        }
    }
}

async fn collect(mut body: BoxedBody, idle: Duration, max: usize) -> Collected {
    let mut pieces = VecDeque::new();
    let mut size = 0_usize;
    loop {
        match timeout(idle, body.frame()).await {
            Err(_) => return Collected::Short(joined(pieces), BodyEnd::Idle),
            Ok(None) => return Collected::Whole(joined(pieces)),
            Ok(Some(Err(_))) => return Collected::Short(joined(pieces), BodyEnd::Broken),
            Ok(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { continue };
                size = size.saturating_add(bytes.len());
                pieces.push_back(bytes);
                if size > max {
                    return Collected::TooLarge(pieces, body);
                }
            }
        }
    }
}

/// One piece stays as it is; several are copied together.
fn joined(mut pieces: VecDeque<Bytes>) -> Bytes {
    match (pieces.pop_front(), pieces.is_empty()) {
        (None, _) => Bytes::new(),
        (Some(only), true) => only,
        (Some(first), false) => {
            let mut all = BytesMut::from(first);
            pieces.iter().for_each(|piece| all.extend_from_slice(piece));
            all.freeze()
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"))
}

fn encoding(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_ENCODING)?;
    // WHY: an encoding that is no text is one that nobody can decode, such as this one.
    Some(value.to_str().unwrap_or("unreadable"))
}

/// A vendor that failed or was not reached may be asked again; one that may have begun may not.
fn may_retry(tried: &Tried) -> bool {
    match tried {
        Tried::Declined { head, .. } => head.status >= StatusCode::INTERNAL_SERVER_ERROR,
        Tried::Nothing { ending, .. } => matches!(ending, Ending::Free(VoidReason::NotConnected)),
        Tried::Answer(_) => false,
    }
}

fn retry_delay(retries: u32) -> Duration {
    let index = usize::try_from(retries).unwrap_or(usize::MAX);
    RETRY_DELAYS.get(index).or(RETRY_DELAYS.last()).copied().unwrap_or_default()
}

fn no_answer(error: &TransportError) -> Tried {
    let ending = match error {
        TransportError::NotConnected(_) => Ending::Free(VoidReason::NotConnected),
        TransportError::Broken(_) => outcome::unknown(PresumeReason::Reset, None, false),
    };
    let refusal = Refusal::VendorError { what: error.to_string() };
    Tried::Nothing { status: None, ending, refusal }
}

const fn timed_out(waited: Duration) -> Tried {
    let ending = outcome::unknown(PresumeReason::Timeout, None, false);
    Tried::Nothing { status: None, ending, refusal: Refusal::VendorTimeout { waited } }
}

fn not_admitted() -> Tried {
    let refusal = Refusal::Internal { what: "a call was carried after it had ended".into() };
    Tried::Nothing { status: None, ending: Ending::Free(VoidReason::Abandoned), refusal }
}

fn ended_before(retries: u32) -> Carried {
    let refusal = Refusal::Internal { what: "a call ended twice".into() };
    Carried::Failed { notice: None, refusal, retries }
}

/// A retry was refused: the vendor's own error goes back, where it gave one.
fn given_up(notice: Notice, tried: Tried, not_again: NotAgain, retries: u32) -> Carried {
    match (tried, not_again.closed) {
        (Tried::Declined { head, body }, Some(closed)) => {
            Carried::Whole { notice, head, body, closed: closed.into() }
        }
        (Tried::Nothing { refusal, .. }, _) => {
            Carried::Failed { notice: Some(notice), refusal, retries }
        }
        (Tried::Declined { .. } | Tried::Answer(_), _) => {
            Carried::Failed { notice: Some(notice), refusal: not_again.refusal, retries }
        }
    }
}

fn micros_since(clock: &dyn Clock, started: Duration) -> u64 {
    let elapsed = clock.monotonic().saturating_sub(started);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
