//! Serving: everything a gateway consists of, opened in order and closed in order.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusHandle;
use reins_config::{
    Checked, FILE_MAX, File, Purpose, Report, Secret, Settings, StoreUrl, VendorKey,
};
use reins_files::{Contents, FileError, WatchedFile};
use reins_flight::Crew;
use reins_governor::{Clock, Ledger, Snapshot};
use reins_store::{
    Embedded, Losses, OpenOptions, Registry, RootSecret, SecretName, Secrets, Source, SourceKind,
    StoreError,
};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::descriptors::{self, Shares};
use crate::desk::{Desk, Live, Stored};
use crate::hush::Hush;
use crate::idempotency::Repeats;
use crate::pages::{self, Shown};
use crate::reload;
use crate::room::Room;
use crate::server::Server;
use crate::versions::Versions;

/// Connections that may wait to be accepted, as many as Linux allows by default. With the 128 that
/// are usual, a burst of clients is made to wait for a second by their own machines.
const BACKLOG: u32 = 4096;

/// How long a start waits for its file before it logs that.
const SILENT: Duration = Duration::from_millis(500);

/// Looks up an environment variable.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a gateway is started with.
#[derive(Clone)]
pub struct Start {
    /// The file.
    pub config: PathBuf,
    /// The environment.
    pub variables: Variables,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What `/metrics` shows, where something is recorded.
    pub metrics: Option<PrometheusHandle>,
    /// Losses that the operator accepts.
    pub accepted: Accepted,
}

/// Losses that the operator accepts at this start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Entries of the journal that are missing.
    pub loss: bool,
    /// The root secret, and with it every key that was made under it.
    pub lost_secret: bool,
}

/// Why a gateway does not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The file cannot be read.
    #[error("`{path}` cannot be read: name the file with --config")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// The file is wrong.
    #[error("the file is wrong:\n{}", .0.render(false))]
    Wrong(Box<Report>),
    /// The file changes fields that cannot change while a process runs.
    #[error(
        "{} cannot change while it serves: put back what it was, or restart to have all of it",
        .fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
    )]
    NeedsRestart {
        /// The fields that differ.
        fields: Vec<&'static str>,
    },
    /// The check of the file panicked.
    #[error("the file could not be checked")]
    Unchecked(#[source] tokio::task::JoinError),
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// The store had stopped.
    #[error("the store could not be closed in order")]
    Closing(#[source] reins_governor::Fault),
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
    /// A connection to a vendor cannot be prepared.
    #[error("the connections to the vendors cannot be prepared")]
    Lines(#[source] io::Error),
}

/// A gateway that listens.
pub struct Gateway {
    desk: Arc<Desk>,
    start: Start,
    versions: Versions,
    listener: TcpListener,
    address: SocketAddr,
    shares: Shares,
}

// === impl Gateway ===

impl Gateway {
    /// Reads the file once it has rested, opens the store, and listens.
    ///
    /// # Errors
    /// Whatever of that fails first.
    pub async fn start(start: Start) -> Result<Self, ServeError> {
        let file = open_file(&start).await?;
        let contents = file.contents();
        let Checked { settings, snapshot, report } = check(&start, &contents).await?;
        tell_warnings(&report);
        let shares = descriptors::share(&settings.server)?;
        let (address, store) = (settings.listen, open(&settings, &start).await?);
        let (registry, secrets) = open_keys(&settings, &start).await?;
        let stored = stored(&secrets, &settings).await?;
        let live = Live::ready(settings, Arc::new(snapshot), &stored, None);
        let live = live.map_err(ServeError::Lines)?;
        keep_sources(&store, &live, &contents).await?;
        registry.declare(&live.settings.organization.id, live.declared()).await?;
        registry.watch();
        let server = live.settings.server;
        let desk = Arc::new(Desk {
            live: ArcSwap::from_pointee(live),
            ledger: Arc::clone(&store) as Arc<dyn Ledger>,
            store,
            registry,
            secrets,
            clock: Arc::clone(&start.clock),
            crew: Crew { owners: TaskTracker::new(), drains: permits(server.drain.max_calls) },
            repeats: Repeats::new(),
            places: permits(shares.calls),
            room: Room::of(server.max_bodies_bytes),
            hush: Hush::default(),
        });
        let listener = listen(address)?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { desk, start, versions: Versions::of(file), listener, address, shares })
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

    /// Notify it to check the file again, with the vendors' keys that the store keeps now.
    #[must_use]
    pub fn check_again(&self) -> Arc<Notify> {
        Arc::clone(&self.versions.check_again)
    }

    /// Serves until `stop` is done: then takes no more calls, lets those in flight end, and closes
    /// the store.
    ///
    /// # Errors
    /// When the store could not be closed in order.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let limits = self.desk.live.load().settings.server;
        let shown = Shown {
            desk: Arc::clone(&self.desk),
            versions: self.versions.clone(),
            metrics: self.start.metrics.clone(),
        };
        let (desk, bound) = (Arc::clone(&self.desk), self.address.ip());
        let server = Server { desk, pages: pages::router(shown), bound };
        let watch = reload::watch(Arc::clone(&self.desk), self.start, self.versions);
        let watching = tokio::spawn(watch);
        server.accept(self.listener, self.shares.connections, limits, stop).await;
        watching.abort();
        wait_for_owners(&self.desk, limits.shutdown_timeout).await;
        let closed = self.desk.store.close().await;
        closed.map_err(ServeError::Closing)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Opens the file, which is watched from then on.
async fn open_file(start: &Start) -> Result<WatchedFile, ServeError> {
    let now = SystemTime::from(start.clock.now());
    let mut opening = pin!(WatchedFile::open(&start.config, FILE_MAX, now));
    let opened = match timeout(SILENT, &mut opening).await {
        Ok(opened) => opened,
        Err(_) => {
            let path = start.config.display();
            tracing::info!(%path, "waiting for a file that was just written or does not answer");
            opening.await
        }
    };
    opened.map_err(|source| ServeError::Unreadable { path: start.config.clone(), source })
}

/// Checks what the file says, on a thread where no call is carried.
pub(crate) async fn check(start: &Start, text: &Contents) -> Result<Checked, ServeError> {
    let (start, text) = (start.clone(), Arc::clone(text));
    let checked = tokio::task::spawn_blocking(move || check_here(&start, &text)).await;
    checked.map_err(ServeError::Unchecked)?
}

fn check_here(start: &Start, text: &[u8]) -> Result<Checked, ServeError> {
    let text = str::from_utf8(text).map_err(|error| ServeError::Unreadable {
        path: start.config.clone(),
        source: io::Error::new(io::ErrorKind::InvalidData, error).into(),
    })?;
    let file = File {
        path: &start.config,
        text,
        purpose: Purpose::Serve,
        today: start.clock.now().to_zoned(TimeZone::UTC).date(),
        variables: &|name| (start.variables)(name),
    };
    reins_config::read(&file).map_err(|report| ServeError::Wrong(Box::new(report)))
}

pub(crate) fn tell_warnings(report: &Report) {
    for warning in &report.warnings {
        let (line, path) = (warning.line, &warning.path);
        tracing::warn!(line, %path, what = %warning.what, hint = %warning.hint, "in the file");
    }
}

async fn open(settings: &Settings, start: &Start) -> Result<Arc<Embedded>, ServeError> {
    let StoreUrl::Sqlite(path) = &settings.store;
    let mut options = OpenOptions::new(path, Arc::clone(&start.clock));
    options.losses = if start.accepted.loss { Losses::Accept } else { Losses::Refuse };
    options.durability = match settings.durability {
        reins_config::Durability::Power => reins_store::Durability::Power,
        reins_config::Durability::Process => reins_store::Durability::Process,
    };
    let ledger = Embedded::open(options).await?;
    let recovered = ledger.recovered();
    tracing::info!(?recovered, "the store is open");
    Ok(ledger)
}

/// Keeps the text of the versions that records of `live` will name.
pub(crate) async fn keep_sources(
    store: &Embedded,
    live: &Live,
    text: &Contents,
) -> Result<(), ServeError> {
    let Snapshot { version, organization, prices, .. } = &*live.snapshot;
    let file = Source {
        digest: version.to_string(),
        kind: SourceKind::File,
        organization: Some(organization.clone()),
        text: String::from_utf8_lossy(text).into_owned(),
    };
    let prices = Source {
        digest: prices.version().to_string(),
        kind: SourceKind::Prices,
        organization: None,
        text: reins_prices::builtin_text(),
    };
    Ok(store.keep_sources(vec![file, prices]).await?)
}

/// The keys of callers, and those of vendors.
async fn open_keys(settings: &Settings, start: &Start) -> Result<(Registry, Secrets), ServeError> {
    let StoreUrl::Sqlite(path) = &settings.store;
    let variable = |name: &str| (start.variables)(name);
    let root = if start.accepted.lost_secret {
        RootSecret::replacing_lost(path, variable, start.clock.now())?
    } else {
        RootSecret::of_store(path, variable)?
    };
    let registry = Registry::open(path, &root, Arc::clone(&start.clock)).await?;
    Ok((registry, Secrets::open(path, root).await?))
}

/// The vendors' keys that the store keeps for these connections.
pub(crate) async fn stored(secrets: &Secrets, settings: &Settings) -> Result<Stored, ServeError> {
    let mut found = Stored::new();
    for connection in settings.connections.iter().filter(|c| c.key == VendorKey::Stored) {
        let name = SecretName {
            organization: settings.organization.id.to_string(),
            connection: connection.name.to_string(),
            field: "key".to_owned(),
        };
        match secrets.get(&name).await? {
            Some(key) => {
                let key = Secret::new(key.expose().to_owned());
                found.insert(connection.name.clone(), key);
            }
            None => tracing::warn!(connection = %connection.name, "the store has no key for it"),
        }
    }
    Ok(found)
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
