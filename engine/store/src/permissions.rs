//! Permissions: every file of a store is readable by its owner alone, whatever the umask.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The mode of a file: read and written by its owner.
pub(crate) const FILE: u32 = 0o600;
/// The mode of a folder: likewise, and entered.
pub(crate) const FOLDER: u32 = 0o700;
/// The permissions of group and others.
const OTHERS: u32 = 0o077;

/// Sets a file to mode `to` where group or others have any permission. A missing file is left out.
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
    let path = path.display();
    tracing::warn!(%path, %was, %now, "a file of the store was open to others: now it is not");
    Ok(())
}
