//! Patience with a connection: how long it may stay idle, and how long a head may take to come.
//!
//! A head's time runs from its first byte, so that a client that trickles its request is cut off
//! early, and one that only rests between two requests is not. An answer may take as long as it
//! takes, but not because the client takes none of it: its call has a place that others want.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use reins_config::ServerLimits;
use reins_governor::Clock;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// What a connection is doing, and since when: milliseconds of the monotonic clock, times four,
/// plus one of the three below.
#[derive(Debug)]
pub(crate) struct Phase {
    packed: AtomicU64,
    /// Since when the client takes no bytes although there are some, in milliseconds and one more;
    /// 0 while it does.
    stuck: AtomicU64,
    clock: Arc<dyn Clock>,
}

const IDLE: u64 = 0;
const HEAD: u64 = 1;
const BUSY: u64 = 2;

/// A connection whose first byte of a request is noticed.
#[derive(Debug)]
pub(crate) struct Watched {
    io: TokioIo<TcpStream>,
    phase: Arc<Phase>,
}

// === impl Phase ===

impl Phase {
    /// A connection that has just been opened.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let phase = Self { packed: AtomicU64::new(IDLE), stuck: AtomicU64::new(0), clock };
        phase.enter(IDLE);
        Arc::new(phase)
    }

    /// A request's head is there.
    pub(crate) fn busy(&self) {
        self.enter(BUSY);
    }

    /// Its answer is gone.
    pub(crate) fn idle(&self) {
        self.enter(IDLE);
    }

    fn enter(&self, what: u64) {
        self.packed.store(self.now_ms() << 2 | what, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX >> 2)
    }

    fn bytes_came(&self) {
        if self.packed.load(Ordering::Relaxed) & 3 == IDLE {
            self.enter(HEAD);
        }
    }

    /// Takes note of whether the client took some of what was written.
    fn wrote<T>(&self, written: &Poll<T>) {
        let stuck = self.stuck.load(Ordering::Relaxed) != 0;
        match written {
            Poll::Pending if !stuck => self.stuck.store(self.now_ms() + 1, Ordering::Relaxed),
            Poll::Ready(_) if stuck => self.stuck.store(0, Ordering::Relaxed),
            Poll::Pending | Poll::Ready(_) => {}
        }
    }

    /// How much longer the client may take nothing; `None` while it takes what there is.
    fn left_stuck(&self, limits: &ServerLimits) -> Option<Duration> {
        let since = self.stuck.load(Ordering::Relaxed).checked_sub(1)?;
        let passed = Duration::from_millis(self.now_ms().saturating_sub(since));
        Some(limits.idle_timeout.saturating_sub(passed))
    }

    /// How much longer the connection may go on as it is; `None` while it is answered.
    fn left(&self, limits: &ServerLimits) -> Option<Duration> {
        let packed = self.packed.load(Ordering::Relaxed);
        let passed = Duration::from_millis(self.now_ms().saturating_sub(packed >> 2));
        let limit = match packed & 3 {
            IDLE => limits.idle_timeout,
            HEAD => limits.header_timeout,
            _ => return self.left_stuck(limits),
        };
        Some(limit.saturating_sub(passed))
    }

    /// Comes back when the connection has tried our patience.
    pub(crate) async fn tried(&self, limits: &ServerLimits) {
        loop {
            let shortest = limits.header_timeout.min(limits.idle_timeout);
            match self.left(limits) {
                Some(Duration::ZERO) => return,
                Some(left) => sleep(left.min(shortest)).await,
                None => sleep(shortest).await,
            }
        }
    }
}

// === impl Watched ===

impl Watched {
    pub(crate) const fn new(io: TokioIo<TcpStream>, phase: Arc<Phase>) -> Self {
        Self { io, phase }
    }
}

impl Read for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_ready() {
            self.phase.bytes_came();
        }
        read
    }
}

impl Write for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.phase.wrote(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, pieces);
        self.phase.wrote(&written);
        written
    }
}

#[cfg(test)]
mod tests {
    //! Whose patience ends when.
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::Duration;

    use reins_config::{Drain, ServerLimits};
    use reins_governor::Clock;
    use reins_governor::samples::HandClock;

    use super::Phase;

    const fn limits() -> ServerLimits {
        ServerLimits {
            max_body_bytes: 1,
            max_bodies_bytes: 1,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            max_connections: 1,
            max_calls: 1,
            shutdown_timeout: Duration::ZERO,
            drain: Drain { max_calls: 1, max_bytes: 1, timeout: Duration::ZERO },
        }
    }

    #[test]
    fn a_client_that_takes_nothing_of_its_answer_is_let_go() {
        let clock = HandClock::at("2026-03-01T11:00:00Z");
        let phase = Phase::new(Arc::clone(&clock) as Arc<dyn Clock>);
        phase.busy();
        let at = |second, written: Option<Poll<()>>| {
            clock.turn(second - clock.monotonic().as_secs().cast_signed());
            if let Some(written) = written {
                phase.wrote(&written);
            }
            phase.left(&limits()).map(|left| left.as_secs())
        };
        assert_eq!(at(500, None), None, "the vendor thinks");
        assert_eq!(at(500, Some(Poll::Pending)), Some(75));
        assert_eq!(at(540, Some(Poll::Pending)), Some(35), "the same bytes wait");
        assert_eq!(at(541, Some(Poll::Ready(()))), None, "it took some");
        assert_eq!(at(600, Some(Poll::Pending)), Some(75));
        assert_eq!(at(675, None), Some(0));
    }
}
