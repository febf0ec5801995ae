//! The way to one vendor: a pool of connections that lead only where the file allows.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use reins_flight::{BoxedBody, TransportError};
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use crate::address::is_public;
use crate::descriptors::is_exhausted;
use crate::gather::Gathered;
use crate::idle::Idle;
use crate::wire::{Unanswered, Wire};

/// A pool of connections to one vendor, at one address.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    connector: HttpsConnector<HttpConnector<Guarded>>,
    idle: Arc<Idle>,
}

/// Lookups of one vendor's name at once. Each blocks a thread until the system's resolver returns,
/// tens of seconds if no name server answers; of the 512 threads for blocking work, which meter the
/// answers of all vendors, sixteen such vendors leave half.
const LOOKUPS_MAX: usize = 16;

/// Looks names up, and leaves out every address that is not of the public internet.
#[derive(Clone, Debug)]
struct Guarded {
    lookups: Arc<Semaphore>,
    /// The file allows private addresses for this vendor.
    private: bool,
}

// === impl Transport ===

impl Transport {
    /// A pool that waits this long for a connection, and keeps idle ones as far as there is room.
    pub(crate) fn new(
        connect_timeout: Duration,
        allow_private: bool,
        idle_room: Arc<Semaphore>,
    ) -> io::Result<Self> {
        let names =
            Guarded { lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)), private: allow_private };
        let mut tcp = HttpConnector::new_with_resolver(names);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let provider = rustls::crypto::ring::default_provider();
        let tls = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_webpki_roots()
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self { connector, idle: Arc::new(Idle::new(idle_room)) })
    }

    async fn connect(&self, uri: Uri) -> Result<Wire, TransportError> {
        let stream = self.connector.clone().oneshot(uri).await;
        let stream = stream.map_err(|error| not_connected(&*error))?;
        let wire = Wire::new(stream).await;
        wire.map_err(|error| TransportError::NotConnected(innermost(&error)))
    }
}

impl reins_flight::Transport for Transport {
    async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<BoxedBody>, TransportError> {
        let uri = address(&mut request);
        loop {
            let kept = self.idle.take().await;
            let was_kept = kept.is_some();
            let wire = match kept {
                Some(wire) => wire,
                None => self.connect(uri.clone()).await?,
            };
            match wire.send(request, &self.idle).await {
                Ok(answer) => {
                    return Ok(
                        answer.map(|body| Gathered::new(body.map_err(Into::into)).boxed_unsync())
                    );
                }
                // The vendor closed it at that very moment: another one will do.
                Err(Unanswered::Unsent(unsent)) if was_kept => request = *unsent,
                Err(Unanswered::Unsent(_)) => {
                    let what = "the vendor closed the connection at once".to_owned();
                    return Err(TransportError::NotConnected(what));
                }
                Err(Unanswered::Broken(error)) => {
                    return Err(TransportError::Broken(innermost(&error)));
                }
            }
        }
    }
}

/// Why there is no connection: this machine has no resources left, or the vendor was not reached.
fn not_connected(error: &(dyn std::error::Error + 'static)) -> TransportError {
    let what = innermost(error);
    if is_exhausted(error) {
        TransportError::Exhausted(what)
    } else {
        TransportError::NotConnected(what)
    }
}

/// Writes the vendor's name into the head, as a server wants it, and leaves the path alone in the
/// first line; answers the whole address.
fn address(request: &mut Request<Full<Bytes>>) -> Uri {
    let path = request.uri().path_and_query().cloned();
    let path = path.map_or_else(Uri::default, Uri::from);
    let uri = std::mem::replace(request.uri_mut(), path);
    let host = uri.authority().map(|authority| host(uri.scheme(), authority));
    if let Some(Ok(host)) = host {
        request.headers_mut().insert(header::HOST, host);
    }
    uri
}

/// A port is named only where it is not the scheme's own.
fn host(
    scheme: Option<&Scheme>,
    authority: &Authority,
) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let own = if scheme == Some(&Scheme::HTTPS) { 443 } else { 80 };
    match authority.port_u16().filter(|port| *port != own) {
        Some(port) => HeaderValue::try_from(format!("{}:{port}", authority.host())),
        None => HeaderValue::from_str(authority.host()),
    }
}

/// The cause of an error without what is around it: outer texts may name addresses.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

// === impl Guarded ===

impl Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (private, lookups) = (self.private, Arc::clone(&self.lookups));
        Box::pin(async move {
            let place = lookups.acquire_owned().await.map_err(io::Error::other)?;
            // The thread keeps the place: a call that is given up does not end its lookup.
            let lookup = tokio::task::spawn_blocking(move || {
                let _place = place;
                (name.as_str(), 0).to_socket_addrs()
            });
            let all = lookup.await.map_err(io::Error::other)??;
            let allowed: Vec<_> = all.filter(|a| private || is_public(a.ip())).collect();
            if allowed.is_empty() {
                return Err(io::Error::other(
                    "the vendor's name leads to no public address: set `allow_private = true` on \
                     its connection if that is meant",
                ));
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests;
