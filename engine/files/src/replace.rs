//! Replacing a file atomically, so that a watcher accepts the new contents without [`crate::REST`].

use std::fs::{File, FileTimes};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A modification time that is long past, in the year 2001: a watcher that starts afterwards
/// accepts such a file at once.
const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

/// Writes a temporary file in the same folder, sets its modification time back, and renames it to
/// `path`.
///
/// # Errors
/// When the folder cannot be written.
pub fn replace_atomically(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
    draft.write_all(contents)?;
    set_back(draft.as_file())?;
    draft.persist(path).map(drop).map_err(|error| error.error)
}

fn set_back(file: &File) -> io::Result<()> {
    file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + LONG_AGO))
}
