//! Backlog: whether more of a vendor's answer was waiting than has been read.
//!
//! A client that reads slowly holds up its vendor's bytes in the buffers of sockets, where their
//! tokens are billed and not seen.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::BoxedBody;

/// So much read faster than a model writes says that bytes were waiting, and that further ones may
/// have waited behind them.
///
/// Half of what the smallest receive buffer of a socket holds: a vendor that has not filled it has
/// none of its bytes held up.
const BACKLOG_BYTES: u64 = 32 * 1024;

/// What a fast model writes in a second: some 400 tokens, each in an event of 250 bytes.
///
/// A pause alone says nothing: on a busy machine bytes wait in the socket while the task that reads
/// it waits for a core.
const BYTES_A_SECOND: u64 = 96 * 1024;

const MICROS: u64 = 1_000_000;

/// Bytes read faster than a model writes them.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Bytes read, less what a model can have written in the time that was waited for it.
    ahead: u64,
    /// Since when there is nothing to read.
    waiting: Option<Instant>,
}

/// A body that notices whether it is read faster than a model writes it.
pub(crate) struct Followed {
    body: BoxedBody,
    backlog: Backlog,
}

// === impl Backlog ===

impl Backlog {
    /// So many bytes were read.
    pub(crate) fn read(&mut self, bytes: usize) {
        self.ahead = self.ahead_now().saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.waiting = None;
    }

    /// There is nothing to read now.
    pub(crate) fn waits(&mut self) {
        self.waiting.get_or_insert_with(Instant::now);
    }

    /// Whether more may be waiting than has been read.
    pub(crate) fn is_behind(&self) -> bool {
        self.ahead_now() > BACKLOG_BYTES
    }

    fn ahead_now(&self) -> u64 {
        let waited = self
            .waiting
            .map_or(0, |since| u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.ahead.saturating_sub(waited.saturating_mul(BYTES_A_SECOND) / MICROS)
    }
}

// === impl Followed ===

impl Followed {
    pub(crate) fn new(body: BoxedBody) -> Self {
        Self { body, backlog: Backlog::default() }
    }

    /// Whether more of it may be waiting than has been read.
    pub(crate) fn is_behind(&self) -> bool {
        self.backlog.is_behind()
    }
}

impl Body for Followed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending => self.backlog.waits(),
            Poll::Ready(Some(Ok(frame))) => {
                self.backlog.read(frame.data_ref().map_or(0, Bytes::len));
            }
            Poll::Ready(None | Some(Err(_))) => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl std::fmt::Debug for Followed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Followed").field("backlog", &self.backlog).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    //! What a pause of the reader says, and what it does not.

    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::FutureExt;
    use http_body::Frame;
    use http_body_util::{BodyExt, StreamBody};
    use tokio::sync::mpsc;
    use tokio::time::advance;

    use super::Followed;

    type Sent = Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>;

    fn followed() -> (mpsc::UnboundedSender<Sent>, Followed) {
        let (to, mut from) = mpsc::unbounded_channel();
        let frames = futures_util::stream::poll_fn(move |cx| from.poll_recv(cx));
        (to, Followed::new(StreamBody::new(frames).boxed_unsync()))
    }

    /// Sends a piece and reads it, and looks for one more, which is not there.
    fn pass(to: &mpsc::UnboundedSender<Sent>, followed: &mut Followed, bytes: usize) {
        to.send(Ok(Frame::data(vec![0; bytes].into()))).unwrap();
        followed.frame().now_or_never().unwrap();
        assert!(followed.frame().now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn pieces_faster_than_a_model_writes_are_a_backlog_though_some_come_late() {
        let (to, mut followed) = followed();
        for _ in 0..8 {
            pass(&to, &mut followed, 4_096);
            advance(Duration::from_micros(100)).await;
        }
        assert!(!followed.is_behind());
        pass(&to, &mut followed, 4_096);
        assert!(followed.is_behind());
        // 20 ms are too short for what is ahead, a second is long enough.
        advance(Duration::from_millis(20)).await;
        assert!(followed.is_behind());
        advance(Duration::from_secs(1)).await;
        assert!(!followed.is_behind());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_as_fast_as_a_model_is_none_however_long() {
        let (to, mut followed) = followed();
        for _ in 0..2_000 {
            pass(&to, &mut followed, 250);
            advance(Duration::from_millis(3)).await;
        }
        assert!(!followed.is_behind());
    }
}
