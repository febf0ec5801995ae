//! Reading a file once, as commands do that look at it and end.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::FileError;
use crate::opened::Opened;
use crate::watched::Text;

/// How long a file may take to be read before its mount is taken for dead: a disk that has to spin
/// up takes less.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long to wait before a file that changed while it was read is read again.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads a regular file of at most so many bytes, as it is now.
///
/// # Errors
/// When it cannot be read, or does not come within ten seconds.
pub fn read(path: &Path, most: usize) -> Result<Text, FileError> {
    let (tell, told) = mpsc::sync_channel(1);
    let path = path.to_owned();
    // WHY: what hangs cannot be ended; nobody listens to it any more then.
    thread::Builder::new().spawn(move || drop(tell.send(read_here(&path, most))))?;
    told.recv_timeout(ANSWER_WITHIN).unwrap_or(Err(FileError::Hung(ANSWER_WITHIN)))
}

fn read_here(path: &Path, most: usize) -> Result<Text, FileError> {
    let started = Instant::now();
    while started.elapsed() < ANSWER_WITHIN {
        if let Some(text) = Opened::at(path)?.text(most)? {
            return Ok(text);
        }
        thread::park_timeout(PAUSE);
    }
    Err(FileError::Changing(ANSWER_WITHIN))
}
