//! Secrets: vendor keys, sealed so that the database alone gives none away.
//!
//! Each organization has a key of its own, derived from the root secret. What a secret is for is
//! sealed with it, so that none can be moved to another connection or organization.

use std::fmt;
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use sqlx::SqlitePool;

use crate::key::Secret;
use crate::root::{RootSecret, random};
use crate::{Registry, StoreError, schema};

/// What an organization's key is derived for. The number is the key's version.
const SEAL_LABEL: &str = "reins vendor secret 1";
/// The version that secrets are sealed under now.
const KEY_VERSION: i64 = 1;
/// As AES-GCM has it; random, since a connection's secrets are few.
const NONCE_BYTES: usize = 12;

/// The vendor keys of a store.
pub struct Secrets {
    root: RootSecret,
    pool: SqlitePool,
}

/// What a secret is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct SecretName {
    /// Whose.
    pub organization: String,
    /// The connection that shows it to its vendor.
    pub connection: String,
    /// Which part of the connection, such as `key`.
    pub field: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    key_version: i64,
    nonce: Vec<u8>,
    sealed: Vec<u8>,
}

// === impl Secrets ===

impl Secrets {
    /// Opens the secrets of the store at `path`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(path: &Path, root: RootSecret) -> Result<Self, StoreError> {
        Ok(Self { root, pool: schema::side_writer(path).await? })
    }

    /// The secrets of the store that `registry` is of, through its connection.
    #[must_use]
    pub fn beside(registry: &Registry, root: RootSecret) -> Self {
        Self { root, pool: registry.pool() }
    }

    /// Keeps a secret, in place of an earlier one of that name.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put(&self, name: &SecretName, value: &Secret) -> Result<(), StoreError> {
        let nonce = random::<NONCE_BYTES>()?;
        let bound = name.bound_to(KEY_VERSION);
        let payload = Payload { msg: value.expose().as_bytes(), aad: &bound };
        let sealed = self.cipher(name).encrypt(&Nonce::from(*nonce), payload);
        let sealed = sealed.map_err(|_| name.unopened())?;
        let query = sqlx::query(
            "INSERT OR REPLACE INTO secrets \
             (organization, connection, field, key_version, nonce, sealed) \
             VALUES (?, ?, ?, ?, ?, ?)",
        );
        let query = query.bind(&name.organization).bind(&name.connection).bind(&name.field);
        query.bind(KEY_VERSION).bind(nonce.as_slice()).bind(sealed).execute(&self.pool).await?;
        Ok(())
    }

    /// The secret of that name, where there is one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn get(&self, name: &SecretName) -> Result<Option<Secret>, StoreError> {
        let query = sqlx::query_as(
            "SELECT key_version, nonce, sealed FROM secrets \
             WHERE organization = ? AND connection = ? AND field = ?",
        );
        let query = query.bind(&name.organization).bind(&name.connection).bind(&name.field);
        let row: Option<Row> = query.fetch_optional(&self.pool).await?;
        row.map(|row| self.unseal(name, &row)).transpose()
    }

    /// The names of an organization's secrets.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self, organization: &str) -> Result<Vec<SecretName>, StoreError> {
        let query = sqlx::query_as(
            "SELECT organization, connection, field FROM secrets WHERE organization = ? \
             ORDER BY connection, field",
        );
        Ok(query.bind(organization).fetch_all(&self.pool).await?)
    }

    fn unseal(&self, name: &SecretName, row: &Row) -> Result<Secret, StoreError> {
        let nonce = <[u8; NONCE_BYTES]>::try_from(&*row.nonce).map_err(|_| name.unopened())?;
        let bound = name.bound_to(row.key_version);
        let payload = Payload { msg: &row.sealed, aad: &bound };
        let value = self.cipher(name).decrypt(&Nonce::from(nonce), payload);
        let value = value.map_err(|_| name.unopened())?;
        String::from_utf8(value).map(Secret::new).map_err(|_| name.unopened())
    }

    fn cipher(&self, name: &SecretName) -> Aes256Gcm {
        Aes256Gcm::new(&(*self.root.derive(SEAL_LABEL, &name.organization)).into())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

// === impl SecretName ===

impl SecretName {
    /// What a secret of this name is bound to: each part with its length in front, so that no two
    /// names give the same bytes.
    fn bound_to(&self, key_version: i64) -> Vec<u8> {
        let mut bound = key_version.to_le_bytes().to_vec();
        for part in [&self.organization, &self.connection, &self.field] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            bound.extend_from_slice(&length.to_le_bytes());
            bound.extend_from_slice(part.as_bytes());
        }
        bound
    }

    fn unopened(&self) -> StoreError {
        StoreError::Sealed { connection: self.connection.clone() }
    }
}

#[cfg(test)]
mod tests;
