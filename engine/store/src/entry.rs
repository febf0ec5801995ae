//! Entries: what the journal says, each an array in CBOR that begins with the number of its kind.
//!
//! ```text
//! [0, at, record so far]                                          an attempt may now leave
//! [1, organization, intent or null, id, attempt, at, end, closing or null, postings]   it ended
//! [2, record]                                                     a call ended without an attempt
//! [3, seen, shift, floor, stretches]                              the wall clock jumped
//! ```
//! Records are in their binary form (engine/governor/RECORD.md). The end of an attempt has only the
//! closing of its record: the opening is in the entry of its intent. Times are microseconds.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use reins_governor::{End, Name, Opening, RecordError, ScopeKind, Transaction, TransactionId};
use reins_ledger::Posting;
use smallvec::SmallVec;

use crate::clock::KeptClock;
use crate::frame::Seq;
use crate::kept::Kept;

mod form;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// An attempt may now leave; a crash from here on presumes it.
    Intent(Intent),
    /// An attempt ended, or its charge was corrected.
    End(Box<Ended>),
    /// A call ended without an attempt.
    Record(Kept),
    /// The wall clock jumped, or a store goes on after an earlier jump.
    Clock(KeptClock),
}

/// An attempt that may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    /// When it was dispatched, in ledger time.
    pub(crate) at: Timestamp,
    /// The record so far; its last attempt is this one.
    pub(crate) draft: Kept,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Which attempt of which call, how it ended, and when.
    pub(crate) fact: Fact,
    /// The call's record by now; `None` where only an earlier charge is corrected.
    pub(crate) record: Option<Closed>,
    /// What this changes in the spend of each scope.
    pub(crate) postings: Postings,
}

/// The record of a call that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are records, and their entry is boxed")]
pub(crate) enum Closed {
    /// The record, with its closing as its form.
    Record(Kept),
    /// The closing, as the journal has it.
    Form(Box<[u8]>),
}

/// One posting per scope of a call.
pub(crate) type Postings = SmallVec<[Posting; 6]>;

/// The bare end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) organization: Name,
    /// The entry of the attempt's intent; `None` for a correction.
    pub(crate) intent: Option<Seq>,
    pub(crate) txn: TransactionId,
    pub(crate) attempt: u32,
    pub(crate) at: Timestamp,
    pub(crate) end: End,
}

// === impl Entry ===

impl Entry {
    /// Writes the entry as the journal holds it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        form::write(self, out).map_err(io::Error::other)
    }

    /// Reads back what [`Entry::write`] wrote.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        form::read(bytes)
    }

    /// When it was made.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Self::Intent(intent) => intent.at,
            Self::End(end) => end.fact.at,
            Self::Record(record) => record.transaction.opening.at,
            Self::Clock(clock) => Timestamp::from_second(clock.seen).unwrap_or_default(),
        }
    }

    /// Whose call it is about; `None` where it is about the clock.
    pub(crate) fn organization(&self) -> Option<&Name> {
        match self {
            Self::Intent(Intent { draft: kept, .. }) | Self::Record(kept) => {
                Some(&kept.transaction.opening.who.organization)
            }
            Self::End(end) => Some(&end.fact.organization),
            Self::Clock(_) => None,
        }
    }

    /// What it charged: its postings to the organization, which every call has.
    pub(crate) fn charged(&self) -> i64 {
        let all = self.postings().iter();
        let ours = all.filter(|posting| posting.scope.kind == ScopeKind::Organization);
        ours.map(|posting| posting.nanos).fold(0, i64::saturating_add)
    }

    /// What it changes in the spend of each scope.
    pub(crate) fn postings(&self) -> &[Posting] {
        match self {
            Self::End(end) => &end.postings,
            Self::Intent(_) | Self::Record(_) | Self::Clock(_) => &[],
        }
    }
}

// === impl Closed ===

impl Closed {
    /// The record, where its opening is known.
    pub(crate) const fn record(&self) -> Option<&Transaction> {
        match self {
            Self::Record(kept) => Some(&kept.transaction),
            Self::Form(_) => None,
        }
    }

    /// Makes the record of a closing that the journal had, with the opening of its call.
    pub(crate) fn complete(&mut self, opening: Arc<Opening>) -> Result<(), RecordError> {
        if let Self::Form(form) = self {
            let transaction = Transaction::with_closing(opening, form)?;
            let form = std::mem::take(form);
            *self = Self::Record(Kept { transaction, form });
        }
        Ok(())
    }

    fn form(&self) -> &[u8] {
        match self {
            Self::Record(kept) => &kept.form,
            Self::Form(form) => form,
        }
    }
}

#[cfg(test)]
mod tests;
