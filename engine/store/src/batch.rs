//! A batch: what some entries together change in the database, each row once.

use hashbrown::{HashMap, HashSet};
use reins_governor::{Name, ScopeKind, Transaction};
use reins_ledger::{Posting, Timeline};

use crate::entry::{Closed, Ended, Entry, Intent};
use crate::frame::{Mark, Seq};

/// Entries together, in order.
#[derive(Debug, Default)]
pub(crate) struct Batch<'a> {
    /// Attempts that began, and did not end in the same batch.
    pub(crate) opened: Vec<(Seq, &'a Intent)>,
    /// Intents of attempts that ended, and began in an earlier batch.
    pub(crate) closed: Vec<Seq>,
    /// Calls' records, each the next revision of its call.
    pub(crate) records: Vec<&'a Transaction>,
    /// Ends without a record.
    pub(crate) corrections: Vec<&'a Ended>,
    /// Changes of spend, by organization, scope and slot: nano-USD, then calls.
    pub(crate) spend: HashMap<(&'a Name, ScopeKind, &'a str, i64), (i64, i64)>,
    /// What the entries of each organization charged so far, these included.
    pub(crate) charged: HashMap<&'a Name, i64>,
    /// What the wall clock has shown, where it jumped.
    pub(crate) timeline: Option<&'a Timeline>,
    /// The last second of ledger time that an entry speaks of.
    pub(crate) seen: Option<i64>,
}

// === impl Batch ===

impl<'a> Batch<'a> {
    pub(crate) fn of(entries: impl IntoIterator<Item = (Mark, &'a Entry)>) -> Self {
        let mut batch = Self::default();
        let mut closed = HashSet::new();
        for (mark, entry) in entries {
            batch.charged.extend(entry.organization().map(|name| (name, mark.own)));
            match entry {
                Entry::Intent(intent) => {
                    batch.see(intent.at.as_second());
                    batch.opened.push((mark.seq, intent));
                }
                Entry::Record(record) => batch.records.push(&record.transaction),
                Entry::End(end) => {
                    closed.extend(end.fact.intent);
                    batch.end(end);
                }
                Entry::Clock(clock) => {
                    batch.see(clock.seen);
                    batch.timeline = Some(&clock.timeline);
                }
            }
        }
        batch.opened.retain(|(seq, _)| !closed.remove(seq));
        batch.closed.extend(closed);
        batch
    }

    fn end(&mut self, end: &'a Ended) {
        match end.record.as_ref().map(Closed::record) {
            Some(record) => self.records.extend(record),
            None => self.corrections.push(end),
        }
        end.postings.iter().for_each(|posting| self.post(&end.fact.organization, posting));
    }

    fn see(&mut self, second: i64) {
        self.seen = self.seen.max(Some(second));
    }

    fn post(&mut self, organization: &'a Name, posting: &'a Posting) {
        let Posting { scope, slot, nanos, calls } = posting;
        self.see(*slot);
        let key = (organization, scope.kind, &*scope.name, *slot);
        let sum = self.spend.entry(key).or_default();
        *sum = (sum.0.saturating_add(*nanos), sum.1.saturating_add(*calls));
    }
}
