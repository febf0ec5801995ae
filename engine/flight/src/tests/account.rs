//! The ledger of these tests: the real books in memory, and every record that came to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reins_governor::{Ledger, Transaction};
use reins_ledger::{MemoryLedger, Settings};

/// After how long without a sign of life a hold ends here: a call says that it is alive at least
/// every twenty seconds.
pub(super) const HOLD_LIFE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Account {
    pub(super) ledger: Arc<MemoryLedger>,
    /// One for each attempt that ended.
    records: Arc<Mutex<Vec<Transaction>>>,
}

impl Default for Account {
    fn default() -> Self {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&records);
        let ledger = MemoryLedger::new(Settings { hold_life: HOLD_LIFE, ..Settings::default() })
            .with_sink(move |record| kept.lock().expect("no panic").push(record.clone()));
        Self { ledger: Arc::new(ledger), records }
    }
}

impl Account {
    pub(super) fn as_ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.ledger) as _
    }

    /// Whether no attempt has ended.
    pub(super) fn is_empty(&self) -> bool {
        self.records.lock().expect("no panic").is_empty()
    }

    /// The record of the only call, each of whose attempts has ended once.
    pub(super) fn record(&self) -> Transaction {
        let records = self.records.lock().expect("no panic");
        let last = records.last().expect("a record").clone();
        assert!(records.iter().all(|record| record.opening.id == last.opening.id), "one call");
        assert_eq!(records.len(), last.attempts.len(), "an attempt has ended, but not once");
        last
    }

    /// Nothing is in flight, and the sum of the rows is the sum of the counters.
    pub(super) fn check_closed(&self) {
        self.ledger.look(|books| {
            assert_eq!(books.in_flight(), 0, "money is still held");
            books.check().expect("sound books");
        });
    }
}
