//! The body of whatever the gateway answers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use reins_flight::{BoxedBody, Tap};
use tokio::sync::OwnedSemaphorePermit;

use crate::patience::Phase;

/// A body, and the place among the calls at once that it keeps until its last byte has gone.
pub(crate) struct AnswerBody {
    kind: Kind,
    _place: Option<OwnedSemaphorePermit>,
    gone: Option<Gone>,
}

/// Tells the connection, when the body is let go, that it has nothing to do.
struct Gone(Arc<Phase>);

enum Kind {
    Whole(Full<Bytes>),
    Stream(Box<Tap>),
    Passed(BoxedBody),
}

/// Why a body ended early: hyper then closes the connection, so that the client knows.
type Cut = Box<dyn std::error::Error + Send + Sync>;

// === impl AnswerBody ===

impl AnswerBody {
    /// A body that is all there.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self { kind: Kind::Whole(Full::new(bytes)), _place: None, gone: None }
    }

    /// A stream on its way.
    pub(crate) fn stream(tap: Tap) -> Self {
        Self { kind: Kind::Stream(Box::new(tap)), _place: None, gone: None }
    }

    /// A body of any other kind.
    pub(crate) fn passed(body: BoxedBody) -> Self {
        Self { kind: Kind::Passed(body), _place: None, gone: None }
    }

    /// A page of our own.
    pub(crate) fn page(body: axum::body::Body) -> Self {
        Self::passed(body.map_err(Into::into).boxed_unsync())
    }

    /// Keeps a place among the calls at once until the last byte has gone.
    pub(crate) fn keeping(mut self, place: OwnedSemaphorePermit) -> Self {
        self._place = Some(place);
        self
    }

    /// Tells the connection when the last byte has gone.
    pub(crate) fn on(mut self, connection: Arc<Phase>) -> Self {
        self.gone = Some(Gone(connection));
        self
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.idle();
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut self.kind {
            Kind::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Kind::Stream(tap) => Pin::new(tap.as_mut()).poll_frame(cx).map_err(Into::into),
            Kind::Passed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(body) => body.is_end_stream(),
            Kind::Stream(tap) => tap.is_end_stream(),
            Kind::Passed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(body) => body.size_hint(),
            Kind::Stream(tap) => tap.size_hint(),
            Kind::Passed(body) => body.size_hint(),
        }
    }
}
