//! The accept loop: connections in, within their limits, until told to stop.

use std::convert::Infallible;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use reins_config::ServerLimits;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use crate::arrival::is_local;
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::govern::Way;
use crate::path::Path;
use crate::patience::{Phase, Watched};
use crate::seldom::Seldom;
use crate::strangers::{Strangers, Visitor};
use crate::{free, govern, reply};

/// How long to wait before accepting again where the machine has no descriptors or memory left: a
/// hundred tries a second at first, one a second later.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);
const ACCEPT_AGAIN_MAX: Duration = Duration::from_secs(1);

/// How long a stranger may take to make room: its task has only to be run.
const ROOM_WITHIN: Duration = Duration::from_millis(50);

/// What a connection is told for which there is no room. No request was read.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
    x-should-retry: true\r\ncontent-type: application/json\r\ncontent-length: 133\r\n\r\n\
    {\"error\":{\"type\":\"service_unavailable\",\"code\":\"service_unavailable\",\
    \"message\":\"too many connections at once: try again in a moment\"}}";

/// The largest head of a request, in bytes: ten times what SDKs send.
const HEAD_MAX: usize = 64 * 1024;

/// Answers one connection after another.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) desk: Arc<Desk>,
    pub(crate) pages: axum::Router,
    /// The address that is bound, whatever a newer version of the file says.
    pub(crate) bound: IpAddr,
}

/// The door: who comes in, and who has to go for that.
struct Door {
    desk: Arc<Desk>,
    places: Arc<Semaphore>,
    strangers: Arc<Strangers>,
    /// Connections for which there was no room.
    refused: Seldom,
    /// Tries to accept that failed.
    failed: Seldom,
    /// How long to wait after the next failure.
    again: Duration,
}

/// A place, and whoever is in it.
struct Guest {
    visitor: Visitor,
    _place: OwnedSemaphorePermit,
}

// === impl Door ===

impl Door {
    fn new(desk: &Arc<Desk>, connections: u32) -> Self {
        let places = usize::try_from(connections).unwrap_or(usize::MAX);
        metrics::gauge!("reins_connections_max").set(f64::from(connections));
        metrics::gauge!("reins_connections").set(0.0);
        Self {
            desk: Arc::clone(desk),
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            strangers: Arc::default(),
            refused: Seldom::default(),
            failed: Seldom::default(),
            again: ACCEPT_AGAIN,
        }
    }

    /// A place for one more; `None` where all are taken by those who have a key, or who came just
    /// now.
    async fn enter(&self) -> Option<Guest> {
        let now = self.desk.clock.monotonic();
        let free = Arc::clone(&self.places).try_acquire_owned().ok();
        let place = match free {
            None if self.strangers.evict_oldest(now) => {
                metrics::counter!("reins_connections_evicted_total").increment(1);
                let freed = Arc::clone(&self.places).acquire_owned();
                tokio::time::timeout(ROOM_WITHIN, freed).await.ok()?.ok()
            }
            free => free,
        };
        Some(Guest { visitor: self.strangers.arrive(now), _place: place? })
    }

    /// Closes a connection at once, with a word on why.
    fn refuse(&self, stream: TcpStream) {
        metrics::counter!("reins_connections_refused_total").increment(1);
        if let Some(connections) = self.refused.due(self.desk.clock.monotonic()) {
            tracing::warn!(connections, "connections were refused: all places are taken");
        }
        // WHY: it is closed in any case; whether the word arrives is the client's affair.
        let told = stream.into_std().and_then(|stream| (&stream).write_all(FULL));
        told.unwrap_or_default();
    }

    /// Waits after a failure to accept, unless it was of that one connection.
    async fn wait_out(&mut self, error: &std::io::Error) {
        if is_of_one_connection(error) {
            return;
        }
        if let Some(times) = self.failed.due(self.desk.clock.monotonic()) {
            tracing::warn!(%error, times, "connections cannot be accepted: it is tried again");
        }
        tokio::time::sleep(self.again).await;
        self.again = (self.again * 2).min(ACCEPT_AGAIN_MAX);
    }
}

/// Whether a client left before it was accepted.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

// === impl Server ===

impl Server {
    /// Accepts so many connections at once until `stop` is done, then lets them end.
    pub(crate) async fn accept(
        self,
        listener: TcpListener,
        connections: u32,
        limits: ServerLimits,
        stop: impl Future<Output = ()>,
    ) {
        let mut door = Door::new(&self.desk, connections);
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    door.again = ACCEPT_AGAIN;
                    match door.enter().await {
                        Some(guest) => self.connect(stream, peer, &limits, &graceful, guest),
                        None => door.refuse(stream),
                    }
                }
                Err(error) => {
                    tokio::select! {
                        biased;
                        () = &mut stop => break,
                        () = door.wait_out(&error) => {}
                    }
                }
            }
        }
        drop(listener);
        if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections were still open when the time to stop was over");
        }
    }

    fn connect(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        limits: &ServerLimits,
        graceful: &GracefulShutdown,
        guest: Guest,
    ) {
        // WHY: without it, small pieces of a stream wait 40 ms for an acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "nodelay could not be set");
        }
        let phase = Phase::new(Arc::clone(&self.desk.clock));
        let guest = Arc::new(guest);
        let answering = (self.clone(), Arc::clone(&phase), Arc::clone(&guest));
        let service = service_fn(move |request| {
            let (server, phase, guest) = answering.clone();
            async move {
                phase.busy();
                guest.visitor.asks();
                let (answer, known) = server.answer(request, peer.ip()).await;
                if !known {
                    guest.visitor.is_unknown();
                }
                Ok::<_, Infallible>(answer.map(|body| body.on(phase)))
            }
        });
        let watched = Watched::new(TokioIo::new(stream), Arc::clone(&phase));
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(HEAD_MAX)
            .serve_connection(watched, service);
        let connection = graceful.watch(connection);
        let limits = *limits;
        metrics::gauge!("reins_connections").increment(1.0);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                }
                // What is cut here has no call on it: owners are tasks of their own.
                () = phase.tried(&limits) => tracing::debug!(%peer, "a connection was too slow"),
                () = guest.visitor.must_go() => tracing::debug!(%peer, "a stranger made room"),
            }
            metrics::gauge!("reins_connections").decrement(1.0);
        });
    }

    /// The answer, and whether whoever asked has shown a key that is known.
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> (Response<AnswerBody>, bool) {
        let path = request.uri().path().to_owned();
        let local = is_local(self.bound, peer);
        let answer = match Path::of(request.method(), &path, request.headers()) {
            Path::Metered { prefix, dialect } => {
                govern::govern(&self.desk, Way { prefix, dialect, peer, local }, request).await
            }
            Path::Free { prefix, rest, dialect } => {
                free::pass_on(&self.desk, Way { prefix, dialect, peer, local }, rest, request).await
            }
            Path::Own => return (self.page(request).await, false),
            Path::Refused { dialect } => return (reply::not_carried(dialect, &path), false),
        };
        let known = !is_of_nobody(&answer);
        (answer, known)
    }

    async fn page(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        match self.pages.clone().oneshot(request).await {
            Ok(response) => response.map(AnswerBody::page),
            Err(never) => match never {},
        }
    }
}

/// Whether the key of a call was refused; a vendor's own 401 says nothing of it.
fn is_of_nobody(answer: &Response<AnswerBody>) -> bool {
    let ours = answer.headers().get(reply::names::ACTION).is_some_and(|action| action == "block");
    ours && answer.status() == StatusCode::UNAUTHORIZED
}
