//! The way to one vendor: a pool of connections that lead only where the file allows.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reins_flight::{BoxedBody, TransportError};
use tower::Service;

use crate::address::is_public;

/// Connections to one vendor that are kept open with nothing to do.
///
/// As many as calls may be in flight to it on one machine before opening a connection for each
/// becomes the smaller cost.
const IDLE_CONNECTIONS_MAX: usize = 1024;

/// How long they are kept.
///
/// Shorter than the 60 s after which common load balancers close from their side, so that a call
/// rarely meets a connection that is being closed.
const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(50);

/// A pool of connections to one vendor.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>,
}

/// Looks names up, and leaves out every address that is not of the public internet.
#[derive(Clone, Debug)]
struct Guarded {
    names: GaiResolver,
    /// The file allows private addresses for this vendor.
    private: bool,
}

// === impl Transport ===

impl Transport {
    /// A pool that waits this long for a connection.
    pub(crate) fn new(connect_timeout: Duration, allow_private: bool) -> io::Result<Self> {
        let names = Guarded { names: GaiResolver::new(), private: allow_private };
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
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION_LIFE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .set_host(true)
            .build(connector);
        Ok(Self { client })
    }
}

impl reins_flight::Transport for Transport {
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<BoxedBody>, TransportError> {
        match self.client.request(request).await {
            Ok(response) => Ok(response.map(|body| body.map_err(Into::into).boxed_unsync())),
            Err(error) if error.is_connect() => {
                Err(TransportError::NotConnected(innermost(&error)))
            }
            Err(error) => Err(TransportError::Broken(innermost(&error))),
        }
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

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.names.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let private = self.private;
        let found = self.names.call(name);
        Box::pin(async move {
            let all = found.await?;
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
