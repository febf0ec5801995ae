//! Folding: applying a batch to the database, exactly once.
//!
//! This is where a busy store spends its time, so it speaks to SQLite directly: a row costs some
//! microseconds. Through a driver that hands every statement to another thread, the same rows cost
//! several times as much, however many of them a statement carries.

use reins_governor::Usd;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::StoreError;
use crate::batch::Batch;
use crate::calls::{self, Writer};
use crate::clock;
use crate::entry::{Ended, Intent};
use crate::frame::Seq;
use crate::journal_state::{self, Applied};

/// Entries that are folded together at most. A commit writes each page once, however often it
/// changed: more entries make each cheaper, and the commit longer that others must wait for.
pub(crate) const FOLD_MAX: usize = 1_024;

/// Applies `batch`, and notes in the same transaction how far the journal is applied.
pub(crate) fn apply(
    conn: &mut Connection,
    writer: &mut Writer,
    batch: &Batch<'_>,
    applied: Option<Applied>,
) -> Result<(), StoreError> {
    let outcome = apply_all(conn, writer, batch, applied);
    if outcome.is_err() {
        writer.forget();
    }
    outcome
}

fn apply_all(
    conn: &mut Connection,
    writer: &mut Writer,
    batch: &Batch<'_>,
    applied: Option<Applied>,
) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    open_attempts(&tx, &batch.opened)?;
    close_attempts(&tx, &batch.closed)?;
    batch.records.iter().try_for_each(|record| writer.append(&tx, record))?;
    batch.corrections.iter().try_for_each(|end| correct(&tx, writer, end))?;
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
    for (seq, Intent { at, draft }) in opened {
        let (attempt, held) = draft.last_try();
        let who = &draft.transaction.opening.who;
        insert.execute(params![
            seq.cast_signed(),
            draft.transaction.opening.id.to_string(),
            attempt,
            at.as_microsecond(),
            &*who.organization,
            who.team.as_deref(),
            &*who.agent,
            who.user.as_deref(),
            who.session.as_deref(),
            &*who.key_name,
            held.nanos_i64(),
            draft.form,
        ])?;
    }
    Ok(())
}

fn close_attempts(tx: &Connection, closed: &[Seq]) -> rusqlite::Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM open_attempts WHERE seq = ?")?;
    closed.iter().try_for_each(|seq| delete.execute([seq.cast_signed()]).map(drop))
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

/// Adds a revision to the record of a call whose charge was corrected.
fn correct(tx: &Connection, writer: &mut Writer, end: &Ended) -> Result<(), StoreError> {
    let Some(mut record) = calls::read(tx, end.fact.txn)? else { return Ok(()) };
    let nanos = end.postings.first().map_or(0, |posting| posting.nanos);
    let total = record.cost.total.nanos().saturating_add_signed(nanos);
    record.correct(&end.fact.end, Usd::from_nanos(total));
    writer.append(tx, &record)
}
