//! The lock: a store serves one process at a time. The system lets go of it when that one dies.
//!
//! What is locked is the database's file itself, so that no other name of it, no link and no deleted
//! file beside it lets a second server in; and the journal's folder, so that a database put in the
//! place of one that is being served does not take over its journal.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::StoreError;
use crate::database::Database;

/// Whether `flock` can lock the database itself: on Linux it is apart from the POSIX locks that
/// SQLite sets on the same file; elsewhere the two exclude each other, and the folder has to do.
const APART: bool = cfg!(target_os = "linux");

/// That this process has a store to itself, as long as it is kept.
#[derive(Debug)]
pub(crate) struct Lock {
    database: Database,
    folder: Option<File>,
}

/// Takes the store whose database this is.
///
/// # Errors
/// When somebody has it.
pub(crate) fn take(database: &Database) -> Result<Lock, StoreError> {
    let inode = database.inode();
    if inode.taken.swap(true, Ordering::AcqRel) {
        return Err(StoreError::InUse(database.path().to_owned()));
    }
    // From here on, dropping it lets go.
    let mut lock = Lock { database: database.clone(), folder: None };
    if APART {
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
    /// Takes the journal's folder as well, where there is one by now.
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
        if APART {
            // WHY: the system lets go of it at the end of the process, if not here.
            inode.file.unlock().unwrap_or_default();
        }
        inode.taken.store(false, Ordering::Release);
    }
}
