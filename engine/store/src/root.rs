//! The root secret: from it come the pepper of keys and the keys that seal vendor secrets.
//!
//! It never leaves this file: others get what is derived under a label of their own. The database
//! has a fingerprint of it, so that a missing or different secret is detected at the start.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::database::{Database, beside};
use crate::{StoreError, permissions, schema};

/// As many bytes as the keys derived from it.
const ROOT_BYTES: usize = 32;
/// What the fingerprint is derived for.
const FINGERPRINT_LABEL: &str = "reins root fingerprint 1";

/// Random bytes that everything secret in a store depends on.
pub struct RootSecret(Zeroizing<Vec<u8>>);

/// A key for one purpose.
pub(crate) type Derived = Zeroizing<[u8; 32]>;

// === impl RootSecret ===

impl RootSecret {
    /// The environment variable that stands in for the file beside the store.
    pub const VARIABLE: &str = "REINS_SECRET";

    /// The root secret of the store at `path`: what the environment says, else what the file beside
    /// it says, which is made for a store that has nothing secret yet.
    ///
    /// # Errors
    /// When it is too short, is gone, is not the one that keys of the store were made under, or the
    /// file cannot be read or made.
    pub fn of_store(
        path: &Path,
        variable: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Self, StoreError> {
        Self::find(path, variable, None)
    }

    /// The same for a store whose secret is lost: created keys end at `now`, vendors' keys that
    /// were sealed under it are removed, and another secret replaces it.
    ///
    /// # Errors
    /// When it is too short, or the file cannot be read or made.
    pub fn replacing_lost(
        path: &Path,
        variable: impl FnOnce(&str) -> Option<String>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::find(path, variable, Some(now))
    }

    fn find(
        path: &Path,
        variable: impl FnOnce(&str) -> Option<String>,
        end_keys: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let (database, conn) = schema::side_connection(path)?;
        let file = database.beside("secret");
        let given = match variable(Self::VARIABLE) {
            Some(value) => Some(Self::given(&value)?),
            None => Self::read(&file)?,
        };
        let noted = noted(&conn)?;
        if let Some(root) = given.as_ref().filter(|root| noted == Some(root.fingerprint())) {
            return Ok(Self(root.0.clone()));
        }
        let depends = depends(&conn)?;
        match (depends, end_keys) {
            // No fingerprint was recorded yet: the given secret is taken to be the right one.
            (Some(_), _) if given.is_some() && noted.is_none() => {}
            (Some(depends), None) => return Err(missing(file, given.is_some(), depends)),
            (Some(depends), Some(now)) => {
                tracing::warn!(%depends, "the secret is lost: what depends on it has ended");
                end(&conn, now)?;
            }
            (None, _) => {}
        }
        let root = given.map_or_else(|| Self::make(&database, &file), Ok)?;
        note(&conn, root.fingerprint())?;
        Ok(root)
    }

    /// The root secret as an operator gives it.
    ///
    /// # Errors
    /// When it is too short.
    pub fn given(value: &str) -> Result<Self, StoreError> {
        Self::of(value.trim().as_bytes())
    }

    fn read(file: &Path) -> Result<Option<Self>, StoreError> {
        let wide = |source| StoreError::OpenToOthers { path: file.to_owned(), source };
        permissions::narrow(file, permissions::FILE).map_err(wide)?;
        match fs::read(file).map(Zeroizing::new) {
            Ok(bytes) => Self::of(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::file(file)(error)),
        }
    }

    fn of(bytes: &[u8]) -> Result<Self, StoreError> {
        let long_enough = bytes.len() >= ROOT_BYTES;
        let root = long_enough.then(|| Self(Zeroizing::new(bytes.to_vec())));
        root.ok_or(StoreError::WeakRoot(bytes.len()))
    }

    /// Writes the file under another name first, so that no reader sees half a secret; of two
    /// processes that make it at once, both use the first one. The folder is synced, so that the
    /// file outlives a power loss before any key depends on it.
    fn make(database: &Database, path: &Path) -> Result<Self, StoreError> {
        let bytes = random::<ROOT_BYTES>()?;
        let draft = beside(path, &std::process::id().to_string());
        write_owner_only(&draft, &*bytes).map_err(StoreError::file(&draft))?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(StoreError::file(&draft))?;
        let made = match linked {
            Ok(()) => Self::of(&*bytes),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::of(&Zeroizing::new(fs::read(path).map_err(StoreError::file(path))?))
            }
            Err(error) => Err(StoreError::file(path)(error)),
        };
        let folder = database.path().parent().unwrap_or(Path::new("/"));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(StoreError::file(folder))?;
        made
    }

    /// A number that identifies the secret without disclosing it.
    fn fingerprint(&self) -> i64 {
        let derived = self.derive(FINGERPRINT_LABEL, "");
        derived.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }

    /// A key for the purpose `label`, another one for each `whose`.
    pub(crate) fn derive(&self, label: &str, whose: &str) -> Derived {
        let mut key = Zeroizing::new([0; 32]);
        let info = [label.as_bytes(), &[0], whose.as_bytes()];
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand_multi_info(&info, &mut *key);
        // INVARIANT: HKDF fails only when asked for more than 255 blocks, and this is one.
        debug_assert!(expanded.is_ok(), "one block is within what HKDF gives");
        key
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, StoreError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(StoreError::Random)?;
    Ok(bytes)
}

/// The recorded fingerprint of the store's secret.
fn noted(conn: &Connection) -> Result<Option<i64>, StoreError> {
    let query = "SELECT value FROM meta WHERE name = 'root_fingerprint'";
    Ok(conn.query_row(query, [], |row| row.get(0)).optional()?)
}

fn note(conn: &Connection, fingerprint: i64) -> Result<(), StoreError> {
    let note = "INSERT OR REPLACE INTO meta VALUES ('root_fingerprint', ?)";
    conn.execute(note, [fingerprint])?;
    Ok(())
}

/// What in the store depends on its secret: `created keys (2)`.
fn depends(conn: &Connection) -> Result<Option<String>, StoreError> {
    let query = "SELECT (SELECT count(*) FROM keys WHERE revoked_us IS NULL), \
                 (SELECT count(*) FROM secrets)";
    let (keys, sealed) = conn.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match (keys, sealed) {
        (0_i64, 0_i64) => None,
        (keys, 0) => Some(format!("created keys ({keys})")),
        (0, sealed) => Some(format!("vendors' keys ({sealed})")),
        (keys, sealed) => Some(format!("created keys ({keys}) and vendors' keys ({sealed})")),
    })
}

/// Ends what depends on a lost secret.
fn end(conn: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let end = "UPDATE keys SET revoked_us = ? WHERE revoked_us IS NULL";
    conn.execute(end, [now.as_microsecond()])?;
    conn.execute("DELETE FROM secrets", [])?;
    Ok(())
}

fn missing(path: PathBuf, is_other: bool, depends: String) -> StoreError {
    if is_other {
        StoreError::OtherSecret { path, depends }
    } else {
        StoreError::NoSecret { path, depends }
    }
}

fn write_owner_only(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file =
        options.write(true).create(true).truncate(true).mode(permissions::FILE).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
