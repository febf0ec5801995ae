//! Serving: everything a gateway consists of, opened in order and closed in order.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use metrics_exporter_prometheus::PrometheusHandle;
use reins_config::{Checked, Main, Process, StoreUrl};
use reins_files::Contents;
use reins_flight::Crew;
use reins_governor::Ledger;
use reins_runtime::{Files, RefusalLog, RuntimeError, Start};
use reins_store::{Embedded, Losses, OpenOptions, Registry, RootSecret, Secrets};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::check::{self, log_warnings, stored};
use crate::descriptors::{self, Shares};
use crate::desk::Desk;
use crate::idempotency::Repeats;
use crate::pages::{self, Shown};
use crate::reload::{self, Round};
use crate::room::Room;
use crate::served::{Served, declared};
use crate::server::Server;
use crate::sources;
use crate::version::{Parts, Version};

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
    desk: Arc<Desk>,
    start: Start,
    metrics: Option<PrometheusHandle>,
    files: Files,
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
        let mut files = Files::open(&start).await?;
        let contents = files.main.due(true).unwrap_or_default();
        let main = check::main_file(&start, &contents, None).await?;
        files.all_opened().await;
        let shares = descriptors::share(&main.process.server, files.further.len())?;
        let desk = Arc::new(desk(&start, main, &contents, shares).await?);
        files.main.state.in_force(desk.served.load().first().id(), None);
        Round { desk: &desk, start: &start, store_failed: false }.run(&mut files, false).await;
        let address = desk.served.load().process.listen;
        let listener = listen(address)?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { desk, start, metrics, files, listener, address, shares })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who holds and spends what.
    #[must_use]
    pub fn ledger(&self) -> &Arc<Embedded> {
        &self.desk.store
    }

    /// Notify it to check the files again, with the vendors' keys that the store keeps now.
    #[must_use]
    pub fn check_again(&self) -> Arc<Notify> {
        Arc::clone(&self.files.check_again)
    }

    /// Serves until `stop` is done: then takes no more calls, lets those in flight end, and closes
    /// the store.
    ///
    /// # Errors
    /// When the store could not be closed in order.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let limits = self.desk.served.load().process.server;
        let shown = Shown {
            desk: Arc::clone(&self.desk),
            files: self.files.states.clone(),
            metrics: self.metrics.clone(),
        };
        let (desk, bound) = (Arc::clone(&self.desk), self.address.ip());
        let server = Server { desk, pages: pages::router(shown), bound };
        let watch = reload::watch(Arc::clone(&self.desk), self.start, self.files);
        let watching = tokio::spawn(watch);
        server.accept(self.listener, self.shares.connections, limits, stop).await;
        watching.abort();
        wait_for_owners(&self.desk, limits.shutdown_timeout).await;
        let closed = self.desk.store.close().await;
        Ok(closed.map_err(RuntimeError::Closing)?)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What every call needs, with the main file's organization alone.
async fn desk(
    start: &Start,
    Main { process, first }: Main,
    contents: &Contents,
    shares: Shares,
) -> Result<Desk, RuntimeError> {
    let store = open(&process, start).await?;
    let (registry, secrets) = open_keys(&process, start).await?;
    let idle_room = permits(shares.idle);
    let Checked { organization, snapshot, report } = first;
    log_warnings(&start.config.display().to_string(), &report);
    let stored = stored(&secrets, &organization).await?;
    let (file, before, idle) = (start.config.clone(), None, &idle_room);
    let parts = Parts { file, organization, snapshot, stored, before, idle_room: idle };
    let version = Version::ready(parts).map_err(RuntimeError::Upstreams)?;
    sources::keep(&store, &version, contents).await?;
    let server = process.server;
    registry.declare(version.id(), declared(version.id(), &version.organization.keys)).await?;
    let served = Served::new(process, Arc::new(version));
    registry.watch();
    Ok(Desk {
        served: ArcSwap::from_pointee(served),
        ledger: Arc::clone(&store) as Arc<dyn Ledger>,
        store,
        registry,
        secrets,
        clock: Arc::clone(&start.clock),
        crew: Crew { owners: TaskTracker::new(), drains: permits(server.drain.max_calls) },
        repeats: Repeats::new(),
        places: permits(shares.calls),
        room: Room::of(server.max_bodies_bytes),
        idle_room,
        refusal_log: RefusalLog::default(),
    })
}

async fn open(process: &Process, start: &Start) -> Result<Arc<Embedded>, RuntimeError> {
    let StoreUrl::Sqlite(path) = &process.store;
    let mut options = OpenOptions::new(path, Arc::clone(&start.clock));
    options.losses = if start.accepted.loss { Losses::Accept } else { Losses::Refuse };
    options.durability = match process.durability {
        reins_config::Durability::Power => reins_store::Durability::Power,
        reins_config::Durability::Process => reins_store::Durability::Process,
    };
    let ledger = Embedded::open(options).await?;
    let recovered = ledger.recovered();
    tracing::info!(?recovered, "the store is open");
    Ok(ledger)
}

/// The keys of callers, and those of vendors.
async fn open_keys(process: &Process, start: &Start) -> Result<(Registry, Secrets), RuntimeError> {
    let StoreUrl::Sqlite(path) = &process.store;
    let variable = |name: &str| (start.variables)(name);
    let root = if start.accepted.lost_secret {
        RootSecret::replacing_lost(path, variable, start.clock.now())?
    } else {
        RootSecret::of_store(path, variable)?
    };
    let registry = Registry::open(path, &root, Arc::clone(&start.clock)).await?;
    let secrets = Secrets::beside(&registry, root);
    Ok((registry, secrets))
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

/// Calls in flight outlive their connections: their owners may still be draining.
async fn wait_for_owners(desk: &Desk, within: Duration) {
    desk.crew.owners.close();
    if timeout(within, desk.crew.owners.wait()).await.is_err() {
        let left = desk.crew.owners.len();
        tracing::warn!(left, "calls were still in flight when the time to stop was over");
    }
}

fn permits(number: u32) -> Arc<Semaphore> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)))
}
