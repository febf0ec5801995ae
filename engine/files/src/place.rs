//! Placing a file: whole, at once, and so that no reader has to wait for it to rest.

use std::fs::{File, FileTimes};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Any time that is long past: a file that was written then has rested.
const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

/// Writes a text beside its place, dates it back, and moves it there.
///
/// # Errors
/// When it cannot be written there.
pub fn place(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
    draft.write_all(text)?;
    rested(draft.as_file())?;
    draft.persist(path).map(drop).map_err(|error| error.error)
}

fn rested(file: &File) -> io::Result<()> {
    file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + LONG_AGO))
}
