//! The write-ahead log of the database: whether it belongs to the main file beside it.
//!
//! SQLite does not check that. Where a main file is restored from a copy, and the log of the former
//! one is still there, SQLite mixes the two. Each opening of a store is therefore recorded in both,
//! under a random number.

use std::fs;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::database::Database;

/// Whether the log belongs to another copy of the database than the main file. The caller holds the
/// store's lock. Neither file is changed.
pub(crate) fn is_of_another_copy(database: &Database) -> Result<bool, StoreError> {
    let log = database.sqlite("-wal");
    if !fs::metadata(&log).is_ok_and(|found| found.len() > 0) {
        return Ok(false);
    }
    // WHY: a main file that cannot be read alone was being written when its process was killed.
    let Some(main) = main_life(database).unwrap_or(None) else { return Ok(false) };
    let both = Connection::open(database.path())?;
    both.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let noted: i64 = both.query_row("SELECT main_life FROM journal", [], |row| row.get(0))?;
    Ok(noted != 0 && noted != main)
}

/// The last opening recorded in the main file, read without the log.
fn main_life(database: &Database) -> Result<Option<i64>, StoreError> {
    let Some(path) = database.path().to_str() else { return Ok(None) };
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let alone = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    Ok(Some(alone.query_row("SELECT life FROM journal", [], |row| row.get(0))?))
}
