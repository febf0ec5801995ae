//! What the database knows of its journal, so that a journal that is missing, older, newer or of
//! another store is detected.

use jiff::Timestamp;
use reins_governor::Name;
use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::frame::{Charged, Mark, Seq};

/// What the database knows of its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JournalState {
    /// Which store it is.
    pub(crate) store: i64,
    /// The life of the journal that began last.
    pub(crate) life: i64,
    /// Whether that life was closed with all its entries in the database. No journal file is needed
    /// then.
    pub(crate) closed: bool,
    /// How far the journal is in the database.
    pub(crate) applied: Applied,
    /// What the entries of each organization charged, as far as they are in the database.
    pub(crate) charged: Charged,
}

/// The last entry in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) mark: Mark,
    /// When it was made; `None` before the first one.
    pub(crate) at: Option<Timestamp>,
    /// The last entry in the database that was written to the journal too. After a journal failure,
    /// calls that end are still folded into the database.
    pub(crate) journaled: Seq,
}

// === impl JournalState ===

impl JournalState {
    pub(crate) fn read(conn: &Connection) -> Result<Self, StoreError> {
        let query = "SELECT store, life, closed, value, sum, nanos, own_nanos, at_us, journaled \
                     FROM journal, meta WHERE meta.name = 'applied_seq'";
        let state = conn.query_row(query, [], |row| {
            let seq: i64 = row.get(3)?;
            let (sum, nanos, own) = (row.get(4)?, row.get(5)?, row.get(6)?);
            let mark = Mark { seq: seq.cast_unsigned(), sum, nanos, own };
            let at: Option<i64> = row.get(7)?;
            let at = at.and_then(|us| Timestamp::from_microsecond(us).ok());
            let journaled = row.get::<_, i64>(8)?.cast_unsigned();
            Ok(Self {
                store: row.get(0)?,
                life: row.get(1)?,
                closed: row.get(2)?,
                applied: Applied { mark, at, journaled },
                charged: Charged::new(),
            })
        });
        Ok(Self { charged: charged(conn)?, ..state? })
    }

    /// Records that a life has begun and is not closed.
    pub(crate) fn begin(conn: &Connection, life: i64) -> Result<(), StoreError> {
        conn.execute("UPDATE journal SET life = ?, closed = 0, main_life = 0", [life])?;
        if checkpoint(conn)? {
            conn.execute("UPDATE journal SET main_life = life", [])?;
        }
        Ok(())
    }

    /// Records that all entries are in the database, and moves them into its main file, which is
    /// complete by itself from then on.
    pub(crate) fn close(conn: &Connection) -> Result<(), StoreError> {
        conn.execute("UPDATE journal SET closed = 1", [])?;
        checkpoint(conn).map(drop)
    }
}

// === impl Applied ===

impl Applied {
    /// Records how far the journal is in the database.
    pub(crate) fn note(&self, tx: &Connection) -> rusqlite::Result<()> {
        let update = "UPDATE meta SET value = ? WHERE name = 'applied_seq'";
        tx.prepare_cached(update)?.execute([self.mark.seq.cast_signed()])?;
        let update =
            "UPDATE journal SET sum = ?, nanos = ?, own_nanos = ?, at_us = ?, journaled = ?";
        let at = self.at.map(Timestamp::as_microsecond);
        let journaled = self.journaled.cast_signed();
        let Mark { sum, nanos, own, .. } = self.mark;
        let values = params![sum, nanos, own, at, journaled];
        tx.prepare_cached(update)?.execute(values).map(drop)
    }
}

/// What the entries of each organization charged.
fn charged(conn: &Connection) -> rusqlite::Result<Charged> {
    let mut query = conn.prepare_cached("SELECT name, charged_nanos FROM organizations")?;
    let one = |row: &Row<'_>| Ok((Name::kept(row.get::<_, String>(0)?), row.get(1)?));
    query.query_map([], one)?.collect()
}

/// Records what the entries of `organization` charged so far.
pub(crate) fn note_charged(
    tx: &Connection,
    organization: &Name,
    nanos: i64,
) -> rusqlite::Result<()> {
    let put = "INSERT INTO organizations VALUES (?, ?) \
               ON CONFLICT DO UPDATE SET charged_nanos = excluded.charged_nanos";
    tx.prepare_cached(put)?.execute(params![&**organization, nanos]).map(drop)
}

/// Moves the write-ahead log into the main file; `false` where a reader of another process prevents
/// that.
fn checkpoint(conn: &Connection) -> Result<bool, StoreError> {
    let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        // A later commit moves it; until then the main file is not complete by itself.
        tracing::info!("another process reads the database: its main file is updated later");
    }
    Ok(!busy)
}
