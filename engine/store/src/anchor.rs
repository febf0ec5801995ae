//! The anchor: what the database knows of its journal, so that one that is missing, older, newer or
//! of another store is noticed.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::frame::{Mark, Seq};

/// What the database knows of its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Which store it is.
    pub(crate) store: i64,
    /// The life of the journal that began last.
    pub(crate) life: i64,
    /// Whether that life was closed with all its entries in the database: no file of the journal is
    /// needed then.
    pub(crate) closed: bool,
    /// How far the journal is in the database.
    pub(crate) applied: Applied,
}

/// The last entry in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) mark: Mark,
    /// When it was made; `None` before the first one.
    pub(crate) at: Option<Timestamp>,
    /// The last entry in the database that is in the journal too. Where the journal fails, what
    /// still ends comes into the database all the same.
    pub(crate) journaled: Seq,
}

// === impl Anchor ===

impl Anchor {
    pub(crate) fn read(conn: &Connection) -> Result<Self, StoreError> {
        let query = "SELECT store, life, closed, value, sum, nanos, at_us, journaled \
                     FROM journal, meta WHERE meta.name = 'applied_seq'";
        let anchor = conn.query_row(query, [], |row| {
            let seq: i64 = row.get(3)?;
            let mark = Mark { seq: seq.cast_unsigned(), sum: row.get(4)?, nanos: row.get(5)? };
            let at: Option<i64> = row.get(6)?;
            let at = at.and_then(|us| Timestamp::from_microsecond(us).ok());
            let journaled = row.get::<_, i64>(7)?.cast_unsigned();
            Ok(Self {
                store: row.get(0)?,
                life: row.get(1)?,
                closed: row.get(2)?,
                applied: Applied { mark, at, journaled },
            })
        });
        Ok(anchor?)
    }

    /// Notes that a life has begun, and is not closed.
    pub(crate) fn begin(conn: &Connection, life: i64) -> Result<(), StoreError> {
        conn.execute("UPDATE journal SET life = ?, closed = 0, main_life = 0", [life])?;
        if checkpoint(conn)? {
            conn.execute("UPDATE journal SET main_life = life", [])?;
        }
        Ok(())
    }

    /// Notes that all entries are in the database, and brings them into its main file: it is whole
    /// then without any other.
    pub(crate) fn close(conn: &Connection) -> Result<(), StoreError> {
        conn.execute("UPDATE journal SET closed = 1", [])?;
        checkpoint(conn).map(drop)
    }
}

// === impl Applied ===

impl Applied {
    /// Notes how far the journal is in the database.
    pub(crate) fn note(&self, tx: &Connection) -> rusqlite::Result<()> {
        let update = "UPDATE meta SET value = ? WHERE name = 'applied_seq'";
        tx.prepare_cached(update)?.execute([self.mark.seq.cast_signed()])?;
        let update = "UPDATE journal SET sum = ?, nanos = ?, at_us = ?, journaled = ?";
        let at = self.at.map(Timestamp::as_microsecond);
        let journaled = self.journaled.cast_signed();
        let values = params![self.mark.sum, self.mark.nanos, at, journaled];
        tx.prepare_cached(update)?.execute(values).map(drop)
    }
}

/// Moves all that was written into the main file; `false` where another process is in the way.
fn checkpoint(conn: &Connection) -> Result<bool, StoreError> {
    let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        // It happens with one of the next commits; until then the main file alone is not enough.
        tracing::info!("another process reads the database, which is brought up to date later");
    }
    Ok(!busy)
}
