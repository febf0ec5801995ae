//! Folding: applying a batch to the database, exactly once.
//!
//! This is where a busy store spends its time, so it speaks to SQLite directly: a row costs some
//! microseconds. Through a driver that hands every statement to another thread, the same rows cost
//! several times as much, however many of them a statement carries.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::StoreError;
use crate::batch::Batch;
use crate::clock;
use crate::entry::{Ended, Intent};
use crate::frame::Seq;
use crate::journal_state::{self, Applied};
use crate::kept::Kept;
use crate::presume;

/// Entries that are folded together at most. A commit writes each page once, however often it
/// changed: more entries make each cheaper, and the commit longer that others must wait for.
pub(crate) const FOLD_MAX: usize = 1_024;

/// Applies `batch`, and notes in the same transaction how far the journal is applied.
pub(crate) fn apply(
    conn: &mut Connection,
    batch: &Batch<'_>,
    applied: Option<Applied>,
) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    open_attempts(&tx, &batch.opened)?;
    close_attempts(&tx, &batch.closed)?;
    keep(&tx, &batch.records)?;
    batch.corrections.iter().try_for_each(|end| correct(&tx, end))?;
    spend(&tx, batch)?;
    batch.timeline.map(|timeline| clock::write(&tx, timeline)).transpose()?;
    batch.seen.map(|seen| clock::note_seen(&tx, seen)).transpose()?;
    if let Some(applied) = applied {
        let mut charged = batch.charged.iter();
        charged.try_for_each(|(name, nanos)| journal_state::note_charged(&tx, name, *nanos))?;
        applied.note(&tx)?;
    }
    Ok(tx.commit()?)
}

fn open_attempts(tx: &Connection, opened: &[(Seq, &Intent)]) -> rusqlite::Result<()> {
    let mut insert =
        tx.prepare_cached("INSERT INTO open_attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (seq, Intent { at, draft: Kept { columns, text } }) in opened {
        let attempt = columns.last_try();
        insert.execute(params![
            seq.cast_signed(),
            columns.id.to_string(),
            attempt.number,
            at.as_microsecond(),
            &*columns.organization,
            columns.team.as_deref(),
            &*columns.agent,
            columns.user.as_deref(),
            columns.session.as_deref(),
            &*columns.key_name,
            attempt.held.nanos_i64(),
            text,
        ])?;
    }
    Ok(())
}

fn close_attempts(tx: &Connection, closed: &[Seq]) -> rusqlite::Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM open_attempts WHERE seq = ?")?;
    closed.iter().try_for_each(|seq| delete.execute([seq.cast_signed()]).map(drop))
}

fn keep(tx: &Connection, records: &[&Kept]) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO transactions \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for Kept { columns, text } in records {
        insert.execute(params![
            columns.id.to_string(),
            columns.at.as_microsecond(),
            &*columns.organization,
            columns.team.as_deref(),
            &*columns.agent,
            columns.user.as_deref(),
            columns.session.as_deref(),
            &*columns.key_name,
            columns.vendor,
            columns.model_asked,
            columns.model_used,
            columns.status.word(),
            columns.action.word(),
            columns.policy,
            columns.rule,
            columns.cost.total.nanos_i64(),
            count(columns.tokens.total_input()),
            count(columns.tokens.total_output()),
            text,
        ])?;
    }
    Ok(())
}

fn spend(tx: &Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut add = tx.prepare_cached(
        "INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET \
         nanos = nanos + excluded.nanos, calls = calls + excluded.calls",
    )?;
    for ((organization, kind, name, slot), (nanos, calls)) in &batch.spend {
        add.execute(params![&***organization, kind.word(), name, slot, nanos, calls])?;
    }
    Ok(())
}

/// Changes the record of a call by what its charge was corrected by.
fn correct(tx: &Connection, end: &Ended) -> Result<(), StoreError> {
    let query = "SELECT record FROM transactions WHERE id = ?";
    let mut query = tx.prepare_cached(query)?;
    let found = query.query_row([end.fact.txn.to_string()], |row| row.get(0)).optional()?;
    let Some(text) = found else { return Ok(()) };
    let text: String = text;
    let nanos = end.postings.first().map_or(0, |posting| posting.nanos);
    let record = presume::corrected(&text, &end.fact.end, nanos);
    let record = record.map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(keep(tx, &[&record])?)
}

/// Tokens as the database counts them.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
