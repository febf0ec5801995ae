//! Opening a runtime: the files once they have rested, then the store and its keys; and closing it
//! in order.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use reins_config::{Checked, Main, Process, ServerLimits, StoreUrl};
use reins_files::Contents;
use reins_flight::Crew;
use reins_governor::Ledger;
use reins_store::{Embedded, Losses, OpenOptions, Registry, RootSecret, Secrets};
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

use crate::check::{self, log_warnings, stored};
use crate::files::{FileStates, Files};
use crate::idempotency::Idempotency;
use crate::pools::Pools;
use crate::refusal_log::RefusalLog;
use crate::reload::Reload;
use crate::served::{Served, declared};
use crate::sources;
use crate::version::{Parts, Version};
use crate::{Runtime, RuntimeError, Start};

/// Files that have rested, with a main one that is good. Nothing is open yet.
pub struct Opening {
    start: Start,
    files: Files,
    contents: Contents,
    main: Main,
}

/// A runtime that is open, and what watches its files.
pub struct Opened<P: Pools> {
    /// What every call needs.
    pub runtime: Arc<Runtime<P>>,
    reload: Reload<P>,
}

// === impl Opening ===

impl Opening {
    /// Reads the files once they have rested. The main file has to be good.
    ///
    /// # Errors
    /// What is wrong with the main file.
    pub async fn read(start: Start) -> Result<Self, RuntimeError> {
        let mut files = Files::open(&start).await?;
        let contents = files.main.due(true).unwrap_or_default();
        let main = check::main_file(&start, &contents, None::<&Served<()>>).await?;
        files.all_opened().await;
        Ok(Self { start, files, contents, main })
    }

    /// What the main file says of the server.
    #[must_use]
    pub const fn server(&self) -> &ServerLimits {
        &self.main.process.server
    }

    /// How many files of further organizations there are.
    #[must_use]
    pub fn further(&self) -> usize {
        self.files.further.len()
    }

    /// Opens the store, and puts the files in force: a further one that is not good is named, and
    /// its organization is not served. At most `calls` are governed at once.
    ///
    /// # Errors
    /// Why the store cannot be opened.
    pub async fn open<P: Pools>(self, pools: P, calls: u32) -> Result<Opened<P>, RuntimeError> {
        let Self { start, files, contents, main } = self;
        let runtime = Arc::new(runtime(&start, main, &contents, pools, calls).await?);
        files.main.state.in_force(runtime.served.load().first().id(), None);
        let mut reload = Reload { runtime: Arc::clone(&runtime), start, files };
        reload.round(false).await;
        Ok(Opened { runtime, reload })
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("start", &self.start).finish_non_exhaustive()
    }
}

// === impl Opened ===

impl<P: Pools> Opened<P> {
    /// Opens what a host needs that has no use for less calls at once than the file says.
    ///
    /// # Errors
    /// What is wrong with the main file, or why the store cannot be opened.
    pub async fn start(start: Start, pools: P) -> Result<Self, RuntimeError> {
        let opening = Opening::read(start).await?;
        let calls = opening.server().max_calls;
        opening.open(pools, calls).await
    }

    /// The states of the files.
    #[must_use]
    pub fn files(&self) -> FileStates {
        self.reload.files.states.clone()
    }

    /// Notify it to check the files again, with the vendors' keys that the store keeps now.
    #[must_use]
    pub fn check_again(&self) -> Arc<Notify> {
        Arc::clone(&self.reload.files.check_again)
    }

    /// Watches the files while `serve` takes calls. Once that is done, lets those in flight end,
    /// and closes the store.
    ///
    /// # Errors
    /// When the store could not be closed in order.
    pub async fn run(self, serve: impl Future<Output = ()>) -> Result<(), RuntimeError> {
        let Self { runtime, reload } = self;
        let within = runtime.served.load().process.server.shutdown_timeout;
        let watching = tokio::spawn(reload.run());
        serve.await;
        watching.abort();
        runtime.stop(within).await
    }
}

impl<P: Pools> fmt::Debug for Opened<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// What every call needs, with the main file's organization alone.
async fn runtime<P: Pools>(
    start: &Start,
    Main { process, first }: Main,
    contents: &Contents,
    pools: P,
    calls: u32,
) -> Result<Runtime<P>, RuntimeError> {
    let store = open_store(&process, start).await?;
    let (registry, secrets) = open_keys(&process, start).await?;
    let Checked { organization, snapshot, report } = first;
    log_warnings(&start.config.display().to_string(), &report);
    let stored = stored(&secrets, &organization).await?;
    let file = start.config.clone();
    let parts = Parts { file, organization, snapshot, stored, before: None };
    let version = Version::ready(parts, &pools).map_err(RuntimeError::Upstreams)?;
    sources::keep(&store, &version, contents).await?;
    let drains = permits(process.server.drain.max_calls);
    registry.declare(version.id(), declared(version.id(), &version.organization.keys)).await?;
    let served = Served::new(process, Arc::new(version));
    registry.watch();
    Ok(Runtime {
        served: ArcSwap::from_pointee(served),
        ledger: Arc::clone(&store) as Arc<dyn Ledger>,
        store,
        registry,
        secrets,
        clock: Arc::clone(&start.clock),
        crew: Crew { owners: TaskTracker::new(), drains },
        idempotency: Idempotency::new(),
        places: permits(calls),
        pools,
        refusal_log: RefusalLog::default(),
    })
}

async fn open_store(process: &Process, start: &Start) -> Result<Arc<Embedded>, RuntimeError> {
    let mut options = OpenOptions::new(store_path(process), Arc::clone(&start.clock));
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
    let (path, variable) = (store_path(process), |name: &str| (start.variables)(name));
    let root = if start.accepted.lost_secret {
        RootSecret::replacing_lost(path, variable, start.clock.now())?
    } else {
        RootSecret::of_store(path, variable)?
    };
    let registry = Registry::open(path, &root, Arc::clone(&start.clock)).await?;
    let secrets = Secrets::beside(&registry, root);
    Ok((registry, secrets))
}

fn store_path(process: &Process) -> &Path {
    let StoreUrl::Sqlite(path) = &process.store;
    path
}

fn permits(number: u32) -> Arc<Semaphore> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)))
}
