//! A body with time limits: one that stalls or trickles ends with an error.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reins_flight::BoxedBody;
use tokio::time::{Instant, Sleep, sleep};

/// A body with time limits.
pub(crate) struct Timed {
    body: BoxedBody,
    /// Between two pieces, not counting the time that the client takes.
    idle: Duration,
    /// When all of it must have come.
    end: Instant,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer runs for the next piece.
    waits: bool,
}

// === impl Timed ===

impl Timed {
    pub(crate) fn new(body: BoxedBody, idle: Duration, whole: Duration) -> Self {
        let timer = Box::pin(sleep(whole));
        Self { body, idle, end: Instant::now() + whole, timer, waits: false }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let now = Instant::now();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if polled.is_ready() && now < this.end {
            this.waits = false;
            return polled;
        }
        if !this.waits {
            this.waits = true;
            this.timer.as_mut().reset((now + this.idle).min(this.end));
        }
        match this.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(late()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn late() -> Box<dyn std::error::Error + Send + Sync> {
    io::Error::new(io::ErrorKind::TimedOut, "the vendor's answer took too long").into()
}

#[cfg(test)]
mod tests {
    //! Which bodies end with an error, and when.
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::stream::{StreamExt, iter};
    use http_body::Frame;
    use http_body_util::{BodyExt, StreamBody};
    use reins_flight::BoxedBody;
    use tokio::time::{Instant, sleep};

    use super::Timed;

    const IDLE: Duration = Duration::from_secs(60);
    const WHOLE: Duration = Duration::from_secs(600);

    /// A body of so many pieces, each after a pause.
    fn body(pieces: u32, pause: Duration) -> BoxedBody {
        let piece = move |_| async move {
            sleep(pause).await;
            Ok(Frame::data(Bytes::from_static(b" ")))
        };
        BodyExt::boxed_unsync(StreamBody::new(iter(0..pieces).then(piece)))
    }

    /// How many pieces come, whether the body is whole, and after how long it ends.
    async fn read(pieces: u32, pause: Duration) -> (u32, bool, Duration) {
        let (started, mut body) =
            (Instant::now(), Timed::new(Box::pin(body(pieces, pause)).boxed_unsync(), IDLE, WHOLE));
        let mut came = 0;
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return (came, false, started.elapsed());
            }
            came += 1;
        }
        (came, true, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_or_stops_ends() {
        let almost = IDLE - Duration::from_secs(1);
        assert_eq!(read(9, almost).await, (9, true, almost * 9));
        assert_eq!(read(2, IDLE * 2).await, (0, false, IDLE));
        let (came, whole, after) = read(1_000_000, Duration::from_millis(500)).await;
        assert!(!whole && after <= WHOLE && came >= 1_198, "{came} in {after:?}");
    }
}
