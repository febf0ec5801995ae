//! The tap: the answer's body on its way from the vendor to the client, with copies for its owner.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use reins_dialects::Filter;
use reins_governor::Closed;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};

use crate::BoxedBody;
use crate::backlog::Followed;
use crate::copies::Copies;
use crate::outcome::BodyEnd;
use crate::sieve::Sieve;

/// How long the end of a stream waits for its receipt, when the client asked for trailers.
///
/// The owner is done some microseconds after the last byte; a tenth of a second means that it is
/// stuck, and then the client goes without.
const RECEIPT_WAIT: Duration = Duration::from_millis(100);

/// Why a tapped body ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TapError {
    /// The vendor's connection broke.
    #[error("the vendor's connection broke in the middle of its answer")]
    Broken,
    /// Nothing came for too long.
    #[error("the vendor stopped in the middle of its answer")]
    Idle,
}

/// Makes the trailers of a stream from its receipt.
pub(crate) type Trailers = Box<dyn FnOnce(&Closed) -> HeaderMap + Send>;

/// The body of a streamed answer.
pub struct Tap {
    /// Read before the vendor's body: what was kept of an answer that grew too large to keep.
    prefix: VecDeque<Bytes>,
    /// Empty once the answer has ended.
    vendor: Option<Followed>,
    sieve: Sieve,
    copies: Copies,
    idle: Idle,
    /// That the vendor's connection broke, until the client is told.
    broken: Option<TapError>,
    end: End,
}

/// What is left to do once the vendor's body has ended.
enum End {
    /// Ask the filter for what it kept back, then the receipt.
    Flush(Option<(oneshot::Receiver<Closed>, Trailers)>),
    /// The receipt, for the trailers.
    Receipt(oneshot::Receiver<Closed>, Trailers, Pin<Box<Sleep>>),
    Done,
}

/// The time that the vendor lets wait for a piece; how long the client takes does not count. The
/// timer is set anew only when it rings, not at each piece.
struct Idle {
    limit: Duration,
    /// Since when nothing comes, although somebody asks.
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

// === impl Tap ===

impl Tap {
    pub(crate) fn new(
        vendor: BoxedBody,
        prefix: VecDeque<Bytes>,
        filter: Option<Box<dyn Filter>>,
        copies: Copies,
        idle_limit: Duration,
    ) -> Self {
        let idle = Idle { limit: idle_limit, since: None, timer: Box::pin(sleep(idle_limit)) };
        let vendor = Some(Followed::new(vendor));
        let (sieve, end) = (Sieve::new(filter), End::Flush(None));
        Self { prefix, vendor, sieve, copies, idle, broken: None, end }
    }

    pub(crate) fn with_trailers(
        mut self,
        receipt: oneshot::Receiver<Closed>,
        make: Trailers,
    ) -> Self {
        self.end = End::Flush(Some((receipt, make)));
        self
    }

    /// Copies a piece for the owner, then lets the filter see it.
    fn pass(&mut self, bytes: Bytes) -> Bytes {
        self.copies.add(&bytes);
        self.sieve.pass(bytes)
    }

    fn ended(&mut self, end: BodyEnd) {
        self.vendor = None;
        self.copies.ended(end);
    }

    /// The next piece from the vendor; `None` once it has ended.
    fn poll_vendor(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TapError>>> {
        loop {
            if let Some(bytes) = self.prefix.pop_front() {
                let bytes = self.pass(bytes);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            let Some(vendor) = &mut self.vendor else {
                return Poll::Ready(self.broken.take().map(Err));
            };
            match Pin::new(&mut *vendor).poll_frame(cx) {
                Poll::Pending => return self.poll_idle(cx),
                Poll::Ready(None) => {
                    self.ended(BodyEnd::Whole);
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(_))) => {
                    let behind = vendor.is_behind();
                    self.ended(BodyEnd::Broken { behind });
                    self.broken = Some(TapError::Broken);
                    // WHY: hyper drops what it has not written when a body fails, and writes when
                    // there is nothing to read.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(frame))) => {
                    self.idle.since = None;
                    let over = vendor.is_end_stream();
                    // WHY: vendors send no trailers that a client of theirs could want.
                    let Ok(bytes) = frame.into_data() else { continue };
                    let bytes = self.pass(bytes);
                    if over {
                        self.ended(BodyEnd::Whole);
                    }
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
            }
        }
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TapError>>> {
        if self.idle.poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.ended(BodyEnd::Idle);
        Poll::Ready(Some(Err(TapError::Idle)))
    }

    /// What comes after the vendor's last byte.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TapError>>> {
        loop {
            match std::mem::replace(&mut self.end, End::Done) {
                End::Done => return Poll::Ready(None),
                End::Flush(receipt) => {
                    if let Some((receipt, make)) = receipt {
                        self.end = End::Receipt(receipt, make, Box::pin(sleep(RECEIPT_WAIT)));
                    }
                    let rest = self.sieve.flush();
                    if !rest.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(rest))));
                    }
                }
                End::Receipt(mut receipt, make, mut timer) => {
                    match Pin::new(&mut receipt).poll(cx) {
                        Poll::Ready(Ok(closed)) => {
                            return Poll::Ready(Some(Ok(Frame::trailers(make(&closed)))));
                        }
                        Poll::Ready(Err(_)) => return Poll::Ready(None),
                        Poll::Pending if timer.as_mut().poll(cx).is_ready() => {
                            return Poll::Ready(None);
                        }
                        Poll::Pending => {
                            self.end = End::Receipt(receipt, make, timer);
                            return Poll::Pending;
                        }
                    }
                }
            }
        }
    }
}

impl Body for Tap {
    type Data = Bytes;
    type Error = TapError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TapError>>> {
        match self.poll_vendor(cx) {
            Poll::Ready(None) => self.poll_end(cx),
            other => other,
        }
    }
}

/// A client that leaves before the end hands the rest to the owner.
impl Drop for Tap {
    fn drop(&mut self) {
        if let Some(rest) = self.vendor.take() {
            for bytes in std::mem::take(&mut self.prefix) {
                self.copies.add(&bytes);
            }
            self.copies.left(rest);
        }
    }
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").field("ended", &self.vendor.is_none()).finish_non_exhaustive()
    }
}

// === impl Idle ===

impl Idle {
    /// Ready once nothing has come for the whole limit.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = *self.since.get_or_insert_with(Instant::now) + self.limit;
        loop {
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
    }
}
