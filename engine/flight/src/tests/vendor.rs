//! A vendor that follows a script: one reply per request, in pieces.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, Sleep, sleep};

use crate::{BoxedBody, Transport, TransportError};

/// What a vendor does with one request.
pub(super) enum Reply {
    NotConnected,
    Broken,
    /// Never a word.
    Silent,
    Answer(Answer),
}

/// An answer: its head, and what comes of its body.
#[derive(Clone)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    /// How long the head takes.
    after: Duration,
    pieces: VecDeque<Piece>,
}

/// A piece of a body.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Bytes(Bytes),
    Wait(Duration),
    /// A trailer with this name and value.
    Trailer(&'static str, &'static str),
    /// The connection breaks.
    Break,
    /// Nothing comes any more.
    Stall,
}

pub(super) fn stream() -> Answer {
    let headers = vec![("content-type", "text/event-stream; charset=utf-8")];
    Answer { status: 200, headers, after: Duration::ZERO, pieces: VecDeque::new() }
}

pub(super) fn whole(status: u16) -> Answer {
    let headers = vec![("content-type", "application/json")];
    Answer { status, headers, after: Duration::ZERO, pieces: VecDeque::new() }
}

impl Answer {
    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    pub(super) fn bytes(self, bytes: impl Into<Bytes>) -> Self {
        let piece = Piece::Bytes(bytes.into());
        self.piece(piece)
    }

    pub(super) fn all<'a>(self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let bytes = |answer: Self, piece: &[u8]| answer.bytes(piece.to_vec());
        pieces.into_iter().fold(self, bytes)
    }

    pub(super) fn piece(mut self, piece: Piece) -> Self {
        self.pieces.push_back(piece);
        self
    }
}

/// The vendor, and what it saw.
#[derive(Default)]
pub(super) struct Vendor {
    replies: Mutex<VecDeque<Reply>>,
    /// When each request came.
    asked: Mutex<Vec<Instant>>,
    /// Bodies that are still read.
    open: Arc<AtomicUsize>,
    /// Pieces that were asked for.
    read: Arc<AtomicUsize>,
}

impl Vendor {
    pub(super) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect());
        Self { replies, ..Self::default() }
    }

    pub(super) fn answers(answer: Answer) -> Self {
        Self::new([Reply::Answer(answer)])
    }

    /// The waits between the requests.
    pub(super) fn waits(&self) -> Vec<Duration> {
        self.asked.lock().expect("no panic").windows(2).map(|two| two[1] - two[0]).collect()
    }

    pub(super) fn requests(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    fn respond(&self, answer: Answer) -> Response<BoxedBody> {
        self.open.fetch_add(1, Ordering::SeqCst);
        let (open, read) = (Arc::clone(&self.open), Arc::clone(&self.read));
        let body = Scripted { pieces: answer.pieces, wait: None, open, read };
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(body.map_err(Into::into).boxed_unsync()).expect("a response")
    }
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vendor")
    }
}

impl Transport for Vendor {
    async fn send(&self, _: Request<Full<Bytes>>) -> Result<Response<BoxedBody>, TransportError> {
        self.asked.lock().expect("no panic").push(Instant::now());
        let reply = self.replies.lock().expect("no panic").pop_front();
        match reply.expect("no request beyond the script") {
            Reply::NotConnected => Err(TransportError::NotConnected("refused".into())),
            Reply::Broken => Err(TransportError::Broken("reset".into())),
            Reply::Silent => std::future::pending().await,
            Reply::Answer(answer) => {
                sleep(answer.after).await;
                Ok(self.respond(answer))
            }
        }
    }
}

/// A body that comes as its script says.
struct Scripted {
    pieces: VecDeque<Piece>,
    wait: Option<Pin<Box<Sleep>>>,
    open: Arc<AtomicUsize>,
    read: Arc<AtomicUsize>,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            if matches!(self.pieces.front(), Some(Piece::Stall)) {
                return Poll::Pending;
            }
            let piece = self.pieces.pop_front();
            self.read.fetch_add(1, Ordering::SeqCst);
            match piece {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::Trailer(name, value)) => {
                    let trailers = [(name, value)].into_iter().map(|(name, value)| {
                        (HeaderName::from_static(name), HeaderValue::from_static(value))
                    });
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers.collect()))));
                }
                Some(Piece::Wait(time)) => self.wait = Some(Box::pin(sleep(time))),
                Some(Piece::Break) => {
                    return Poll::Ready(Some(Err(std::io::Error::other("reset"))));
                }
                Some(Piece::Stall) => return Poll::Pending,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        false
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}
