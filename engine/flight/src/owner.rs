//! The owner of a call whose answer is on its way: it has copies metered, and finishes the call
//! exactly once, whether its client stays or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reins_dialects::Billing;
use reins_governor::{Admitted, Answered, Clock, Closed};
use tokio::sync::{mpsc, oneshot};

use crate::aside::Aside;
use crate::backlog::Followed;
use crate::drain::Drain;
use crate::metering::unmetered;
use crate::outcome::{self, AnswerEnd, BodyEnd};
use crate::pulse::Pulse;
use crate::{Crew, Presence, Terms, report};

/// How long a meter may take for a batch of a stream.
///
/// It takes microseconds, and no client waits for it; ten seconds are beyond what a machine that
/// is overloaded lets a thread wait.
pub(crate) const STREAM_PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that may wait for a meter before it is given up.
///
/// The longest answers have some megabytes in all, so that only a meter that is stuck, or fed with
/// what is no answer, falls this far behind; the bytes themselves have long reached the client.
const METER_LAG_MAX: usize = 4 * 1024 * 1024;

/// What the tap tells the owner.
#[derive(Debug)]
pub(crate) enum Event {
    /// These bytes went to the client, in some pieces.
    Batch(Bytes),
    /// The answer ended.
    Ended(BodyEnd),
    /// The client left; this is the rest.
    Left(Followed),
}

/// How far a meter is behind the bytes.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    /// Bytes sent to the owner and not read yet.
    waiting: AtomicUsize,
    /// Whether some were never sent, because too many waited.
    lost: AtomicBool,
}

/// One call, from the head of its answer on.
pub(crate) struct Owner {
    pub(crate) admitted: Admitted,
    pub(crate) aside: Aside,
    pub(crate) billing: Billing,
    /// Whether the answer is a stream of events.
    pub(crate) streams: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) terms: Terms,
    pub(crate) crew: Crew,
    pub(crate) client: Presence,
    pub(crate) lag: Arc<Lag>,
    /// When the request was sent.
    pub(crate) sent: Duration,
    pub(crate) answered: Answered,
}

// === impl Lag ===

impl Lag {
    /// Whether the owner can still take a piece of this size.
    pub(crate) fn sends(&self, bytes: usize) -> bool {
        let fits = self.waiting.fetch_add(bytes, Ordering::Relaxed) <= METER_LAG_MAX;
        if !fits {
            self.lost.store(true, Ordering::Relaxed);
        }
        fits
    }

    fn read(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// === impl Owner ===

impl Owner {
    /// Follows the answer to its end, and tells whoever still listens what it cost.
    pub(crate) async fn follow(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        closed: oneshot::Sender<Closed>,
    ) {
        let end = self.listen(&mut events).await;
        self.finish(end, closed).await;
    }

    async fn listen(&mut self, events: &mut mpsc::UnboundedReceiver<Event>) -> BodyEnd {
        let mut pulse = Pulse::new(&self.admitted, &*self.clock);
        loop {
            match pulse.through(events.recv()).await {
                Some(Event::Batch(bytes)) => {
                    let read = bytes.len();
                    self.aside.feed(bytes).await;
                    self.lag.read(read);
                }
                Some(Event::Ended(end)) => return end,
                Some(Event::Left(rest)) => {
                    let drain = Drain { rest, aside: &mut self.aside, pulse };
                    return drain.run(self.client.left(), &self.terms, &self.crew.drains).await;
                }
                None => return BodyEnd::Cut { behind: true },
            }
        }
    }

    /// Finishes the call on the thread where its meter works, so that nobody has to come back from
    /// there. Should the meter hang, the call is presumed once its hold's life is over.
    async fn finish(mut self, end: BodyEnd, closed: oneshot::Sender<Closed>) {
        let total = self.clock.monotonic().saturating_sub(self.sent);
        self.answered.total_us = u64::try_from(total.as_micros()).unwrap_or(u64::MAX);
        let Self { admitted, aside, billing, streams, crew, lag, answered, .. } = self;
        let end = AnswerEnd { status: answered.status, body: end, billing, streams };
        let close = move |metered| {
            let ending = outcome::answered(metered, end);
            // WHY: nobody has to listen; a client that did not ask for trailers never does.
            drop(closed.send(report::finish(admitted, ending, answered)));
        };
        let lost = lag.lost.load(Ordering::Relaxed);
        match if lost { None } else { aside.rest().await } {
            Some(rest) => drop(crew.owners.spawn_blocking(move || close(rest.read()))),
            None => close(unmetered()),
        }
    }
}
