//! The ledger of these tests: the real books in memory, and a list of all that was told to them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use reins_governor::{
    Ask, End, Fault, HoldId, Holding, Ledger, Receipt, Transaction, TransactionId, Unheld,
    VoidReason,
};
use reins_ledger::{Books, Settings};

#[derive(Debug)]
pub(super) struct Account(Mutex<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) books: Books,
    /// How each dispatched attempt ended. No second end is let in.
    pub(super) ends: BTreeMap<HoldId, End>,
    /// Records by call, the last one of each.
    pub(super) records: BTreeMap<TransactionId, Transaction>,
    pub(super) beats: usize,
}

impl Default for Account {
    fn default() -> Self {
        let books = Books::new(Settings::default());
        let (ends, records) = (BTreeMap::new(), BTreeMap::new());
        Self(Mutex::new(Inner { books, ends, records, beats: 0 }))
    }
}

impl Account {
    pub(super) fn look(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no panic")
    }

    /// The record of the only call.
    pub(super) fn record(&self) -> Transaction {
        let inner = self.look();
        assert_eq!(inner.records.len(), 1, "one call, one record");
        inner.records.values().next().expect("a record").clone()
    }

    /// Nothing is in flight, and the sum of the rows is the sum of the counters.
    pub(super) fn check_closed(&self) {
        let inner = self.look();
        assert_eq!(inner.books.in_flight(), 0, "money is still held");
        inner.books.check().expect("sound books");
    }
}

impl Ledger for Account {
    async fn ready(&self, ask: &Ask<'_>) -> Result<(), Fault> {
        self.look().books.begin(ask);
        Ok(())
    }

    fn hold(&self, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        self.look().books.hold(ask, ask.now)
    }

    fn amend(&self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        self.look().books.amend(id, ask, ask.now)
    }

    fn void(&self, id: HoldId, why: VoidReason) {
        self.look().books.void(id, why);
    }

    async fn dispatch(&self, id: HoldId, _: &Transaction) -> Result<(), Fault> {
        self.look().books.dispatch(id)
    }

    fn finish(
        &self,
        id: HoldId,
        end: End,
        now: Timestamp,
        record: Option<&Transaction>,
    ) -> Receipt {
        let mut inner = self.look();
        let before = inner.ends.insert(id, end.clone());
        assert_eq!(before, None, "an attempt was ended twice");
        inner.records.extend(record.map(|record| (record.opening.id, record.clone())));
        inner.books.finish(id, end, now).receipt
    }

    fn record(&self, record: &Transaction) {
        self.look().records.insert(record.opening.id, record.clone());
    }

    fn beat(&self, id: HoldId, now: Timestamp) {
        let mut inner = self.look();
        inner.beats += 1;
        inner.books.beat(id, now);
    }
}
