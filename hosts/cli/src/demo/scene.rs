//! The scene: a folder, a vendor and the gateway in front of it, put up and taken down in order.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use reins_config::{File, Main, Process, Purpose, StoreUrl};
use reins_gateway::{Gateway, ServeError};
use reins_governor::Clock;
use reins_runtime::{Accepted, RuntimeError, Start};
use reins_store::{Embedded, Reports};
use reins_vendor::{Options, Vendor};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::demo::DemoError;
use crate::demo::caller::Caller;
use crate::demo::figures::{Figures, Sources};
use crate::demo::keys::Keys;
use crate::demo::pace::Pace;
use crate::demo::reckoning::Reckoning;
use crate::demo::roll::Roll;

/// The file, but for the vendor's address.
const FILE: &str = include_str!("reins.toml");
/// Where the vendor's address goes.
const VENDOR: &str = "{vendor}";

/// Everything that runs while the demo is on.
pub(crate) struct Scene {
    /// How agents reach the gateway.
    pub(crate) caller: Caller,
    /// Where figures are read.
    pub(crate) sources: Arc<Sources>,
    ledger: Arc<Embedded>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
    vendor: Vendor,
    /// Goes with all that is in it when this is dropped.
    folder: TempDir,
}

// === impl Scene ===

impl Scene {
    /// Starts the vendor, then the gateway, as anybody would.
    pub(crate) async fn open(pace: Pace, clock: &Arc<dyn Clock>) -> Result<Self, DemoError> {
        let folder = TempDir::with_prefix("reins-demo-").map_err(DemoError::Folder)?;
        let vendor = vendor(pace).await.map_err(DemoError::Vendor)?;
        let text = FILE.replace(VENDOR, &vendor.address().to_string());
        let path = folder.path().join("reins.toml");
        reins_files::replace_atomically(&path, text.as_bytes()).map_err(DemoError::Folder)?;
        let keys = Keys::make()?;
        let Main { process, first } = main_file(&path, &text, &keys, &**clock)?;
        let gateway = Gateway::start(start(path, &keys, clock), None).await?;
        let reports = Reports::open(store(&process), &**clock)?;
        let caller = Caller::new(gateway.address(), keys);
        let ledger = Arc::clone(gateway.ledger());
        let (stop, stopped) = oneshot::channel();
        // WHY: whoever drops the other end wants it stopped as well.
        let serving = tokio::spawn(gateway.run(async { stopped.await.unwrap_or_default() }));
        let books = Arc::clone(vendor.books());
        let clock = Arc::clone(clock);
        let sources = Arc::new(Sources { reports, books, organization: first.organization, clock });
        Ok(Self { caller, sources, ledger, stop, serving, vendor, folder })
    }

    /// Reads all figures once everything that has happened is among them.
    pub(crate) async fn last_figures(&self) -> Result<Figures, DemoError> {
        self.ledger.flush().await?;
        Ok(self.sources.read().await?)
    }

    /// Stops the gateway, which closes the store, then the vendor; then holds all against all.
    pub(crate) async fn close(self, roll: Roll) -> Result<Reckoning, DemoError> {
        let Self { sources, stop, serving, vendor, folder, .. } = self;
        // WHY: a gateway that has stopped by itself says why just below.
        stop.send(()).unwrap_or_default();
        serving.await??;
        vendor.stop().await;
        let mut agents = Vec::new();
        for entry in roll.0 {
            let spent = sources.spent_by(entry.agent).await?;
            agents.push((entry, spent.usd));
        }
        let check = sources.reports.check().await;
        let reckoning = Reckoning {
            agents,
            figures: sources.read().await?,
            check: check.map_err(|mismatch| mismatch.to_string()),
            records: sources.reports.totals(sources.organization()).await?.transactions,
            folder: folder.path().to_owned(),
        };
        folder.close().map_err(DemoError::Folder)?;
        Ok(reckoning)
    }
}

async fn vendor(pace: Pace) -> io::Result<Vendor> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let (latency, chunk_gap) = (pace.latency, pace.gap);
    reins_vendor::serve(listener, Options { latency, chunk_gap, ..Options::default() })
}

/// What the gateway is going to read, for the budgets' names and limits.
fn main_file(path: &Path, text: &str, keys: &Keys, clock: &dyn Clock) -> Result<Main, DemoError> {
    let file = File {
        path,
        text,
        purpose: Purpose::Serve,
        today: clock.now().to_zoned(TimeZone::UTC).date(),
        variables: &|name| keys.variable(name),
        others: &[],
    };
    Ok(reins_config::read(&file)
        .map_err(|report| ServeError::from(RuntimeError::Wrong(Box::new(report))))?)
}

fn start(config: PathBuf, keys: &Keys, clock: &Arc<dyn Clock>) -> Start {
    let keys = keys.clone();
    Start {
        config,
        variables: Arc::new(move |name| keys.variable(name)),
        clock: Arc::clone(clock),
        accepted: Accepted::default(),
    }
}

fn store(process: &Process) -> &Path {
    let StoreUrl::Sqlite(path) = &process.store;
    path
}
