//! What is kept of the clock: which ledger time has passed, and how the wall clock jumped.

use reins_ledger::{Stretch, Timeline};
use rusqlite::{Connection, params};
use sqlx::SqliteConnection;

use crate::StoreError;

/// What is known of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptClock {
    /// What the wall clock has shown.
    pub(crate) timeline: Timeline,
    /// Up to where ledger time is known to have passed, in seconds.
    pub(crate) seen: i64,
}

pub(crate) async fn read(conn: &mut SqliteConnection) -> Result<KeptClock, StoreError> {
    let query = "SELECT (SELECT value FROM meta WHERE name = 'clock_shift'), \
                 (SELECT value FROM meta WHERE name = 'clock_floor'), \
                 (SELECT value FROM meta WHERE name = 'ledger_seen')";
    let (shift, floor, seen) = sqlx::query_as(query).fetch_one(&mut *conn).await?;
    let query = "SELECT ended, own, carried, idle, paused FROM stretches ORDER BY number";
    let past: Vec<(i64, i64, i64, i64, bool)> = sqlx::query_as(query).fetch_all(conn).await?;
    let stretch = |(end, own, carried, idle, paused)| Stretch { end, own, carried, idle, paused };
    let past = past.into_iter().map(stretch).collect();
    Ok(KeptClock { timeline: Timeline { shift, floor, past }, seen })
}

/// Keeps `timeline` in place of the one before.
pub(crate) fn write(tx: &Connection, timeline: &Timeline) -> rusqlite::Result<()> {
    let mut update = tx.prepare_cached("UPDATE meta SET value = ? WHERE name = ?")?;
    update.execute(params![timeline.shift, "clock_shift"])?;
    update.execute(params![timeline.floor, "clock_floor"])?;
    tx.execute("DELETE FROM stretches", [])?;
    let insert = "INSERT INTO stretches (ended, own, carried, idle, paused) VALUES (?, ?, ?, ?, ?)";
    let mut insert = tx.prepare_cached(insert)?;
    for Stretch { end, own, carried, idle, paused } in &timeline.past {
        insert.execute(params![end, own, carried, idle, paused])?;
    }
    Ok(())
}

/// Notes that ledger time up to `seen` has passed.
pub(crate) fn note_seen(tx: &Connection, seen: i64) -> rusqlite::Result<()> {
    let update = "UPDATE meta SET value = ?1 WHERE name = 'ledger_seen' AND value < ?1";
    tx.prepare_cached(update)?.execute([seen]).map(drop)
}
