//! The lock: a store serves one process at a time. The system lets go of it when that one dies.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::StoreError;
use crate::schema::beside;

/// Takes the store at `path` for as long as the file is open.
///
/// # Errors
/// When somebody has it.
pub(crate) fn take(path: &Path) -> Result<File, StoreError> {
    let lock = beside(path, "lock");
    let file = File::options().create(true).truncate(false).write(true).open(&lock);
    let file = file.map_err(StoreError::file(&lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::file(&lock)(error)),
    }
}
