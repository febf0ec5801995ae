//! Folding: applying a batch to the database, exactly once.
//!
//! One statement per table and batch, with as many rows as there are: a statement costs some 18 µs
//! whatever it holds. The rows are bound as values; the same rows through `json_each`, which takes
//! every record apart again for each column, cost three times as much (50 against 16 µs a row).

use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{Connection, QueryBuilder};

use crate::StoreError;
use crate::batch::Batch;
use crate::entry::{Ended, Intent};
use crate::frame::Seq;
use crate::kept::Kept;
use crate::presume;

/// Entries that are folded together at most: with six postings each, some 12,000 values in all.
pub(crate) const FOLD_MAX: usize = 256;

/// Applies `batch`, and notes in the same transaction that all entries up to `applied` are.
pub(crate) async fn apply(
    conn: &mut SqliteConnection,
    batch: &Batch<'_>,
    applied: Option<Seq>,
) -> Result<(), StoreError> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    open_attempts(&mut tx, &batch.opened).await?;
    close_attempts(&mut tx, &batch.closed).await?;
    keep(&mut tx, &batch.records).await?;
    for end in &batch.corrections {
        correct(&mut tx, end).await?;
    }
    spend(&mut tx, batch).await?;
    if let Some(seq) = applied {
        let query = sqlx::query("UPDATE meta SET value = ? WHERE name = 'applied_seq'");
        query.bind(seq.cast_signed()).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// The last entry that was applied.
pub(crate) async fn applied(conn: &mut SqliteConnection) -> Result<Seq, StoreError> {
    let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'applied_seq'");
    let seq: i64 = query.fetch_one(conn).await?;
    Ok(seq.cast_unsigned())
}

async fn open_attempts(
    conn: &mut SqliteConnection,
    opened: &[(Seq, &Intent)],
) -> Result<(), StoreError> {
    if opened.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO open_attempts ");
    query.push_values(opened, |mut row, (seq, intent)| {
        let Kept { columns, text } = &intent.draft;
        let attempt = columns.last_try();
        row.push_bind(seq.cast_signed())
            .push_bind(columns.id.to_string())
            .push_bind(attempt.number)
            .push_bind(intent.at.as_microsecond())
            .push_bind(&*columns.organization)
            .push_bind(columns.team.as_deref())
            .push_bind(&*columns.agent)
            .push_bind(columns.user.as_deref())
            .push_bind(columns.session.as_deref())
            .push_bind(&*columns.key.0)
            .push_bind(attempt.held.nanos_i64())
            .push_bind(&**text);
    });
    query.build().execute(conn).await?;
    Ok(())
}

async fn close_attempts(conn: &mut SqliteConnection, closed: &[Seq]) -> Result<(), StoreError> {
    if closed.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM open_attempts WHERE seq IN (");
    let mut list = query.separated(", ");
    closed.iter().for_each(|seq| {
        list.push_bind(seq.cast_signed());
    });
    query.push(")");
    query.build().execute(conn).await?;
    Ok(())
}

async fn keep(conn: &mut SqliteConnection, records: &[&Kept]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO transactions ");
    query.push_values(records, |mut row, Kept { columns, text }| {
        row.push_bind(columns.id.to_string())
            .push_bind(columns.at.as_microsecond())
            .push_bind(&*columns.organization)
            .push_bind(columns.team.as_deref())
            .push_bind(&*columns.agent)
            .push_bind(columns.user.as_deref())
            .push_bind(columns.session.as_deref())
            .push_bind(&*columns.key.0)
            .push_bind(&*columns.vendor)
            .push_bind(&*columns.model_asked)
            .push_bind(&*columns.model_used)
            .push_bind(columns.status.word())
            .push_bind(&*columns.action)
            .push_bind(columns.policy.as_deref())
            .push_bind(columns.rule.as_deref())
            .push_bind(columns.cost.total.nanos_i64())
            .push_bind(count(columns.tokens.total_input()))
            .push_bind(count(columns.tokens.total_output()))
            .push_bind(&**text);
    });
    query.build().execute(conn).await?;
    Ok(())
}

/// Tokens as the database counts them.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

async fn spend(conn: &mut SqliteConnection, batch: &Batch<'_>) -> Result<(), StoreError> {
    if batch.spend.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO spend ");
    query.push_values(&batch.spend, |mut row, ((kind, name, slot), (nanos, calls))| {
        row.push_bind(kind.word())
            .push_bind(&**name)
            .push_bind(*slot)
            .push_bind(*nanos)
            .push_bind(*calls);
    });
    query.push(
        " ON CONFLICT DO UPDATE SET nanos = nanos + excluded.nanos, \
         calls = calls + excluded.calls",
    );
    query.build().execute(conn).await?;
    Ok(())
}

/// Changes the record of a call by what its charge was corrected by.
async fn correct(conn: &mut SqliteConnection, end: &Ended) -> Result<(), StoreError> {
    let query = sqlx::query_scalar("SELECT record FROM transactions WHERE id = ?");
    let id = end.fact.txn.to_string();
    let Some(text) = query.bind(id).fetch_optional(&mut *conn).await? else { return Ok(()) };
    let text: String = text;
    let nanos = end.postings.first().map_or(0, |posting| posting.nanos);
    let record = presume::corrected(&text, &end.fact.end, nanos);
    let record = record.map_err(|error| StoreError::Damaged(error.to_string()))?;
    keep(conn, &[&record]).await
}
