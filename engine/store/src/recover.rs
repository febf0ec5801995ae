//! Recovery: before a store serves, everything in its journal is in its database, and no attempt
//! is open. So a restart begins with nothing held, and no counter has to be restored.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use reins_governor::{End, PresumeReason};
use reins_ledger::{Posting, SLOT_SECONDS};
use rusqlite::Connection;

use crate::StoreError;
use crate::batch::Batch;
use crate::entry::{Ended, Entry, Fact, Postings};
use crate::fold::{self, FOLD_MAX};
use crate::frame::{Frames, Seq};
use crate::kept::{Columns, Kept};
use crate::{presume, segments};

/// What recovery found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Entries that were in the journal and not yet in the database.
    pub replayed: u64,
    /// Attempts that had no end, and were presumed to cost what was held.
    pub presumed: u64,
    /// The last entry of the store's life so far.
    pub(crate) last: Seq,
}

/// An attempt without an end, as the database keeps it.
type Open = (i64, i64, String);

/// Recovers the store whose journal is in `folder`. The caller has it to itself.
pub(crate) fn recover(
    conn: &mut Connection,
    folder: &Path,
    now: Timestamp,
) -> Result<Recovered, StoreError> {
    let mut recovered = Recovered { last: fold::applied(conn)?, ..Recovered::default() };
    for (first, path) in segments::found(folder).map_err(StoreError::file(folder))? {
        let bytes = fs::read(&path).map_err(StoreError::file(&path))?;
        let entries = unapplied(&bytes, first, &mut recovered)?;
        for entries in entries.chunks(FOLD_MAX) {
            let last = entries.last().map(|(seq, _)| *seq);
            let batch = Batch::of(entries.iter().map(|(seq, entry)| (*seq, entry)));
            fold::apply(conn, &batch, last)?;
        }
    }
    recovered.presumed = presume_open(conn, now)?;
    Ok(recovered)
}

/// The entries of one file that come after the last one known.
fn unapplied(
    bytes: &[u8],
    first: Seq,
    recovered: &mut Recovered,
) -> Result<Vec<(Seq, Entry)>, StoreError> {
    let mut entries = Vec::new();
    for (seq, text) in Frames::new(bytes, first) {
        if seq <= recovered.last {
            continue;
        }
        if seq > recovered.last.saturating_add(1) {
            let lost = seq - recovered.last - 1;
            tracing::error!(lost, from = recovered.last + 1, "the journal lacks entries");
        }
        let damaged = |error| StoreError::Damaged(format!("journal entry {seq}: {error}"));
        entries.push((seq, Entry::read(text).map_err(damaged)?));
        recovered.last = seq;
        recovered.replayed += 1;
    }
    Ok(entries)
}

/// Ends every open attempt at what it held. Some at a time: each batch stands for itself.
fn presume_open(conn: &mut Connection, now: Timestamp) -> Result<u64, StoreError> {
    let mut presumed = 0;
    loop {
        let open = open_attempts(conn)?;
        if open.is_empty() {
            return Ok(presumed);
        }
        let ends: Result<Vec<_>, _> = open.iter().map(|open| presumed_end(open, now)).collect();
        let ends = ends.map_err(|error| StoreError::Damaged(format!("a draft: {error}")))?;
        fold::apply(conn, &Batch::of(ends.iter().map(|end| (0, end))), None)?;
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

fn presumed_end((seq, dispatched, draft): &Open, now: Timestamp) -> serde_json::Result<Entry> {
    let Kept { columns, .. } = Kept::read(draft)?;
    let (attempt, charged) = (columns.last_try(), columns.most());
    let end = End::Presumed { charged, why: PresumeReason::ProcessLost };
    let record = presume::record(draft, &end, now)?;
    let at = Timestamp::from_microsecond(*dispatched).unwrap_or(columns.at);
    let postings = postings(&columns, at, charged.nanos_i64());
    let intent = Some(seq.cast_unsigned());
    let fact = Fact { intent, txn: columns.id, attempt: attempt.number, at: now, end };
    Ok(Entry::End(Box::new(Ended { fact, record: Some(record), postings })))
}

/// One call that cost `nanos`, in every scope it has.
fn postings(columns: &Columns, at: Timestamp, nanos: i64) -> Postings {
    let second = at.as_second();
    let slot = second - second.rem_euclid(SLOT_SECONDS);
    let scopes = columns.scopes().into_iter();
    scopes.map(|scope| Posting { scope, slot, nanos, calls: 1 }).collect()
}

#[cfg(test)]
mod tests;
