//! The lock: a store serves one process at a time. The system lets go of it when that one dies.
//!
//! Two things are locked. The database file itself: no other name of it, and no deleted lock file,
//! admits a second server. The journal's folder: a database that replaces one in use under the same
//! name does not take over its journal.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::StoreError;
use crate::database::Database;

/// Whether the database file can be locked by `flock`. On Linux, `flock` is independent of the
/// POSIX locks that SQLite sets on the same file. Elsewhere the two conflict, and only the folder
/// is locked.
const FLOCK_IS_INDEPENDENT: bool = cfg!(target_os = "linux");

/// The exclusive use of a store, released when this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    database: Database,
    folder: Option<File>,
}

/// Locks the store of this database.
///
/// # Errors
/// When another server has it.
pub(crate) fn take(database: &Database) -> Result<Lock, StoreError> {
    let inode = database.inode();
    if inode.taken.swap(true, Ordering::AcqRel) {
        return Err(StoreError::InUse(database.path().to_owned()));
    }
    // From here on, dropping this releases everything.
    let mut lock = Lock { database: database.clone(), folder: None };
    if FLOCK_IS_INDEPENDENT {
        exclusive(&inode.file, database.path(), database)?;
    }
    lock.take_folder()?;
    Ok(lock)
}

fn exclusive(file: &File, path: &Path, database: &Database) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(database.path().to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::file(path)(error)),
    }
}

// === impl Lock ===

impl Lock {
    /// Locks the journal's folder as well, where it exists by now.
    pub(crate) fn take_folder(&mut self) -> Result<(), StoreError> {
        let path = self.database.journal();
        self.folder = match File::open(&path) {
            Ok(folder) => Some(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::file(&path)(error)),
        };
        self.folder.as_ref().map_or(Ok(()), |folder| exclusive(folder, &path, &self.database))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let inode = self.database.inode();
        if FLOCK_IS_INDEPENDENT {
            // WHY: if this fails, the system releases the lock at the end of the process.
            inode.file.unlock().unwrap_or_default();
        }
        inode.taken.store(false, Ordering::Release);
    }
}
