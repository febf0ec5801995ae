//! The drain: what a client left behind is read on for the usage at its end, within bounds.

use bytes::Bytes;
use futures_util::FutureExt;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio::task::unconstrained;
use tokio::time::{Instant, timeout_at};

use crate::Terms;
use crate::aside::Aside;
use crate::backlog::Followed;
use crate::batch::Batch;
use crate::outcome::BodyEnd;
use crate::pulse::{Late, Pulse};

/// The rest of an answer, and who reads it.
pub(crate) struct Drain<'a> {
    pub(crate) rest: Followed,
    pub(crate) aside: &'a mut Aside,
    pub(crate) pulse: Pulse<'a>,
}

/// What was read of it.
#[derive(Default)]
struct SoFar {
    bytes: u64,
    batch: Batch,
}

/// What a body gives next.
type Next = Option<Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>>;

// === impl Drain ===

impl Drain<'_> {
    /// Reads on, where there is a place to do so, as long after the client left and as much as the
    /// terms allow; then what is there already, since its tokens have been made.
    pub(crate) async fn run(mut self, left: Instant, terms: &Terms, places: &Semaphore) -> BodyEnd {
        let mut so_far = SoFar::default();
        let read = match places.try_acquire() {
            Ok(_place) => {
                let reading = self.read(terms, &mut so_far);
                timeout_at(left + terms.drain_timeout, reading).await.unwrap_or(None)
            }
            Err(_) => None,
        };
        let end = match read {
            Some(end) => end,
            None => self.read_what_is_there(&mut so_far).await,
        };
        if let Some(last) = so_far.batch.rest() {
            self.aside.feed(last).await;
        }
        end
    }

    /// How the answer ended; nothing, if it was more than the terms allow.
    async fn read(&mut self, terms: &Terms, so_far: &mut SoFar) -> Option<BodyEnd> {
        loop {
            let next = self.pulse.within(terms.idle_timeout, self.rest.frame()).await;
            let next = match next {
                Ok(next) => next,
                Err(Late::TimedOut) => return Some(BodyEnd::Idle),
                Err(Late::GivenUp) => return None,
            };
            if let Some(end) = self.take(next, so_far).await {
                return Some(end);
            }
            if so_far.bytes > terms.drain_max {
                return None;
            }
        }
    }

    /// Reads without a wait, until it is known to be behind.
    async fn read_what_is_there(&mut self, so_far: &mut SoFar) -> BodyEnd {
        loop {
            // WHY: a task that has done much is told to wait by tokio; here that would mean that
            // nothing is there.
            let next = unconstrained(self.rest.frame()).now_or_never();
            let Some(next) = next else { return BodyEnd::Cut { behind: self.rest.is_behind() } };
            if let Some(end) = self.take(next, so_far).await {
                return end;
            }
            if self.rest.is_behind() {
                return BodyEnd::Cut { behind: true };
            }
        }
    }

    /// Takes what came next: how the answer ended, if it did.
    async fn take(&mut self, next: Next, so_far: &mut SoFar) -> Option<BodyEnd> {
        match next {
            // Many clients leave at the end marker, without waiting for the connection.
            None if so_far.bytes == 0 => Some(BodyEnd::Whole),
            None => Some(BodyEnd::Drained),
            Some(Err(_)) => Some(BodyEnd::Broken { behind: self.rest.is_behind() }),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref()?;
                so_far.bytes =
                    so_far.bytes.saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
                if let Some(full) = so_far.batch.add(bytes) {
                    self.aside.feed(full).await;
                }
                None
            }
        }
    }
}
