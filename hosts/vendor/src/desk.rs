//! What all connections of one vendor share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::books::Books;
use crate::clock::epoch_seconds;
use crate::options::Options;
use crate::script::Script;
use crate::seen::Seen;

pub(crate) struct Desk {
    pub(crate) options: Options,
    pub(crate) books: Arc<Books>,
    pub(crate) seen: Seen,
    /// Failures so far of scripts that fail a number of times, by the script's id.
    failures: Mutex<HashMap<String, u64>>,
    opened_at: u64,
    next: AtomicU64,
}

impl Desk {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            books: Arc::default(),
            seen: Seen::default(),
            failures: Mutex::default(),
            opened_at: epoch_seconds(),
            next: AtomicU64::new(1),
        }
    }

    /// Sixteen characters and more that no other call has, of this vendor or one started later.
    pub(crate) fn unique(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}{:08x}{number:012x}", self.opened_at, std::process::id())
    }

    /// The status this call fails with, if it fails: always, or the first `fail_times` of its id.
    pub(crate) fn failure(&self, script: &Script) -> Option<u16> {
        let status = script.status?;
        let Some(times) = script.fail_times else { return Some(status) };
        let mut failures = self.failures.lock();
        let so_far = failures.entry(script.id.clone().unwrap_or_default()).or_default();
        if *so_far >= times {
            return None;
        }
        *so_far += 1;
        Some(status)
    }

    /// Forgets all it was asked and all it billed.
    pub(crate) fn reset(&self) {
        self.books.reset();
        self.seen.reset();
        self.failures.lock().clear();
    }
}
