//! Serving: everything a gateway consists of, opened in order and closed in order.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use reins_runtime::{Opened, Opening, RuntimeError, Start};
use reins_store::Embedded;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore};

use crate::descriptors::{self, Shares};
use crate::desk::Desk;
use crate::pages::{self, Shown};
use crate::room::Room;
use crate::server::Server;
use crate::vendor_pool::VendorPools;

/// Connections that may wait to be accepted, as many as Linux allows by default. With the 128 that
/// are usual, a burst of clients is made to wait for a second by their own machines.
const BACKLOG: u32 = 4096;

/// Why a gateway does not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What every host needs is not there.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The address cannot be listened on.
    #[error("`{address}` cannot be listened on: choose another `listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The limit of open files is too low for the store itself.
    #[error(
        "this process may have {limit} files open and needs {least} at least: raise the limit with \
         `ulimit -n`, or LimitNOFILE in systemd"
    )]
    Descriptors {
        /// How many it may have.
        limit: u64,
        /// How many it needs.
        least: u64,
    },
}

/// A gateway that listens.
pub struct Gateway {
    opened: Opened<VendorPools>,
    metrics: Option<PrometheusHandle>,
    listener: TcpListener,
    address: SocketAddr,
    shares: Shares,
}

// === impl Gateway ===

impl Gateway {
    /// Reads the files once they have rested, opens the store, and listens. The main file has to be
    /// good; a further one that is not is named, and its organization is not served. `metrics` is
    /// what `/metrics` shows, where something is recorded.
    ///
    /// # Errors
    /// Whatever of that fails first.
    pub async fn start(
        start: Start,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self, ServeError> {
        let opening = Opening::read(start).await?;
        let shares = descriptors::share(opening.server(), opening.further())?;
        let pools = VendorPools { idle_room: idle_room(shares.idle) };
        let opened = opening.open(pools, shares.calls).await?;
        let address = opened.runtime.served.load().process.listen;
        let listener = listen(address)?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { opened, metrics, listener, address, shares })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who holds and spends what.
    #[must_use]
    pub fn ledger(&self) -> &Arc<Embedded> {
        &self.opened.runtime.store
    }

    /// Notify it to check the files again, with the vendors' keys that the store keeps now.
    #[must_use]
    pub fn check_again(&self) -> Arc<Notify> {
        self.opened.check_again()
    }

    /// Serves until `stop` is done: then takes no more calls, lets those in flight end, and closes
    /// the store.
    ///
    /// # Errors
    /// When the store could not be closed in order.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let runtime = Arc::clone(&self.opened.runtime);
        let limits = runtime.served.load().process.server;
        let room = Room::of(limits.max_bodies_bytes);
        let desk = Arc::new(Desk { runtime, room });
        let (files, metrics) = (self.opened.files(), self.metrics);
        let shown = Shown { desk: Arc::clone(&desk), files, metrics };
        let server = Server { desk, pages: pages::router(shown), bound: self.address.ip() };
        let serve = server.accept(self.listener, self.shares.connections, limits, stop);
        Ok(self.opened.run(serve).await?)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address).finish_non_exhaustive()
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bound = || {
        let v4 = address.is_ipv4();
        let socket = if v4 { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|source| ServeError::Listen { address, source })
}

fn idle_room(number: u32) -> Arc<Semaphore> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)))
}
