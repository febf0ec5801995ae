//! Keys in the database.

use jiff::Timestamp;
use reins_governor::{Environment, KeyId, Name};
use sqlx::{SqliteConnection, SqlitePool};

use super::Digest;
use crate::StoreError;
use crate::key::Key;

/// What tells whether keys have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// Changes with every commit of another connection; asking costs nothing.
    data: i64,
    /// Changes with the keys.
    pub(super) keys: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    hmac: Vec<u8>,
    organization: String,
    name: String,
    masked: String,
    environment: String,
    pins: String,
    created_us: i64,
    expires_us: Option<i64>,
    revoked_us: Option<i64>,
    used_us: Option<i64>,
    rotated_to: Option<String>,
}

/// Every key, with its digest.
pub(super) async fn all(pool: &SqlitePool) -> Result<Vec<(Digest, Key)>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM keys").fetch_all(pool).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The key named `id`.
pub(super) async fn find(pool: &SqlitePool, id: &KeyId) -> Result<Key, StoreError> {
    let query = sqlx::query_as("SELECT * FROM keys WHERE id = ?").bind(&*id.0);
    let row: Option<Row> = query.fetch_optional(pool).await?;
    let row = row.ok_or_else(|| StoreError::NoSuchKey(id.to_string()))?;
    Ok(row.read()?.1)
}

/// Adds a key, unless another one of its name works: of two that are added at once, one is.
pub(super) async fn add(pool: &SqlitePool, key: &Key, digest: &Digest) -> Result<(), StoreError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let query = sqlx::query_scalar(
        "SELECT id FROM keys WHERE organization = ? AND name = ? AND revoked_us IS NULL \
         AND (expires_us IS NULL OR expires_us > ?) ORDER BY created_us DESC LIMIT 1",
    );
    let query = query.bind(&*key.organization).bind(&*key.name);
    let query = query.bind(key.created.as_microsecond());
    let other: Option<String> = query.fetch_optional(&mut *tx).await?;
    if let Some(id) = other {
        return Err(StoreError::NameTaken { name: key.name.to_string(), id });
    }
    insert_in(&mut tx, key, digest).await?;
    Ok(tx.commit().await?)
}

async fn insert_in(
    conn: &mut SqliteConnection,
    key: &Key,
    digest: &Digest,
) -> Result<(), StoreError> {
    let pins = serde_json::to_string(&key.pins).map_err(damaged)?;
    let query = sqlx::query(
        "INSERT INTO keys (id, hmac, organization, name, masked, environment, pins, created_us, \
         expires_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let query = query.bind(&*key.id.0).bind(digest.as_slice()).bind(&*key.organization);
    let query = query.bind(&*key.name).bind(&*key.masked).bind(word(key.environment)).bind(pins);
    let query = query.bind(key.created.as_microsecond());
    query.bind(key.expires.map(Timestamp::as_microsecond)).execute(conn).await?;
    Ok(())
}

/// Puts `new` in the place of `old`, which ends at `ends`.
pub(super) async fn replace(
    pool: &SqlitePool,
    old: &KeyId,
    ends: Timestamp,
    new: &Key,
    digest: &Digest,
) -> Result<(), StoreError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    insert_in(&mut tx, new, digest).await?;
    let query = sqlx::query(
        "UPDATE keys SET rotated_to = ?, expires_us = ? WHERE id = ? AND rotated_to IS NULL",
    );
    let query = query.bind(&*new.id.0).bind(ends.as_microsecond()).bind(&*old.0);
    if query.execute(&mut *tx).await?.rows_affected() == 0 {
        return Err(StoreError::KeyEnded(old.to_string()));
    }
    Ok(tx.commit().await?)
}

/// Ends a key; one that has ended already stays as it is.
pub(super) async fn revoke(
    pool: &SqlitePool,
    id: &KeyId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let query = "UPDATE keys SET revoked_us = coalesce(revoked_us, ?) WHERE id = ?";
    let query = sqlx::query(query).bind(now.as_microsecond()).bind(&*id.0);
    match query.execute(pool).await?.rows_affected() {
        0 => Err(StoreError::NoSuchKey(id.to_string())),
        _ => Ok(()),
    }
}

/// Notes the last second that each key was used in.
pub(super) async fn note_used(pool: &SqlitePool, used: &[(KeyId, i64)]) -> Result<(), StoreError> {
    if used.is_empty() {
        return Ok(());
    }
    let rows: Vec<(&str, i64)> = used.iter().map(|(id, second)| (&*id.0, *second)).collect();
    let rows = serde_json::to_string(&rows).map_err(damaged)?;
    let query = sqlx::query(
        "UPDATE keys SET used_us = max(coalesce(used_us, 0), used.second * 1000000) \
         FROM (SELECT value ->> 0 AS id, value ->> 1 AS second FROM json_each(?)) AS used \
         WHERE keys.id = used.id",
    );
    query.bind(rows).execute(pool).await?;
    Ok(())
}

/// Where keys stand now, beside where they stood when they were looked at before.
pub(super) async fn version(
    pool: &SqlitePool,
    seen: Option<Version>,
) -> Result<Version, StoreError> {
    let data = sqlx::query_scalar("PRAGMA data_version").fetch_one(pool).await?;
    if let Some(seen) = seen.filter(|seen| seen.data == data) {
        return Ok(seen);
    }
    let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'keys_version'");
    Ok(Version { data, keys: query.fetch_one(pool).await? })
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<(Digest, Key), StoreError> {
        let at = |us| Timestamp::from_microsecond(us).map_err(damaged);
        let digest = Digest::try_from(self.hmac).map_err(|_| damaged("a key's digest"))?;
        let key = Key {
            id: KeyId(Name::kept(self.id)),
            organization: Name::kept(self.organization),
            name: Name::kept(self.name),
            masked: self.masked.into(),
            environment: environment(&self.environment)?,
            pins: serde_json::from_str(&self.pins).map_err(damaged)?,
            created: at(self.created_us)?,
            expires: self.expires_us.map(at).transpose()?,
            revoked: self.revoked_us.map(at).transpose()?,
            used: self.used_us.map(at).transpose()?,
            rotated_to: self.rotated_to.map(|id| KeyId(Name::kept(id))),
        };
        Ok((digest, key))
    }
}

const fn word(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "live",
        Environment::Test => "test",
    }
}

fn environment(word: &str) -> Result<Environment, StoreError> {
    match word {
        "live" => Ok(Environment::Live),
        "test" => Ok(Environment::Test),
        _ => Err(damaged(format_args!("`{word}` is no environment"))),
    }
}

fn damaged(what: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(what.to_string())
}
