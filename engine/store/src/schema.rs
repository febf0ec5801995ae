//! The database file: how it is opened, and brought up to the schema known here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqlitePool};

use crate::journal::Durability;
use crate::{StoreError, lock};

/// Each step takes a database from the version of its index to the next.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];
/// How long a writer waits for another process's write, such as a key being revoked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Prepared statements kept per connection. The large ones differ from batch to batch, and each
/// holds some hundred KB: keeping many would only cost memory.
const STATEMENTS_KEPT: usize = 12;
/// Connections for readers.
const READERS: u32 = 4;

/// A file that belongs to the store at `path`, such as `reins.db.lock`.
pub(crate) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

/// Opens the database for writing, creating it if need be, without looking at its schema.
pub(crate) async fn writer(
    path: &Path,
    durability: Durability,
) -> Result<SqliteConnection, StoreError> {
    let synchronous = match durability {
        Durability::Process => SqliteSynchronous::Normal,
        Durability::Power => SqliteSynchronous::Full,
    };
    let options = options(path).create_if_missing(true).synchronous(synchronous);
    Ok(SqliteConnection::connect_with(&options).await?)
}

/// Connections that only read.
pub(crate) fn readers(path: &Path) -> SqlitePool {
    let options = options(path).read_only(true);
    SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(options)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .pragma("trusted_schema", "OFF")
        .pragma("recursive_triggers", "ON")
}

/// One connection for small writes beside the folder's, of this process or of another's. The
/// database is created or brought up to date where that is possible.
///
/// # Errors
/// When the database is newer, or older and in use.
pub(crate) async fn side_writer(path: &Path) -> Result<SqlitePool, StoreError> {
    let mut conn = writer(path, Durability::Power).await?;
    if version(&mut conn, path).await? < MIGRATIONS.len() {
        let taken = lock::take(path).map_err(|error| match error {
            StoreError::InUse(path) => StoreError::NeedsUpgrade(path),
            other => other,
        });
        let _lock = taken?;
        migrate(&mut conn, path).await?;
    }
    conn.close().await?;
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let options = options(path).synchronous(SqliteSynchronous::Full);
    Ok(pool.connect_with(options).await?)
}

/// Brings the database up to the schema known here. The caller has the store to itself.
pub(crate) async fn migrate(conn: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let have = version(conn, path).await?;
    for step in MIGRATIONS.iter().skip(have) {
        let mut step_tx = conn.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(*step).execute(&mut *step_tx).await?;
        step_tx.commit().await?;
    }
    Ok(())
}

async fn version(conn: &mut SqliteConnection, path: &Path) -> Result<usize, StoreError> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(conn).await?;
    let known = MIGRATIONS.len();
    match usize::try_from(found) {
        Ok(version) if version <= known => Ok(version),
        _ => {
            let known = i64::try_from(known).unwrap_or(i64::MAX);
            Err(StoreError::TooNew { path: path.to_owned(), found, known })
        }
    }
}
