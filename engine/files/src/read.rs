//! Reading a file once, for commands that read it and end.

use std::fs;
use std::io::Read;
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

/// Reads at most `limit` bytes as they are now: a regular file, whole or half-written, or a pipe to
/// its end.
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
    if fs::metadata(path)?.is_file() { read_file(path, limit) } else { read_pipe(path, limit) }
}

fn read_pipe(path: &Path, limit: usize) -> Result<Contents, FileError> {
    let (mut bytes, most) = (Vec::new(), u64::try_from(limit).unwrap_or(u64::MAX));
    fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(FileError::TooLarge { limit }) } else { Ok(bytes.into()) }
}

fn read_file(path: &Path, limit: usize) -> Result<Contents, FileError> {
    let started = Instant::now();
    while started.elapsed() < ANSWER_WITHIN {
        if let Some(contents) = OpenFile::at(path)?.read(limit)? {
            return Ok(contents);
        }
        thread::park_timeout(PAUSE);
    }
    Err(FileError::Changing(ANSWER_WITHIN))
}

#[cfg(test)]
mod tests {
    //! What can be read once.
    use std::fs;
    use std::path::Path;

    use super::read;
    use crate::FileError;

    #[test]
    fn files_and_pipes_are_read_to_their_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
        fs::write(&file, "text").expect("a file");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        let (from, to) = (file.clone(), pipe.clone());
        let writer = std::thread::spawn(move || fs::copy(from, to));
        assert_eq!(read(&file, 4).expect("a file"), read(&pipe, 4).expect("a pipe"));
        writer.join().expect("a writer").expect("a pipe");
        assert!(matches!(read(&file, 3), Err(FileError::TooLarge { .. })));
        let endless = read(Path::new("/dev/zero"), 1 << 20);
        assert!(matches!(endless, Err(FileError::TooLarge { .. })));
        assert!(read(Path::new("/none"), 3).is_err_and(|error| error.is_missing()));
    }
}
