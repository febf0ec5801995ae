//! The embedded store: the books in memory, a journal in front of every call, a database behind.
//!
//! ```text
//! hold ─▶ books ─ dispatch ─▶ journal (the only wait) ─▶ backlog ─▶ fold ─▶ database
//!           ▲                                                                 │
//!           └────────── ready: counters that are not in memory ◀──────────────┘
//! ```
//! INVARIANT: the books decide, the journal remembers, the database is what both come to. It never
//! fails open: the disk that fails would hold the allowance.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use reins_governor::{
    Ask, Clock, End, Fault, HoldId, Holding, Ledger, LedgerFuture, Receipt, RecordError,
    Transaction, Unheld, VoidReason,
};
use reins_ledger::{AllBooks, JumpDetector, Settings};
use sqlx::SqlitePool;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::folder::{self, Bell};
use crate::frame::Seq;
use crate::journal::{Durability, Journal};
use crate::jumps::read_clocks;
use crate::kept::Kept;
use crate::live::Live;
use crate::opening::{self, Opened};
use crate::recover::{Losses, Recovered};
use crate::schema;
use crate::{StoreError, load, upkeep};

/// Room for some six thousand entries. Two files are there at least, the one in use and the next.
const SEGMENT_BYTES: u64 = 2 << 20;
/// Entries that may wait to be folded: half a second of the fastest traffic, some 60 MB.
const BACKLOG_MAX: usize = 32_768;

/// What a store is opened with.
#[derive(Clone)]
pub struct OpenOptions {
    /// The database; the journal lies beside it.
    pub path: PathBuf,
    /// What an intent outlives.
    pub durability: Durability,
    /// How the books are kept.
    pub settings: Settings,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How much room a journal file is given.
    pub segment_bytes: u64,
    /// Entries that may wait to be folded before calls are refused.
    pub backlog_max: usize,
    /// What becomes of a store that has lost something.
    pub losses: Losses,
}

/// How a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Why nothing is admitted any more, until the process starts anew.
    pub stopped: Option<Arc<str>>,
    /// Entries that wait to be folded.
    pub behind: usize,
    /// Attempts that may have left and have not ended.
    pub in_flight: usize,
}

/// A ledger that is kept on this machine.
pub struct Embedded {
    pub(crate) core: Arc<Core>,
    tasks: Mutex<Option<Tasks>>,
    recovered: Recovered,
}

/// What runs as long as the store is open.
struct Tasks {
    folder: thread::JoinHandle<()>,
    upkeep: JoinHandle<()>,
}

/// How far the folder has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// Up to this entry, and it goes on.
    UpTo(Seq),
    /// It has ended, and folds nothing more.
    Ended,
}

/// What the store's tasks share.
pub(crate) struct Core {
    pub(crate) database: Database,
    pub(crate) live: Mutex<Live>,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reads: SqlitePool,
    /// What the folder is called with.
    pub(crate) bell: Bell,
    /// How far the folder has come.
    pub(crate) folded: watch::Sender<Folded>,
    /// Why the database is not written any more.
    failed: OnceLock<Arc<str>>,
    backlog_max: usize,
}

// === impl OpenOptions ===

impl OpenOptions {
    /// A store at `path` that survives the loss of power.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::Power,
            settings: Settings::default(),
            clock,
            segment_bytes: SEGMENT_BYTES,
            backlog_max: BACKLOG_MAX,
            losses: Losses::Refuse,
        }
    }
}

// === impl Embedded ===

impl Embedded {
    /// Opens a store, creating it if need be, and recovers what an earlier process left.
    ///
    /// # Errors
    /// When the store is in use, newer than this version, or cannot be read or written.
    pub async fn open(options: OpenOptions) -> Result<Arc<Self>, StoreError> {
        let Opened { database, lock, conn, journal, recovered } = opening::open(&options)?;
        let reads = schema::open_readers(&database).await?;
        let settings = options.settings;
        let core = Arc::new(Core::new(options, database, journal, reads, recovered.last.seq));
        core.resume(settings).await?;
        let folder = folder::start(Arc::clone(&core), conn, lock);
        let folder = folder.map_err(StoreError::file(core.database.path()))?;
        let upkeep = tokio::spawn(upkeep::run(Arc::clone(&core)));
        let tasks = Mutex::new(Some(Tasks { folder, upkeep }));
        Ok(Arc::new(Self { core, tasks, recovered }))
    }

    /// What an earlier process had left.
    #[must_use]
    pub const fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// How the store is.
    #[must_use]
    pub fn health(&self) -> Health {
        let stopped = self.core.stopped();
        let live = self.core.live.lock();
        Health { stopped, behind: live.behind(), in_flight: live.in_flight() }
    }

    /// Comes back when all that has happened so far is in the database.
    ///
    /// # Errors
    /// When the store has stopped.
    pub async fn flush(&self) -> Result<(), Fault> {
        let last = self.core.journal.last();
        let mut folded = self.core.folded.subscribe();
        self.core.bell.ring(folder::Call::Hurry);
        let reached = |folded: &Folded| match folded {
            Folded::UpTo(seq) => *seq >= last,
            Folded::Ended => true,
        };
        match folded.wait_for(reached).await.as_deref() {
            Ok(Folded::UpTo(_)) => Ok(()),
            Ok(Folded::Ended) | Err(_) => Err(self.core.fault()),
        }
    }

    /// Puts everything into the database and ends. Calls in flight are presumed by the next start.
    ///
    /// # Errors
    /// When the store had stopped before.
    pub async fn close(&self) -> Result<(), Fault> {
        let flushed = self.flush().await;
        self.core.bell.ring(folder::Call::Close);
        let tasks = self.tasks.lock().take();
        if let Some(Tasks { folder, upkeep }) = tasks {
            upkeep.abort();
            let mut folded = self.core.folded.subscribe();
            let ended = folded.wait_for(|folded| *folded == Folded::Ended).await;
            ended.map(drop).map_err(|_| self.core.fault())?;
            // WHY: a thread that panicked has ended too, which is all that is waited for.
            folder.join().unwrap_or_default();
            self.core.journal.close();
            self.core.reads.close().await;
        }
        // WHY: what is in the database need not be all that happened, where the journal failed.
        match self.core.journal.stopped() {
            Some(why) => Err(Fault::Stopped(why)),
            None => flushed,
        }
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("path", &self.core.database.path()).finish_non_exhaustive()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(Tasks { upkeep, .. }) = &*self.tasks.lock() {
            upkeep.abort();
            self.core.journal.close();
            self.core.bell.ring(folder::Call::Abandon);
        }
    }
}

impl Ledger for Embedded {
    fn ready<'a>(&'a self, ask: &'a Ask<'_>) -> LedgerFuture<'a> {
        Box::pin(load::ready(&self.core, ask))
    }

    fn hold(&self, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        let mut live = self.core.live.lock();
        let now = self.core.time(&mut live);
        live.books.hold(ask, now)
    }

    fn amend(&self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        let mut live = self.core.live.lock();
        let now = self.core.time(&mut live);
        live.books.amend(id, ask, now)
    }

    fn void(&self, id: HoldId, why: VoidReason) {
        let mut live = self.core.live.lock();
        if live.is_dispatched(id) {
            // Nobody waited for its dispatch to come back, so it was not sent.
            drop(live);
            self.finish(id, End::Voided { why }, self.core.clock.now(), None);
        } else {
            live.books.void(id, why);
        }
    }

    fn dispatch<'a>(&'a self, id: HoldId, draft: &'a Transaction) -> LedgerFuture<'a> {
        Box::pin(async move {
            let seq = self.core.dispatch(id, draft)?;
            self.core.bell.ring(folder::Call::Fold);
            self.core.journal.durable(seq).await.map_err(Fault::Stopped)
        })
    }

    fn finish(
        &self,
        id: HoldId,
        end: End,
        _at: Timestamp,
        record: Option<&Transaction>,
    ) -> Receipt {
        let closing = |record: &Transaction| self.core.encoded(Kept::closing(record.clone()));
        let record = record.and_then(closing);
        let mut live = self.core.live.lock();
        let now = self.core.time(&mut live);
        let (receipt, seq) = live.finish(&self.core.journal, id, end, now, record);
        self.core.push(seq, live);
        receipt
    }

    fn record(&self, record: &Transaction) {
        let Some(record) = self.core.encoded(Kept::whole(record.clone())) else { return };
        let mut live = self.core.live.lock();
        if !self.core.has_room_for_records(&live) {
            tracing::debug!("the record of a refused call was not kept: there is no room for it");
            return;
        }
        let seq = live.record(&self.core.journal, record);
        self.core.push(Some(seq), live);
    }

    fn beat(&self, id: HoldId, _at: Timestamp) {
        let mut live = self.core.live.lock();
        let now = self.core.time(&mut live);
        live.books.beat(id, now);
    }
}

// === impl Core ===

impl Core {
    fn new(
        options: OpenOptions,
        database: Database,
        journal: Journal,
        reads: SqlitePool,
        last: Seq,
    ) -> Self {
        let detector = JumpDetector::new(read_clocks(&*options.clock));
        Self {
            live: Mutex::new(Live::new(AllBooks::new(options.settings), detector, last)),
            journal,
            clock: options.clock,
            reads,
            bell: Bell::default(),
            folded: watch::Sender::new(Folded::UpTo(last)),
            failed: OnceLock::new(),
            backlog_max: options.backlog_max,
            database,
        }
    }

    /// Admits nothing any more. What is in flight may still end, as long as the journal can be
    /// written.
    pub(crate) fn stop(&self, why: String) {
        tracing::error!(why, "the store has stopped");
        self.failed.get_or_init(|| why.into());
    }

    /// Why nothing is admitted any more.
    pub(crate) fn stopped(&self) -> Option<Arc<str>> {
        self.failed.get().cloned().or_else(|| self.journal.stopped())
    }

    pub(crate) fn fault(&self) -> Fault {
        Fault::Stopped(self.stopped().unwrap_or_else(|| "the store is closed".into()))
    }

    /// Refuses where nothing may be admitted.
    pub(crate) fn check_admitting(&self, live: &Live) -> Result<(), Fault> {
        if let Some(why) = self.stopped() {
            return Err(Fault::Stopped(why));
        }
        if live.behind() >= self.backlog_max { Err(Fault::Overloaded) } else { Ok(()) }
    }

    /// Whether the record of a call that was refused can still be kept. Refusals cost a caller
    /// nothing, so that they alone must not fill the memory; an overloaded store keeps as many
    /// again as it may be behind with calls.
    fn has_room_for_records(&self, live: &Live) -> bool {
        let most = self.backlog_max.saturating_mul(2);
        self.stopped().is_none() && live.behind() < most
    }

    fn dispatch(&self, id: HoldId, draft: &Transaction) -> Result<Seq, Fault> {
        let draft = self.encoded(Kept::whole(draft.clone())).ok_or_else(|| self.fault())?;
        let mut live = self.live.lock();
        self.check_admitting(&live)?;
        live.books.dispatch(id)?;
        let now = self.time(&mut live);
        Ok(live.dispatched(&self.journal, id, draft, now))
    }

    fn encoded(&self, kept: Result<Kept, RecordError>) -> Option<Kept> {
        match kept {
            Ok(kept) => Some(kept),
            Err(error) => {
                self.journal.stop(&format!("a record could not be encoded: {error}"));
                None
            }
        }
    }

    /// Sends an entry on its way that nobody waits for. It is written with the next one that
    /// somebody does wait for, or when the folder comes, within [`folder::REST`]; at once, where no
    /// call is in flight whose next one that could be.
    pub(crate) fn push(&self, seq: Option<Seq>, live: MutexGuard<'_, Live>) {
        let idle = live.in_flight() == 0;
        drop(live);
        let Some(seq) = seq else { return };
        if idle {
            // WHY: the journal keeps the reason, and nothing is admitted after it.
            self.journal.push(seq).unwrap_or_default();
        }
        self.bell.ring(folder::Call::Fold);
    }
}

#[cfg(test)]
mod tests;
