//! Calls: each record as a row of numbers, added and never changed, and the record that is made of
//! such a row again.

mod columns;
mod dictionary;
mod repeated;
mod views;

use reins_governor::{Transaction, TransactionId};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::{CallBytes, StoreError};
use dictionary::{Dictionary, texts};

pub(crate) use views::{fill_words, prepare};

/// Writes records, and remembers the numbers of the texts in them.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    dictionary: Dictionary,
    /// The statement, once it is known how many columns there are.
    insert: String,
}

// === impl Writer ===

impl Writer {
    /// Adds the next revision of a record.
    pub(crate) fn append(
        &mut self,
        conn: &Connection,
        transaction: &Transaction,
    ) -> Result<(), StoreError> {
        let cells = columns::cells(&mut self.dictionary, conn, transaction)?;
        if self.insert.is_empty() {
            self.insert = insert(cells.len());
        }
        conn.prepare_cached(&self.insert)?.execute(params_from_iter(cells))?;
        Ok(())
    }

    /// Forgets the numbers of texts: those of a transaction that was rolled back do not exist.
    pub(crate) fn forget(&mut self) {
        self.dictionary = Dictionary::default();
    }
}

/// The latest revision of a record.
pub(crate) fn read(
    conn: &Connection,
    id: TransactionId,
) -> Result<Option<Transaction>, StoreError> {
    let query = "SELECT * FROM calls WHERE id = ? ORDER BY revision DESC LIMIT 1";
    let mut query = conn.prepare_cached(query)?;
    let found = query.query_row([id.0.to_bytes()], |row| Ok(columns::transaction(conn, row)));
    found.optional()?.transpose()
}

/// The room that all records take.
pub(crate) fn bytes(conn: &Connection) -> rusqlite::Result<CallBytes> {
    let query = "SELECT (SELECT count(*) FROM calls), \
                 (SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = 'calls')";
    conn.query_row(query, [], |row| {
        let (revisions, bytes): (i64, i64) = row.try_into()?;
        Ok(CallBytes { revisions: revisions.unsigned_abs(), bytes: bytes.unsigned_abs() })
    })
}

/// The first column is the id, the second one its revision.
fn insert(cells: usize) -> String {
    let rest = ", ?".repeat(cells.saturating_sub(1));
    format!(
        "INSERT INTO calls VALUES (?1, \
         (SELECT coalesce(max(revision) + 1, 0) FROM calls WHERE id = ?1){rest})"
    )
}

#[cfg(test)]
mod tests;
