//! The accept loop: connections in, within their limits, until told to stop.

use std::convert::Infallible;
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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::arrival::is_local;
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::govern::Way;
use crate::path::Path;
use crate::patience::{Phase, Watched};
use crate::{free, govern, reply};

/// How long to wait before accepting again, when the machine has no more file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

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

// === impl Server ===

impl Server {
    /// Accepts until `stop` is done, then lets the connections end.
    pub(crate) async fn accept(
        self,
        listener: TcpListener,
        limits: ServerLimits,
        stop: impl Future<Output = ()>,
    ) {
        let connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let place = tokio::select! {
                biased;
                () = &mut stop => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.connect(stream, peer, &limits, &graceful, place.ok()),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
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
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) {
        // WHY: without it, small pieces of a stream wait 40 ms for an acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "nodelay could not be set");
        }
        let phase = Phase::new(Arc::clone(&self.desk.clock));
        let (server, answering) = (self.clone(), Arc::clone(&phase));
        let service = service_fn(move |request| {
            let (server, phase) = (server.clone(), Arc::clone(&answering));
            async move {
                phase.busy();
                let answer = server.answer(request, peer.ip()).await;
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
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                biased;
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                }
                // What is cut here has no call on it: owners are tasks of their own.
                () = phase.tried(&limits) => tracing::debug!(%peer, "a connection was too slow"),
            }
        });
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<AnswerBody> {
        let path = request.uri().path().to_owned();
        let local = is_local(self.bound, peer);
        match Path::of(request.method(), &path, request.headers()) {
            Path::Metered { prefix, dialect } => {
                govern::govern(&self.desk, Way { prefix, dialect, peer, local }, request).await
            }
            Path::Free { prefix, rest, dialect } => {
                free::pass_on(&self.desk, Way { prefix, dialect, peer, local }, rest, request).await
            }
            Path::Own => self.page(request).await,
            Path::Refused { dialect } => reply::not_carried(dialect, &path),
        }
    }

    async fn page(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        match self.pages.clone().oneshot(request).await {
            Ok(response) => response.map(AnswerBody::page),
            Err(never) => match never {},
        }
    }
}
