//! A vendor's body, and whether more of it was waiting than has been read.
//!
//! A client that reads slowly holds up its vendor's bytes in the buffers of sockets, where their
//! tokens are billed and not seen.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::BoxedBody;

/// So much read without a pause says that bytes were waiting, and that further ones may have waited
/// behind them.
///
/// Half of what the smallest receive buffer of a socket holds: a vendor that has not filled it has
/// none of its bytes held up. The fastest models take a third of a second for it.
const BACKLOG_BYTES: usize = 32 * 1024;

/// A body that notices whether it is read as fast as it comes.
pub(crate) struct Followed {
    body: BoxedBody,
    /// Bytes read since there was nothing to read.
    unbroken: usize,
}

// === impl Followed ===

impl Followed {
    pub(crate) const fn new(body: BoxedBody) -> Self {
        Self { body, unbroken: 0 }
    }

    /// Whether more of it may be waiting than has been read.
    pub(crate) const fn is_behind(&self) -> bool {
        self.unbroken > BACKLOG_BYTES
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
            Poll::Pending => self.unbroken = 0,
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.unbroken = self.unbroken.saturating_add(bytes);
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
        f.debug_struct("Followed").field("unbroken", &self.unbroken).finish_non_exhaustive()
    }
}
