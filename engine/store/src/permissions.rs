//! Permissions: every file of a store is for its owner alone, whatever the umask says.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a file may be: read and written by its owner.
pub(crate) const FILE: u32 = 0o600;
/// What a folder may be: likewise, and entered.
pub(crate) const FOLDER: u32 = 0o700;
/// What is not for the owner.
const OTHERS: u32 = 0o077;

/// Takes from a file what others may do with it. A file that is not there has nothing to take.
///
/// # Errors
/// When it belongs to another user.
pub(crate) fn narrow(path: &Path, to: u32) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Ok(found) => found.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(to))?;
    let (was, now) = (format!("{:o}", mode & 0o7777), format!("{to:o}"));
    tracing::warn!(path = %path.display(), %was, %now, "a file of the store was open to others");
    Ok(())
}
