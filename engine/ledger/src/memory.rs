//! A ledger in memory: the books behind a lock, for hosts that keep nothing, for tests and benches.
//!
//! Every counter begins at zero with the process, and an intent is durable at once: what a process
//! that dies had spent is forgotten. Time is what each call brings along: a wall clock that is set
//! ahead ends windows early, and one that is set back stands still until it has caught up. Where
//! spend must survive either, use a store.

use std::fmt;

use jiff::Timestamp;
use parking_lot::Mutex;
use reins_governor::{
    Ask, End, HoldId, Holding, Ledger, LedgerFuture, Receipt, Transaction, Unheld, VoidReason,
};

use crate::{AllBooks, Settings};

/// What is done with each record.
type Sink = Box<dyn Fn(&Transaction) + Send + Sync>;

/// A ledger that lives as long as its process.
pub struct MemoryLedger {
    books: Mutex<AllBooks>,
    sink: Option<Sink>,
}

// === impl MemoryLedger ===

impl MemoryLedger {
    /// Empty books, and no record kept.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { books: Mutex::new(AllBooks::new(settings)), sink: None }
    }

    /// Gives every record to `sink`: the one of a call that ends without an attempt, and the one
    /// that a call has after each of its attempts.
    #[must_use]
    pub fn with_sink(mut self, sink: impl Fn(&Transaction) + Send + Sync + 'static) -> Self {
        self.sink = Some(Box::new(sink));
        self
    }

    /// Looks into the books. Calls wait meanwhile.
    pub fn look<T>(&self, at: impl FnOnce(&AllBooks) -> T) -> T {
        at(&self.books.lock())
    }

    /// Ends the attempts that gave no sign of life for [`Settings::hold_life`]; answers how many.
    /// Call it every few seconds.
    pub fn sweep(&self, now: Timestamp) -> usize {
        self.books.lock().sweep(now).len()
    }

    fn keep(&self, record: &Transaction) {
        if let Some(sink) = &self.sink {
            sink(record);
        }
    }
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLedger").finish_non_exhaustive()
    }
}

impl Ledger for MemoryLedger {
    fn ready<'a>(&'a self, ask: &'a Ask<'_>) -> LedgerFuture<'a> {
        self.books.lock().begin(ask);
        Box::pin(std::future::ready(Ok(())))
    }

    fn hold(&self, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        self.books.lock().hold(ask, ask.now)
    }

    fn amend(&self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        self.books.lock().amend(id, ask, ask.now)
    }

    fn void(&self, id: HoldId, why: VoidReason) {
        self.books.lock().void(id, why);
    }

    fn dispatch<'a>(&'a self, id: HoldId, _: &'a Transaction) -> LedgerFuture<'a> {
        let dispatched = self.books.lock().dispatch(id);
        Box::pin(std::future::ready(dispatched))
    }

    fn finish(
        &self,
        id: HoldId,
        end: End,
        now: Timestamp,
        record: Option<&Transaction>,
    ) -> Receipt {
        let receipt = self.books.lock().finish(id, end, now).receipt;
        record.into_iter().for_each(|record| self.keep(record));
        receipt
    }

    fn record(&self, record: &Transaction) {
        self.keep(record);
    }

    fn beat(&self, id: HoldId, now: Timestamp) {
        self.books.lock().beat(id, now);
    }
}
