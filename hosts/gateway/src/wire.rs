//! A wire: one connection to a vendor, driven by the call that uses it.
//!
//! hyper wants somebody to poll a connection. Here it is whoever waits for the answer, so that no
//! second task has to be woken, on another core perhaps, for each piece that goes out or comes in.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::idle::Idle;

/// What a wire is laid on.
pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// One connection to a vendor.
#[derive(Debug)]
pub(crate) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    /// Empty once it has ended.
    connection: Option<Box<Connection<Stream, Full<Bytes>>>>,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// Not a byte of it was sent: here it is again.
    Unsent(Box<Request<Full<Bytes>>>),
    /// It was sent, and the connection broke.
    Broken(hyper::Error),
}

/// The body of an answer. Read to its end, it gives its wire back.
pub(crate) struct WireBody {
    body: Incoming,
    wire: Option<Wire>,
    idle: Arc<Idle>,
}

// === impl Wire ===

impl Wire {
    /// Lays one on an open connection.
    pub(crate) async fn new(stream: Stream) -> hyper::Result<Self> {
        let (sender, connection) = handshake(stream).await?;
        Ok(Self { sender, connection: Some(Box::new(connection)) })
    }

    /// Whether a request may be sent on it; a vendor may have closed it by now.
    pub(crate) async fn is_open(&mut self) -> bool {
        poll_fn(|cx| Poll::Ready(self.is_free(cx))).await
    }

    /// Sends a request, and waits for the head of its answer.
    pub(crate) async fn send(
        mut self,
        request: Request<Full<Bytes>>,
        idle: &Arc<Idle>,
    ) -> Result<Response<WireBody>, Unanswered> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let answered = poll_fn(|cx| {
            drive(&mut self.connection, cx);
            answer.as_mut().poll(cx)
        });
        match answered.await {
            Ok(answer) => {
                let idle = Arc::clone(idle);
                Ok(answer.map(|body| WireBody { body, wire: Some(self), idle }))
            }
            Err(mut error) => Err(match error.take_message() {
                Some(request) => Unanswered::Unsent(Box::new(request)),
                None => Unanswered::Broken(error.into_error()),
            }),
        }
    }

    fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.connection, cx);
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// Writes and reads what can be, without waiting.
fn drive(connection: &mut Option<Box<Connection<Stream, Full<Bytes>>>>, cx: &mut Context<'_>) {
    let ended = connection.as_mut().is_some_and(|wire| Pin::new(wire).poll(cx).is_ready());
    if ended {
        // WHY: whatever ended it, the request or body that is under way is told by hyper.
        *connection = None;
    }
}

// === impl WireBody ===

impl WireBody {
    /// Lets go of the wire once the answer is read: to the others if it can be used again.
    fn let_go(&mut self, cx: &mut Context<'_>) {
        let free = |mut wire: Wire| wire.is_free(cx).then_some(wire);
        if let Some(wire) = self.wire.take().and_then(free) {
            self.idle.keep(wire);
        }
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let mut polled = Pin::new(&mut this.body).poll_frame(cx);
        if let (Poll::Pending, Some(wire)) = (&polled, &mut this.wire) {
            drive(&mut wire.connection, cx);
            polled = Pin::new(&mut this.body).poll_frame(cx);
        }
        if matches!(polled, Poll::Ready(None)) || this.body.is_end_stream() {
            this.let_go(cx);
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
