//! The arrival of an answer: kept whole where that can be borne, else passed on as it comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response, header};
use reins_dialects::{Dialect, Framing, Meter, Metered};
use reins_governor::{Answered, Refusal};
use tokio::sync::{mpsc, oneshot};

use crate::aside::Aside;
use crate::carry::{Carried, Freight, micros_since};
use crate::collect::{Collected, collect};
use crate::copies::Copies;
use crate::metering::Metering;
use crate::notice::Notice;
use crate::outcome::{self, AnswerEnd, BodyEnd};
use crate::owner::{Lag, Owner, STREAM_PATIENCE};
use crate::tap::{Tap, Trailers};
use crate::{BoxedBody, Transport, report};

/// The largest whole answer that is metered where it is carried, in bytes: a fraction of a
/// millisecond's work. A larger one, or one that is compressed, is metered aside.
const METERED_HERE_MAX: usize = 256 * 1024;

/// How long a whole answer waits for a meter aside: it needs milliseconds, and a client waits.
const WHOLE_PATIENCE: Duration = Duration::from_secs(1);

/// An answer whose head is there.
pub(crate) struct Arrival {
    /// What to tell the client of the decision.
    pub(crate) notice: Notice,
    /// When the request was sent.
    pub(crate) sent: Duration,
    pub(crate) answered: Answered,
    /// Attempts before this one.
    pub(crate) retries: u32,
}

// === impl Freight ===

impl<T: Transport> Freight<T> {
    /// Brings in an answer: whole if it is JSON of a bearable size, else as it comes.
    pub(crate) async fn arrive(self, arrival: Arrival, response: Response<BoxedBody>) -> Carried {
        let (head, body) = response.into_parts();
        let head = Box::new(head);
        if framing(&*self.dialect, &head.headers).is_stream() {
            return self.stream(arrival, head, body, VecDeque::new());
        }
        let kept = collect(body, &self.terms, self.terms.whole_max, self.pulse()).await;
        if let Collected::TooLarge(prefix, rest) = kept {
            return self.stream(arrival, head, rest, prefix);
        }
        self.whole(arrival, head, kept).await
    }

    async fn whole(self, arrival: Arrival, head: Box<Parts>, kept: Collected) -> Carried {
        let Arrival { notice, sent, mut answered, retries } = arrival;
        let end = kept.end();
        let body = kept.read();
        answered.total_us = micros_since(&*self.clock, sent);
        let metered = self.metered(&head.headers, &body).await;
        let (status, billing) = (answered.status, self.billing());
        let ended = AnswerEnd { status, body: end, billing, streams: false };
        let ending = outcome::answered(metered, ended);
        let closed = Box::new(report::finish(self.admitted, ending, answered));
        if end == BodyEnd::Whole {
            return Carried::Whole { notice, head, body, closed };
        }
        let waited = Duration::from_micros(answered.total_us);
        let refusal = cut_short(end, waited);
        Carried::Failed { notice, refusal, retries, closed }
    }

    /// What meters the answer to the call as it was sent.
    fn meter(&self) -> Box<dyn Meter> {
        self.dialect.meter(&self.read, self.admitted.call())
    }

    async fn metered(&self, headers: &HeaderMap, body: &Bytes) -> Metered {
        let encoding = encoding(headers);
        let mut metering = Metering::new(self.meter(), encoding);
        if encoding.is_none() && body.len() <= METERED_HERE_MAX {
            metering.feed(body);
            return metering.finish();
        }
        let mut aside = Aside::new(metering, WHOLE_PATIENCE);
        aside.feed(body.clone()).await;
        aside.finish().await
    }

    fn stream(
        self,
        arrival: Arrival,
        head: Box<Parts>,
        body: BoxedBody,
        prefix: VecDeque<Bytes>,
    ) -> Carried {
        let Arrival { notice, sent, answered, retries } = arrival;
        let encoding = encoding(&head.headers);
        // A compressed answer passes as it is: nothing can be taken out of it.
        let filter = encoding.is_none().then(|| self.dialect.filter(&self.read)).flatten();
        let metering = Metering::new(self.meter(), encoding);
        let (events, listening) = mpsc::unbounded_channel();
        let (closed, receipt) = oneshot::channel();
        let lag = Arc::new(Lag::default());
        let idle = self.terms.idle_timeout;
        let copies = Copies::new(events, Arc::clone(&lag));
        let mut tap = Tap::new(body, prefix, filter, copies, idle);
        if let Some(make) = self.trailers {
            let make: Trailers = Box::new(make);
            tap = tap.with_trailers(receipt, make);
        }
        let billing = self.billing();
        // What came decides, whatever was asked for: an answer in one piece is made in one piece.
        let streams = framing(&*self.dialect, &head.headers).is_stream();
        let owner = Owner {
            admitted: self.admitted,
            aside: Aside::new(metering, STREAM_PATIENCE),
            billing,
            streams,
            clock: self.clock,
            terms: self.terms,
            crew: self.crew.clone(),
            client: self.client,
            lag,
            sent,
            answered,
        };
        self.crew.owners.spawn(owner.follow(listening, closed));
        Carried::Streaming { notice, head, tap, retries }
    }
}

/// What to answer in place of an answer that did not come to its end.
fn cut_short(end: BodyEnd, waited: Duration) -> Refusal {
    if matches!(end, BodyEnd::Idle | BodyEnd::Cut { .. }) {
        return Refusal::VendorTimeout { waited };
    }
    Refusal::VendorError { what: "its answer broke off".to_owned() }
}

/// How an answer comes, by its head.
pub(crate) fn framing(dialect: &dyn Dialect, headers: &HeaderMap) -> Framing {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    dialect.framing(kind.unwrap_or_default())
}

pub(crate) fn encoding(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_ENCODING)?;
    // WHY: an encoding that is no text is one that nobody can decode, such as this one.
    Some(value.to_str().unwrap_or("unreadable"))
}
