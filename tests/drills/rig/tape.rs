//! A vendor that plays a tape: exact bytes, in exact pieces, whatever is asked; it keeps what came.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is played to a request.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) pieces: Pieces,
}

/// The pieces of a body, made as they are needed.
pub(crate) type Pieces = Arc<dyn Fn(usize) -> Option<Bytes> + Send + Sync>;

/// A vendor that plays one reply.
pub(crate) struct Tape {
    pub(crate) address: SocketAddr,
    shelf: Arc<Shelf>,
}

struct Shelf {
    reply: Mutex<Reply>,
    seen: Mutex<Vec<(Parts, Bytes)>>,
    /// One for each piece that may leave.
    go: Arc<Semaphore>,
}

/// A body that lets each piece go when it may.
struct Playing {
    pieces: Pieces,
    next: usize,
    shelf: Arc<Shelf>,
    waiting: Option<Waiting>,
}

type Waiting = Pin<Box<dyn Future<Output = OwnedSemaphorePermit> + Send>>;

// === impl Reply ===

impl Reply {
    /// A stream of these pieces.
    pub(crate) fn stream(pieces: Vec<Bytes>) -> Self {
        Self::of("text/event-stream", pieces)
    }

    /// A body of these pieces.
    pub(crate) fn of(kind: &str, pieces: Vec<Bytes>) -> Self {
        let pieces: Pieces = Arc::new(move |index| pieces.get(index).cloned());
        Self { status: 200, headers: vec![("content-type", kind.to_owned())], pieces }
    }
}

// === impl Tape ===

impl Tape {
    /// A vendor that plays `reply`, each piece at once.
    pub(crate) async fn playing(reply: Reply) -> Self {
        let tape = Self::paused(reply).await;
        tape.go_on(Semaphore::MAX_PERMITS);
        tape
    }

    /// A vendor that plays a piece only when told to.
    pub(crate) async fn paused(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reply, go) = (Mutex::new(reply), Arc::new(Semaphore::new(0)));
        let shelf = Arc::new(Shelf { reply, seen: Mutex::default(), go });
        tokio::spawn(accept(listener, Arc::clone(&shelf)));
        Self { address, shelf }
    }

    /// Plays something else from now on.
    pub(crate) fn play(&self, reply: Reply) {
        *self.shelf.reply.lock() = reply;
    }

    /// The status of what it plays.
    pub(crate) fn status(&self) -> u16 {
        self.shelf.reply.lock().status
    }

    /// Lets further pieces leave.
    pub(crate) fn go_on(&self, pieces: usize) {
        self.shelf.go.add_permits(pieces);
    }

    /// Lets no piece leave any more.
    pub(crate) fn pause(&self) {
        self.shelf.go.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// The requests so far, which are then forgotten.
    pub(crate) fn seen(&self) -> Vec<(HeaderMap, Bytes)> {
        let seen = std::mem::take(&mut *self.shelf.seen.lock());
        seen.into_iter().map(|(head, body)| (head.headers, body)).collect()
    }

    /// The same as bytes: each target, its headers, and its body.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        let seen = std::mem::take(&mut *self.shelf.seen.lock());
        let heard = |(head, body): (Parts, Bytes)| {
            let mut text = format!("{} {}\n", head.method, head.uri).into_bytes();
            for (name, value) in &head.headers {
                text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
            }
            text.extend_from_slice(&body);
            text
        };
        seen.into_iter().map(heard).collect()
    }
}

async fn accept(listener: TcpListener, shelf: Arc<Shelf>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&shelf)));
    }
}

async fn converse(stream: TcpStream, shelf: Arc<Shelf>) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(move |request| answer(Arc::clone(&shelf), request));
    // WHY: clients that leave are what the drills are about.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    shelf: Arc<Shelf>,
    request: Request<Incoming>,
) -> Result<Response<Playing>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    shelf.seen.lock().push((head, body));
    let reply = shelf.reply.lock().clone();
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let playing = Playing { pieces: reply.pieces, next: 0, shelf, waiting: None };
    Ok(response.body(playing).unwrap())
}

impl Body for Playing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = (self.pieces)(self.next) else { return Poll::Ready(None) };
        let go = Arc::clone(&self.shelf.go);
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(async move { go.acquire_owned().await.unwrap() }));
        let leave = ready!(waiting.as_mut().poll(cx));
        // A tape that plays at once has more permits than pieces.
        leave.forget();
        self.waiting = None;
        self.next += 1;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
