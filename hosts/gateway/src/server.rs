//! The accept loop: connections in, within their limits, until told to stop.

use std::convert::Infallible;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use reins_config::ServerLimits;
use reins_runtime::{LogThrottle, Origin, Path, Peer, Unrecognised, Way, is_local, refuse_path};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::patience::{Phase, Watched};
use crate::unauthenticated::{Listed, Unauthenticated};
use crate::{free, govern, pages};

/// How long to wait before accepting again where the machine has no descriptors or memory left. It
/// doubles with each failure: a short burst costs no time, a long one no processor.
const ACCEPT_RETRY_MIN: Duration = Duration::from_millis(10);
/// Where that ends: a client waits no longer than this once there are descriptors again.
const ACCEPT_RETRY_MAX: Duration = Duration::from_secs(1);

/// How long to wait for an evicted connection to be closed: its task has only to be scheduled.
const EVICTION_MAX: Duration = Duration::from_millis(50);

/// The answer on a connection for which there is no place, sent without reading a request.
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

/// Limits how many connections are open at once.
struct ConnectionLimit {
    desk: Arc<Desk>,
    places: Arc<Semaphore>,
    unauthenticated: Arc<Unauthenticated>,
    /// Connections for which there was no place.
    refused: LogThrottle,
    /// Failures to accept.
    failed: LogThrottle,
    /// How long to wait after the next failure.
    retry_after: Duration,
}

/// A connection's place, given back when this is dropped.
struct Place {
    listed: Listed,
    _permit: OwnedSemaphorePermit,
}

// === impl ConnectionLimit ===

impl ConnectionLimit {
    fn new(desk: &Arc<Desk>, connections: u32) -> Self {
        let places = usize::try_from(connections).unwrap_or(usize::MAX);
        metrics::gauge!("reins_connections_max").set(f64::from(connections));
        metrics::gauge!("reins_connections").set(0.0);
        Self {
            desk: Arc::clone(desk),
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            unauthenticated: Arc::default(),
            refused: LogThrottle::default(),
            failed: LogThrottle::default(),
            retry_after: ACCEPT_RETRY_MIN,
        }
    }

    /// A place for a new connection, if need be that of an unauthenticated one; `None` where all
    /// connections have shown a key or were accepted just now.
    async fn place(&self) -> Option<Place> {
        let now = self.desk.runtime.clock.monotonic();
        let free = Arc::clone(&self.places).try_acquire_owned().ok();
        let permit = match free {
            None if self.unauthenticated.evict_oldest(now) => {
                metrics::counter!("reins_connections_evicted_total").increment(1);
                let freed = Arc::clone(&self.places).acquire_owned();
                tokio::time::timeout(EVICTION_MAX, freed).await.ok()?.ok()
            }
            free => free,
        };
        Some(Place { listed: self.unauthenticated.list(now), _permit: permit? })
    }

    /// Answers 503 and closes the connection.
    fn refuse(&self, stream: TcpStream) {
        metrics::counter!("reins_connections_refused_total").increment(1);
        if let Some(connections) = self.refused.due(self.desk.runtime.clock.monotonic()) {
            tracing::warn!(connections, "connections were refused: all places are taken");
        }
        // WHY: the connection is closed in any case, whether the answer can be sent or not.
        let sent = stream.into_std().and_then(|stream| (&stream).write_all(FULL));
        sent.unwrap_or_default();
    }

    /// Waits after a failure to accept, unless only that one connection failed.
    async fn back_off(&mut self, error: &std::io::Error) {
        if is_of_one_connection(error) {
            return;
        }
        if let Some(times) = self.failed.due(self.desk.runtime.clock.monotonic()) {
            tracing::warn!(%error, times, "connections cannot be accepted: retrying");
        }
        tokio::time::sleep(self.retry_after).await;
        self.retry_after = (self.retry_after * 2).min(ACCEPT_RETRY_MAX);
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
        let mut limit = ConnectionLimit::new(&self.desk, connections);
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
                    limit.retry_after = ACCEPT_RETRY_MIN;
                    match limit.place().await {
                        Some(place) => self.connect(stream, peer, &limits, &graceful, place),
                        None => limit.refuse(stream),
                    }
                }
                Err(error) => {
                    tokio::select! {
                        biased;
                        () = &mut stop => break,
                        () = limit.back_off(&error) => {}
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
        place: Place,
    ) {
        // WHY: without it, small pieces of a stream wait 40 ms for an acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "nodelay could not be set");
        }
        let phase = Phase::new(Arc::clone(&self.desk.runtime.clock));
        let place = Arc::new(place);
        let answering = (self.clone(), Arc::clone(&phase), Arc::clone(&place));
        let service = service_fn(move |request| {
            let (server, phase, place) = answering.clone();
            async move {
                phase.busy();
                place.listed.protect();
                let (answer, known) = server.answer(request, peer.ip()).await;
                if !known {
                    place.listed.expose();
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
                () = place.listed.evicted() => tracing::debug!(%peer, "a connection was evicted"),
            }
            metrics::gauge!("reins_connections").decrement(1.0);
        });
    }

    /// The answer, and whether the request had a known key.
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> (Response<AnswerBody>, bool) {
        let path = request.uri().path().to_owned();
        if pages::is_page(&path) {
            return (self.page(request).await, false);
        }
        let origin = Origin { peer: Peer::Address(peer), local: is_local(self.bound, peer) };
        let answer = match self.desk.runtime.path(request.method(), &path, request.headers()) {
            Path::Metered { prefix, rest, dialect } => {
                let way = Way { prefix, rest, family: dialect.family(), origin };
                govern::govern(&self.desk, way, &dialect, request).await
            }
            Path::Free { prefix, rest, family } => {
                let way = Way { prefix, rest, family: &*family, origin };
                free::pass_on(&self.desk, way, request).await
            }
            Path::Refused { family } => {
                return (refuse_path(&*family, &path).map(AnswerBody::whole), false);
            }
        };
        let known = answer.extensions().get::<Unrecognised>().is_none();
        (answer, known)
    }

    async fn page(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        match self.pages.clone().oneshot(request).await {
            Ok(response) => response.map(AnswerBody::page),
            Err(never) => match never {},
        }
    }
}
