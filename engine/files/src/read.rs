//! Reading a file once, for commands that read it and end.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::FileError;
use crate::open_file::OpenFile;
use crate::watched::Contents;

/// How long a file may take to be read before that fails: a disk that has to spin up takes less.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The pause before a file is read again that changed meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads a regular file of at most `limit` bytes as it is now, whole or half-written.
///
/// # Errors
/// When it cannot be read within ten seconds.
pub fn read(path: &Path, limit: usize) -> Result<Contents, FileError> {
    let (result, read) = mpsc::sync_channel(1);
    let path = path.to_owned();
    // WHY: a system call that hangs cannot be cancelled; its result is dropped then.
    thread::Builder::new().spawn(move || drop(result.send(read_here(&path, limit))))?;
    read.recv_timeout(ANSWER_WITHIN).unwrap_or(Err(FileError::Hung(ANSWER_WITHIN)))
}

fn read_here(path: &Path, limit: usize) -> Result<Contents, FileError> {
    let started = Instant::now();
    while started.elapsed() < ANSWER_WITHIN {
        if let Some(contents) = OpenFile::at(path)?.read(limit)? {
            return Ok(contents);
        }
        thread::park_timeout(PAUSE);
    }
    Err(FileError::Changing(ANSWER_WITHIN))
}
