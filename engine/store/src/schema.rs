//! The database: how it is opened, and brought up to the schema known here.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::database::{APPLICATION_ID, Database};
use crate::journal::Durability;
use crate::{StoreError, calls, lock};

/// The first makes an empty database one of [`FIRST_VERSION`]; each of the others takes it from one
/// version to the next.
const MIGRATIONS: [&str; 1] =
    [concat!(include_str!("schema/1.sql"), include_str!("schema/calls.sql"))];
/// The first version of the schema that can be read. Those before it were never released: the first
/// two counted the spend of all organizations together, the third has no count of prompts.
pub(crate) const FIRST_VERSION: i64 = 4;
/// How long a writer waits for another process's write, such as a key being revoked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// More than the folder has.
const STATEMENTS_KEPT: usize = 32;
/// What the folder's connection is set to. Pages of 16 KiB, because a record has nearly two: with
/// SQLite's usual 4 KiB most of a commit goes into writing pages one by one. 8 MiB of them in
/// memory (SQLite counts negative sizes in KiB), because those that slots of spend are in are
/// written again and again; 32 MiB of log before pages move to the database, so that such a page
/// moves once in many batches. Temporary tables stay in memory: a file would have to be opened.
const WRITER_PRAGMAS: &str = "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; \
    PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 2048; PRAGMA temp_store = MEMORY; \
    PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON;";
/// Connections for readers, each with a thread of its own. A server reads spend that is not in
/// memory, and now and then all of it for a check: beside that the other one still reads.
const READERS: u32 = 2;

/// Opens the database for the folder, creating it if need be, without looking at its schema.
pub(crate) fn writer(
    database: &Database,
    durability: Durability,
) -> Result<Connection, StoreError> {
    let conn = Connection::open(database.path())?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    claim(&conn)?;
    conn.execute_batch(WRITER_PRAGMAS)?;
    conn.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Process => "NORMAL",
            Durability::Power => "FULL",
        },
    )?;
    Ok(conn)
}

/// Marks an empty database as a store of Reins. This is its first write, and goes into the main
/// file itself: a database with content and without the mark is another program's.
fn claim(conn: &Connection) -> Result<(), StoreError> {
    let pages: i64 = conn.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 {
        let ours = format!("PRAGMA page_size = 16384; PRAGMA application_id = {APPLICATION_ID};");
        conn.execute_batch(&ours)?;
    }
    Ok(())
}

/// A connection for a small write of this process beside the folder's.
pub(crate) fn side_writer_of(database: &Database) -> Result<Connection, StoreError> {
    writer(database, Durability::Process)
}

/// One connection that only reads, for what is read by the types of the folder.
pub(crate) fn reader(database: &Database) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(database.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;")?;
    Ok(conn)
}

/// Connections that only read, opened when they are needed.
pub(crate) fn readers(database: &Database) -> SqlitePool {
    reading().connect_lazy_with(options(database).read_only(true))
}

/// Connections that only read, all opened now and kept: later there may be no descriptor for one.
pub(crate) async fn open_readers(database: &Database) -> Result<SqlitePool, StoreError> {
    let pool = reading().min_connections(READERS).idle_timeout(None).max_lifetime(None);
    Ok(pool.connect_with(options(database).read_only(true)).await?)
}

fn reading() -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false)
}

fn options(database: &Database) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database.path())
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF")
        .pragma("recursive_triggers", "ON")
}

/// One connection for small writes beside the folder's, of this process or of another's. The
/// database is created or brought up to date where that is possible.
///
/// # Errors
/// When the database is newer, or older and in use.
pub(crate) async fn side_writer(path: &Path) -> Result<SqlitePool, StoreError> {
    let (database, _) = side_connection(path)?;
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    // Every commit is moved into the main file: a command leaves nothing in the write-ahead log.
    let options = options(&database).pragma("wal_autocheckpoint", "1");
    let options = options.synchronous(SqliteSynchronous::Full);
    Ok(pool.connect_with(options).await?)
}

/// The database, created or brought up to date where that is possible, and a connection to it.
///
/// # Errors
/// When the database is newer, or older and in use.
pub(crate) fn side_connection(path: &Path) -> Result<(Database, Connection), StoreError> {
    let database = Database::at(path)?;
    database.check_one_name()?;
    let mut conn = writer(&database, Durability::Power)?;
    if version(&conn, database.path())? < MIGRATIONS.len() {
        let taken = lock::take(&database).map_err(|error| match error {
            StoreError::InUse(path) => StoreError::NeedsUpgrade(path),
            other => other,
        });
        let _lock = taken?;
        migrate(&mut conn, database.path())?;
    }
    Ok((database, conn))
}

/// Brings the database up to the schema known here, and its words up to this program's. The caller
/// has the store to itself.
pub(crate) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let have = version(conn, path)?;
    for (nth, step) in MIGRATIONS.iter().enumerate().skip(have) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        if nth == 0 {
            calls::prepare(&tx)?;
        }
        tx.commit()?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    calls::fill_words(&tx)?;
    tx.commit()?;
    Ok(())
}

/// How many of the migrations a database has had.
fn version(conn: &Connection, path: &Path) -> Result<usize, StoreError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let path = || path.to_owned();
    if found == 0 {
        return Ok(0);
    }
    let had = usize::try_from(found - FIRST_VERSION + 1).unwrap_or(0);
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(1);
    match had {
        0 => Err(StoreError::TooOld { path: path(), found }),
        had if had <= MIGRATIONS.len() => Ok(had),
        _ => Err(StoreError::TooNew { path: path(), found, known: FIRST_VERSION + newest - 1 }),
    }
}
