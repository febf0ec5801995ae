//! Recovery: before a store serves, everything in its journal is in its database, and no attempt
//! is open. So a restart begins with nothing held, and no counter has to be restored.

use jiff::Timestamp;
use reins_governor::{End, PresumeReason, RecordError};
use reins_ledger::{Posting, SLOT_SECONDS};
use rusqlite::Connection;

use crate::StoreError;
use crate::batch::Batch;
use crate::calls::Writer;
use crate::continuity::{self, Continuity};
use crate::database::Database;
use crate::entry::{Closed, Ended, Entry, Fact, Postings};
use crate::fold::{self, FOLD_MAX};
use crate::frame::Mark;
use crate::journal_state::{Applied, JournalState};
use crate::kept::Kept;
use crate::loss::Loss;
use crate::openings::Openings;
use crate::scan::{Found, Scan};

/// What recovery found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Entries that were in the journal and not yet in the database.
    pub replayed: u64,
    /// Attempts that had no end, and were presumed to cost what was held.
    pub presumed: u64,
    /// What is missing, where the operator accepted that.
    pub lost: Option<Box<Loss>>,
    /// The last entry of the store's life so far.
    pub(crate) last: Mark,
}

/// What to do with a store that lacks entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Losses {
    /// Refuse it, without changing it.
    #[default]
    Refuse,
    /// Go on without them.
    Accept,
}

/// An attempt without an end, as the database keeps it.
type Open = (i64, i64, Vec<u8>);

/// Recovers a store: afterwards its database is whole without the journal. The caller has it to
/// itself.
pub(crate) fn recover(
    conn: &mut Connection,
    database: &Database,
    now: Timestamp,
    losses: Losses,
) -> Result<Recovered, StoreError> {
    let state = JournalState::read(conn)?;
    let scan = Scan::of(&database.journal(), &state)?;
    let Continuity { entries, flaws, torn } = continuity::judge(&scan, &state)?;
    let store = database.path().to_owned();
    let lost = (!flaws.is_empty()).then(|| Box::new(Loss { store, flaws }));
    let lost = match (lost, losses) {
        (Some(lost), Losses::Refuse) => return Err(StoreError::Lost(lost)),
        (lost, _) => lost,
    };
    if let Some(entry) = torn {
        tracing::info!(
            entry,
            "the journal's last write was torn: no call was sent on the entries it lacks"
        );
    }
    let mut writer = Writer::default();
    let last = apply(conn, &mut writer, &scan, &entries)?.unwrap_or(state.applied.mark);
    let replayed = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let presumed = presume_open(conn, &mut writer, now)?;
    if !state.closed || replayed > 0 {
        JournalState::close(conn)?;
    }
    Ok(Recovered { replayed, presumed, lost, last })
}

/// Applies what was found, some entries at a time; answers the last one.
fn apply(
    conn: &mut Connection,
    writer: &mut Writer,
    scan: &Scan,
    found: &[Found],
) -> Result<Option<Mark>, StoreError> {
    for some in found.chunks(FOLD_MAX) {
        let entries = some.iter().map(|found| Ok((found.mark, scan.read(found)?)));
        let mut entries = entries.collect::<Result<Vec<_>, StoreError>>()?;
        let mut openings = Openings::default();
        entries.iter_mut().try_for_each(|(_, entry)| openings.complete(conn, entry))?;
        let applied = entries.last().map(|(mark, entry)| Applied {
            mark: *mark,
            at: Some(entry.at()),
            journaled: mark.seq,
        });
        let batch = Batch::of(entries.iter().map(|(mark, entry)| (*mark, entry)));
        fold::apply(conn, writer, &batch, applied)?;
    }
    Ok(found.last().map(|found| found.mark))
}

/// Ends every open attempt at what it held. Some at a time: each batch stands for itself.
fn presume_open(
    conn: &mut Connection,
    writer: &mut Writer,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut presumed = 0;
    loop {
        let open = open_attempts(conn)?;
        if open.is_empty() {
            return Ok(presumed);
        }
        let ends: Result<Vec<_>, _> = open.iter().map(|open| presumed_end(open, now)).collect();
        let ends = ends.map_err(|error| StoreError::Damaged(format!("a draft: {error}")))?;
        let batch = Batch::of(ends.iter().map(|end| (Mark::default(), end)));
        fold::apply(conn, writer, &batch, None)?;
        presumed += u64::try_from(ends.len()).unwrap_or(0);
    }
}

fn open_attempts(conn: &Connection) -> rusqlite::Result<Vec<Open>> {
    let query = "SELECT seq, dispatched_us, draft FROM open_attempts ORDER BY seq LIMIT ?";
    let mut query = conn.prepare_cached(query)?;
    let limit = i64::try_from(FOLD_MAX).unwrap_or(1);
    let rows = query.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn presumed_end((seq, dispatched, draft): &Open, now: Timestamp) -> Result<Entry, RecordError> {
    let draft = Kept::read(draft)?;
    let ((attempt, _), charged) = (draft.last_try(), draft.most());
    let opening = &draft.transaction.opening;
    let end = End::Presumed { charged, why: PresumeReason::ProcessLost };
    let at = Timestamp::from_microsecond(*dispatched).unwrap_or(opening.at);
    let postings = postings(&draft, at, charged.nanos_i64());
    let (organization, txn) = (opening.who.organization.clone(), opening.id);
    let mut record = draft.transaction;
    record.close(&end, now);
    let record = Some(Closed::Record(Kept::closing(record)?));
    let fact = Fact { organization, intent: Some(seq.cast_unsigned()), txn, attempt, at: now, end };
    Ok(Entry::End(Box::new(Ended { fact, record, postings })))
}

/// One call that cost `nanos`, in every scope it has.
fn postings(draft: &Kept, at: Timestamp, nanos: i64) -> Postings {
    let second = at.as_second();
    let slot = second - second.rem_euclid(SLOT_SECONDS);
    let scopes = draft.scopes().into_iter();
    scopes.map(|scope| Posting { scope, slot, nanos, calls: 1 }).collect()
}

#[cfg(test)]
pub(crate) mod tests;
