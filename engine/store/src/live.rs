//! Live: what is known in memory, behind one lock.
//!
//! INVARIANT: whatever changes the books is numbered and joins the backlog under the same lock, so
//! that what was folded up to some entry, and the backlog after it, are together all there is.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::{SignedDuration, Timestamp};
use reins_governor::{End, HoldId, Name, Receipt, Scope, TransactionId};
use reins_ledger::{AllBooks, Finished, JumpDetector, Posting, Swept};
use ulid::Ulid;

use crate::clock::KeptClock;
use crate::entry::{Closed, Ended, Entry, Fact, Intent};
use crate::frame::{Mark, Seq};
use crate::journal::Journal;
use crate::kept::Kept;

/// Presumed ends of an organization whose calls are remembered, should usage come late: as many as
/// its books remember.
const PRESUMED_MAX: usize = 2_048;

/// The books, and what has not reached the database.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) books: AllBooks,
    /// Detects jumps of the wall clock.
    pub(crate) detector: JumpDetector,
    /// Jumps since the store was opened.
    pub(crate) jumps: u64,
    in_flight: HashMap<HoldId, InFlight>,
    /// Which attempts of each organization were presumed lately.
    presumed: HashMap<Name, VecDeque<(HoldId, TransactionId, u32)>>,
    backlog: VecDeque<(Mark, Arc<Entry>)>,
    /// The last entry that is known to be in the database.
    folded: Seq,
}

/// An attempt that may have left.
#[derive(Debug)]
struct InFlight {
    seq: Seq,
    intent: Arc<Entry>,
}

// === impl Live ===

impl Live {
    /// Nothing held and nothing in the backlog, after `folded` entries.
    pub(crate) fn new(books: AllBooks, detector: JumpDetector, folded: Seq) -> Self {
        let (in_flight, presumed, backlog) = Default::default();
        Self { books, detector, jumps: 0, in_flight, presumed, backlog, folded }
    }

    /// The wall clock has jumped, and shows `now`.
    pub(crate) fn jump(&mut self, journal: &Journal, seconds: i64, now: Timestamp) {
        self.jumps += 1;
        self.books.jump(seconds, now);
        self.keep_clock(journal, now);
    }

    /// Enters the timeline into the journal. Every intent from now on comes after it.
    pub(crate) fn keep_clock(&mut self, journal: &Journal, now: Timestamp) {
        let timeline = self.books.timeline().clone();
        let seen = timeline.ledger_time(now.as_second());
        self.enter(journal, Arc::new(Entry::Clock(KeptClock { timeline, seen })));
    }

    /// Entries that wait to be folded.
    pub(crate) fn behind(&self) -> usize {
        self.backlog.len()
    }

    /// Attempts that may have left and have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Whether the attempt may have left already.
    pub(crate) fn is_dispatched(&self, id: HoldId) -> bool {
        self.in_flight.contains_key(&id)
    }

    /// Notes that an attempt may leave at `now`.
    pub(crate) fn dispatched(
        &mut self,
        journal: &Journal,
        id: HoldId,
        draft: Kept,
        now: Timestamp,
    ) -> Seq {
        let shift = SignedDuration::from_secs(self.books.timeline().shift);
        let at = now.saturating_sub(shift).unwrap_or(now);
        let intent = Arc::new(Entry::Intent(Intent { at, draft }));
        let seq = self.enter(journal, Arc::clone(&intent));
        self.in_flight.insert(id, InFlight { seq, intent });
        seq
    }

    /// Ends an attempt. No entry, where it changes nothing.
    pub(crate) fn finish(
        &mut self,
        journal: &Journal,
        id: HoldId,
        end: End,
        now: Timestamp,
        record: Option<Kept>,
    ) -> (Receipt, Option<Seq>) {
        let finished = self.books.finish(id, end, now);
        self.ended(journal, id, finished, now, record)
    }

    /// Ends the attempts that gave no sign of life.
    pub(crate) fn sweep(&mut self, journal: &Journal, now: Timestamp) -> Option<Seq> {
        let swept = self.books.sweep(now);
        let ended = |Swept { id, finished }| self.ended(journal, id, finished, now, None).1;
        swept.into_iter().filter_map(ended).last()
    }

    /// Keeps the record of a call without an attempt.
    pub(crate) fn record(&mut self, journal: &Journal, record: Kept) -> Seq {
        self.enter(journal, Arc::new(Entry::Record(record)))
    }

    /// The oldest entries that are not folded, `most` of them at most.
    pub(crate) fn unfolded(&self, most: usize) -> Vec<(Mark, Arc<Entry>)> {
        self.backlog.iter().take(most).cloned().collect()
    }

    /// Notes that all entries up to `seq` are in the database.
    pub(crate) fn folded(&mut self, seq: Seq) {
        self.folded = seq;
        while self.backlog.pop_front_if(|(waiting, _)| waiting.seq <= seq).is_some() {}
    }

    /// What is posted to `scope` of `organization` after entry `seq`; `None` where that is no
    /// longer known.
    pub(crate) fn posted_after(
        &self,
        seq: Seq,
        organization: &Name,
        scope: &Scope,
    ) -> Option<Vec<&Posting>> {
        let entries = self.backlog.iter().filter(|(waiting, _)| waiting.seq > seq);
        let entries = entries.filter(|(_, entry)| entry.organization() == Some(organization));
        let postings = entries.flat_map(|(_, entry)| entry.postings());
        (seq >= self.folded).then(|| postings.filter(|post| post.scope == *scope).collect())
    }

    fn ended(
        &mut self,
        journal: &Journal,
        id: HoldId,
        finished: Finished,
        at: Timestamp,
        record: Option<Kept>,
    ) -> (Receipt, Option<Seq>) {
        let Finished { receipt, postings } = finished;
        let began = self.in_flight.remove(&id);
        let organization = self.books.organization(id).cloned();
        let changes = began.is_some() || !postings.is_empty();
        let Some(organization) = organization.filter(|_| changes) else { return (receipt, None) };
        let end = receipt.end.clone();
        let intent = began.as_ref().map(|began| began.seq);
        let draft = began.as_ref().and_then(InFlight::draft);
        let (txn, attempt) = self.names(&organization, id, draft.or(record.as_ref()));
        if matches!(end, End::Presumed { .. }) {
            self.remember(&organization, (id, txn, attempt));
        }
        let record = record.or_else(|| draft.and_then(|draft| closed(journal, draft, &end, at)));
        let fact = Fact { organization, intent, txn, attempt, at, end };
        let ended = Ended { fact, record: record.map(Closed::Record), postings };
        let seq = self.enter(journal, Arc::new(Entry::End(Box::new(ended))));
        (receipt, Some(seq))
    }

    /// Which attempt of which call a hold was for. A hold that never had either is nobody's.
    fn names(&self, organization: &Name, id: HoldId, known: Option<&Kept>) -> (TransactionId, u32) {
        let presumed = || self.presumed.get(organization);
        let remembered = || presumed()?.iter().rev().find(|(hold, ..)| *hold == id);
        match known {
            Some(kept) => (kept.transaction.opening.id, kept.last_try().0),
            None => remembered()
                .map_or((TransactionId(Ulid::nil()), 0), |(_, txn, attempt)| (*txn, *attempt)),
        }
    }

    fn remember(&mut self, organization: &Name, attempt: (HoldId, TransactionId, u32)) {
        let presumed = self.presumed.entry_ref(organization).or_default();
        if presumed.len() >= PRESUMED_MAX {
            presumed.pop_front();
        }
        presumed.push_back(attempt);
    }

    fn enter(&mut self, journal: &Journal, entry: Arc<Entry>) -> Seq {
        let mark = journal.append((entry.organization(), entry.charged()), |out| entry.write(out));
        self.backlog.push_back((mark, entry));
        mark.seq
    }
}

// === impl InFlight ===

impl InFlight {
    fn draft(&self) -> Option<&Kept> {
        match &*self.intent {
            Entry::Intent(intent) => Some(&intent.draft),
            Entry::End(_) | Entry::Record(_) | Entry::Clock(_) => None,
        }
    }
}

/// The record of a call whose owner gave none: made of its draft and the end that holds.
fn closed(journal: &Journal, draft: &Kept, end: &End, at: Timestamp) -> Option<Kept> {
    let mut record = draft.transaction.clone();
    record.close(end, at);
    match Kept::closing(record) {
        Ok(record) => Some(record),
        // Nothing is admitted after an entry that cannot be written.
        Err(error) => {
            journal.stop(&format!("an entry could not be encoded: {error}"));
            None
        }
    }
}
