//! The owner of a call whose answer is on its way: it meters copies, drains what the client left
//! behind, and finishes the call exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use reins_dialects::Billing;
use reins_governor::{Admitted, Answered, Clock, Closed, Ledger};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::metering::{Metering, unmetered};
use crate::outcome::{BodyEnd, answered};
use crate::{BoxedBody, Crew, Terms, report};

/// How often a stream says that it is alive, at most.
///
/// A hold lives ten minutes after its last heartbeat: sixty beats may be missed.
const BEAT_EVERY: Duration = Duration::from_secs(10);

/// Bytes that may wait for a meter before it is given up.
///
/// The longest answers have some megabytes in all, so that only a meter that is stuck, or fed with
/// what is no answer, falls this far behind; the bytes themselves have long reached the client.
const METER_LAG_MAX: usize = 8 * 1024 * 1024;

/// What the tap tells the owner.
#[derive(Debug)]
pub(crate) enum Event {
    /// These bytes went to the client.
    Chunk(Bytes),
    /// The answer ended.
    Ended(BodyEnd),
    /// The client left; this is the rest.
    Left(BoxedBody),
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
pub(crate) struct Owner<L: Ledger> {
    pub(crate) admitted: Admitted<L>,
    pub(crate) metering: Metering,
    pub(crate) billing: Billing,
    /// Whether the answer is a stream of events.
    pub(crate) streams: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) terms: Terms,
    pub(crate) crew: Crew,
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

impl<L: Ledger> Owner<L> {
    /// Follows the answer to its end, and tells whoever still listens what it cost.
    pub(crate) async fn follow(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        closed: oneshot::Sender<Closed>,
    ) {
        let mut beaten = self.clock.monotonic();
        let end = loop {
            match events.recv().await {
                Some(Event::Chunk(bytes)) => {
                    self.metering.feed(&bytes);
                    self.lag.read(bytes.len());
                }
                Some(Event::Ended(end)) => break end,
                Some(Event::Left(rest)) => break self.drain(rest).await,
                None => break BodyEnd::Cut,
            }
            if self.clock.monotonic().saturating_sub(beaten) >= BEAT_EVERY {
                beaten = self.clock.monotonic();
                self.admitted.beat(self.clock.now());
            }
        };
        if let Some(receipt) = self.finish(end) {
            // WHY: nobody has to listen; a client that did not ask for trailers never does.
            drop(closed.send(receipt));
        }
    }

    /// Reads on after the client left, for the usage at the end, within bounds.
    async fn drain(&mut self, mut rest: BoxedBody) -> BodyEnd {
        let drains = Arc::clone(&self.crew.drains);
        let Ok(_permit) = drains.try_acquire() else { return BodyEnd::Cut };
        let (within, max) = (self.terms.drain_timeout, self.terms.drain_max);
        let idle = self.terms.idle_timeout;
        let reading = read_on(&mut rest, &mut self.metering, idle, max);
        timeout(within, reading).await.unwrap_or(BodyEnd::Cut)
    }

    fn finish(mut self, end: BodyEnd) -> Option<Closed> {
        let total = self.clock.monotonic().saturating_sub(self.sent);
        self.answered.total_us = u64::try_from(total.as_micros()).unwrap_or(u64::MAX);
        let lost = self.lag.lost.load(Ordering::Relaxed);
        let metered = if lost { unmetered() } else { self.metering.finish() };
        let ending = answered(metered, end, self.billing, self.streams);
        report::finish(self.admitted, ending, self.answered)
    }
}

async fn read_on(
    rest: &mut BoxedBody,
    metering: &mut Metering,
    idle: Duration,
    max: u64,
) -> BodyEnd {
    let mut read = 0_u64;
    loop {
        match timeout(idle, rest.frame()).await {
            Err(_) => return BodyEnd::Idle,
            // Many clients leave at the end marker, without waiting for the connection.
            Ok(None) if read == 0 => return BodyEnd::Whole,
            Ok(None) => return BodyEnd::Drained,
            Ok(Some(Err(_))) => return BodyEnd::Broken,
            Ok(Some(Ok(frame))) => {
                let Some(bytes) = frame.data_ref() else { continue };
                metering.feed(bytes);
                read = read.saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
                if read > max {
                    return BodyEnd::Cut;
                }
            }
        }
    }
}
