//! Watching: the door for hosts that send their calls themselves, such as an external processor
//! beside a proxy, or a library around a client. They say what they see of an answer, and the call
//! ends as one that was carried: same meter, same table of outcomes, same finish.
//!
//! ```text
//!  watch ─▶ Watch ─ head ─▶ Watched ─ data … ─┬─ end ─────▶ Settled
//!             ├─ unanswered ─▶ Settled         └─ dropped: cut
//!             └─ dropped: given up
//! ```
//!
//! It has no time limits: whoever sends knows when its vendor is late, closes the connection, and
//! then says so. The hold stays alive as long as the call is watched.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use reins_dialects::{Dialect, Meter, Read};
use reins_governor::{Admitted, Answered, Clock, Closed};
use tokio::sync::{mpsc, oneshot};

use crate::arrive::{encoding, framing};
use crate::aside::Aside;
use crate::backlog::Backlog;
use crate::carry::micros_since;
use crate::copies::Copies;
use crate::metering::Metering;
use crate::notice::Notice;
use crate::outcome::{self, BodyEnd, Seen};
use crate::owner::{Event, Lag, Owner, STREAM_PATIENCE};
use crate::pulse::Pulse;
use crate::sieve::Sieve;
use crate::{BrokeOff, Crew, Presence, Terms, report};

/// A call and everything needed to watch it.
pub struct Watching {
    /// The proof that it may be sent.
    pub admitted: Admitted,
    /// The wire format of the vendor's endpoint.
    pub dialect: Arc<dyn Dialect>,
    /// How the request was read.
    pub read: Arc<Read>,
    /// Times and sizes of the connection.
    pub terms: Terms,
    /// What all flights share.
    pub crew: Crew,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// A call that its host sends now. Dropped, it is given up: the vendor may be at work on it.
pub struct Watch {
    /// What to say to the client of the decision.
    pub notice: Notice,
    answer: Answer,
    owner: oneshot::Sender<Begun>,
    closed: oneshot::Receiver<Closed>,
}

/// A call whose answer has begun. Dropped, it is cut: the client, or the host, has left.
pub struct Watched {
    seen: Pieces,
    sieve: Sieve,
    closed: oneshot::Receiver<Closed>,
}

/// What came of an answer. Dropped before its end, it is cut.
#[derive(Debug, Default)]
struct Pieces {
    /// Empty once the answer has ended, and where the vendor's status has ended the call.
    copies: Option<Copies>,
    backlog: Backlog,
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nothing was sent: the vendor cannot have charged for it.
    NotConnected,
    /// The connection broke before the head of an answer.
    Broken,
    /// The head of an answer did not come in time.
    TimedOut,
}

/// How an answer ended, where its client was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEnd {
    /// The vendor ended it.
    Complete,
    /// The vendor's connection broke.
    Broken,
    /// Nothing came for too long, and the host has closed the vendor's connection.
    Stalled,
}

/// An answer that has ended.
#[derive(Debug)]
#[must_use]
pub struct Ended {
    /// How it ended.
    pub end: WatchEnd,
    /// What the filter kept back, for the client.
    pub rest: Bytes,
    /// What the call cost, once its meter is done.
    pub settled: Settled,
}

/// What a call cost, once its meter is done. It ends all the same if this is dropped.
#[derive(Debug)]
pub struct Settled(oneshot::Receiver<Closed>);

/// How an answer is to be metered, once its head is there.
#[derive(Clone)]
struct Answer {
    dialect: Arc<dyn Dialect>,
    read: Arc<Read>,
}

/// What the host said first.
enum Begun {
    Unanswered(Seen),
    Status(u16),
    Answer { status: u16, streams: bool, encoding: Option<String>, follow: Follow },
}

/// What the owner follows an answer by.
struct Follow {
    events: mpsc::UnboundedReceiver<Event>,
    lag: Arc<Lag>,
}

/// The call until its answer begins.
struct Sent {
    admitted: Admitted,
    answer: Answer,
    terms: Terms,
    crew: Crew,
    clock: Arc<dyn Clock>,
    at: Duration,
}

/// Begins to watch a call: now its host sends it. Its owner is a task of the crew.
#[must_use]
pub fn watch(watching: Watching) -> Watch {
    let Watching { admitted, dialect, read, terms, crew, clock } = watching;
    report::begun(&admitted);
    let notice = Notice::of(&admitted);
    let answer = Answer { dialect, read };
    let (owner, begun) = oneshot::channel();
    let (closing, closed) = oneshot::channel();
    let at = clock.monotonic();
    let owners = crew.owners.clone();
    let sent = Sent { admitted, answer: answer.clone(), terms, crew, clock, at };
    owners.spawn(sent.follow(begun, closing));
    Watch { notice, answer, owner, closed }
}

// === impl Watch ===

impl Watch {
    /// The head of the vendor's answer has come. One that is no answer, but an error or a redirect,
    /// has ended the call.
    #[must_use]
    pub fn head(self, status: StatusCode, headers: &HeaderMap) -> Watched {
        let Self { answer, owner, closed, .. } = self;
        if !status.is_success() {
            tell(owner, Begun::Status(status.as_u16()));
            return Watched { seen: Pieces::default(), sieve: Sieve::new(None), closed };
        }
        let (to_owner, events) = mpsc::unbounded_channel();
        let lag = Arc::new(Lag::default());
        let copies = Some(Copies::new(to_owner, Arc::clone(&lag)));
        let encoding = encoding(headers).map(str::to_owned);
        // A compressed answer passes as it is: nothing can be taken out of it.
        let filter = encoding.is_none().then(|| answer.dialect.filter(&answer.read)).flatten();
        let streams = framing(&*answer.dialect, headers).is_stream();
        let (status, follow) = (status.as_u16(), Follow { events, lag });
        tell(owner, Begun::Answer { status, streams, encoding, follow });
        let seen = Pieces { copies, backlog: Backlog::default() };
        Watched { seen, sieve: Sieve::new(filter), closed }
    }

    /// There is no answer, and none will come.
    pub fn unanswered(self, why: NoAnswer) -> Settled {
        let seen = match why {
            NoAnswer::NotConnected => Seen::NotConnected,
            NoAnswer::Broken => Seen::ResetBeforeHead,
            NoAnswer::TimedOut => Seen::NoHead,
        };
        tell(self.owner, Begun::Unanswered(seen));
        Settled(self.closed)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("notice", &self.notice).finish_non_exhaustive()
    }
}

fn tell(owner: oneshot::Sender<Begun>, begun: Begun) {
    // WHY: the owner waits for it; if it died, the call is presumed already.
    drop(owner.send(begun));
}

// === impl Watched ===

impl Watched {
    /// A piece of the answer has come; what the client may see of it. Nothing waits for the meter.
    pub fn data(&mut self, piece: Bytes) -> Bytes {
        self.seen.backlog.read(piece.len());
        if let Some(copies) = &mut self.seen.copies {
            copies.add(&piece);
        }
        self.sieve.pass(piece)
    }

    /// From now on the host waits for the vendor, and for nothing else. One that cannot know this
    /// never says it: an answer that is cut after 32 KiB then costs the bound, since more may have
    /// waited in buffers than was seen.
    pub fn waits(&mut self) {
        self.seen.backlog.waits();
    }

    /// The answer has ended.
    pub fn end(mut self, end: WatchEnd) -> Ended {
        let behind = self.seen.backlog.is_behind();
        self.seen.end(match end {
            WatchEnd::Complete => BodyEnd::Whole,
            WatchEnd::Broken => BodyEnd::Broken { behind },
            WatchEnd::Stalled => BodyEnd::Idle,
        });
        Ended { end, rest: self.sieve.flush(), settled: Settled(self.closed) }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("seen", &self.seen).finish_non_exhaustive()
    }
}

// === impl Pieces ===

impl Pieces {
    fn end(&mut self, end: BodyEnd) {
        if let Some(mut copies) = self.copies.take() {
            copies.ended(end);
        }
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let behind = self.backlog.is_behind();
        self.end(BodyEnd::Cut { behind });
    }
}

// === impl Settled ===

impl Future for Settled {
    type Output = Result<Closed, BrokeOff>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(|_| BrokeOff)
    }
}

// === impl Answer ===

impl Answer {
    fn meter(&self, admitted: &Admitted) -> Box<dyn Meter> {
        self.dialect.meter(&self.read, admitted.call())
    }
}

// === impl Sent ===

impl Sent {
    /// Waits for the first word of the host, then follows the answer to its end.
    async fn follow(self, begun: oneshot::Receiver<Begun>, closed: oneshot::Sender<Closed>) {
        let mut pulse = Pulse::new(&self.admitted, &*self.clock);
        let begun = pulse.through(begun).await.unwrap_or(Begun::Unanswered(Seen::GivenUp));
        let first_byte_us = micros_since(&*self.clock, self.at);
        match begun {
            Begun::Unanswered(seen) => {
                let answered = Answered { status: None, first_byte_us, total_us: 0 };
                self.finish(seen, answered, closed);
            }
            Begun::Status(status) => {
                let total_us = first_byte_us;
                let answered = Answered { status: Some(status), first_byte_us, total_us };
                self.finish(Seen::Status(status), answered, closed);
            }
            Begun::Answer { status, streams, encoding, follow } => {
                let answered = Answered { status: Some(status), first_byte_us, total_us: 0 };
                let owner = self.owner(answered, streams, encoding.as_deref(), follow.lag);
                owner.follow(follow.events, closed).await;
            }
        }
    }

    /// The owner of an answer that has begun.
    fn owner(
        self,
        answered: Answered,
        streams: bool,
        encoding: Option<&str>,
        lag: Arc<Lag>,
    ) -> Owner {
        let Self { admitted, answer, terms, crew, clock, at } = self;
        let metering = Metering::new(answer.meter(&admitted), encoding);
        Owner {
            aside: Aside::new(metering, STREAM_PATIENCE),
            billing: answer.dialect.family().billing(&answer.read.call.vendor),
            streams,
            clock,
            terms,
            crew,
            client: Presence::new(),
            lag,
            sent: at,
            answered,
            admitted,
        }
    }

    fn finish(self, seen: Seen, answered: Answered, closed: oneshot::Sender<Closed>) {
        let ended = report::finish(self.admitted, outcome::unanswered(seen), answered);
        // WHY: nobody has to wait for it.
        drop(closed.send(ended));
    }
}
