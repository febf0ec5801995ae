//! Segments: the journal's files. Each is laid out once and used again and again, because a file
//! that grows makes every sync of it dearer.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::frame::Seq;

/// Files in use end so, after the number of their first entry.
const IN_USE: &str = "journal";
/// Files waiting to be used again end so.
const SPARE: &str = "spare";
/// Spare files kept: the next one, and one more for bursts. Others are removed.
const SPARES_MAX: usize = 2;

/// The folder of segments.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    /// How much room a new file is given.
    bytes: u64,
    /// Whether the folder itself must be synced.
    sync: bool,
    spare: Vec<PathBuf>,
    /// Files that are full, oldest first, each with its last entry.
    full: VecDeque<(Seq, PathBuf)>,
}

/// Every segment in `folder`, oldest first, with the number of its first entry.
pub(crate) fn found(folder: &Path) -> io::Result<Vec<(Seq, PathBuf)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let (Some(first), true) = (number, has_extension(&path, IN_USE)) {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

// === impl Segments ===

impl Segments {
    /// Takes over a folder whose entries are all applied: every file in it becomes a spare.
    pub(crate) fn take_over(folder: &Path, bytes: u64, sync: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let (folder, spare, full) = (folder.to_owned(), Vec::new(), VecDeque::new());
        let mut segments = Self { folder, bytes, sync, spare, full };
        for file in fs::read_dir(&segments.folder)? {
            let path = file?.path();
            if has_extension(&path, SPARE) {
                segments.keep_or_remove(path)?;
            }
        }
        for (first, path) in found(&segments.folder)? {
            segments.set_aside(first, &path)?;
        }
        Ok(segments)
    }

    /// The file for the entries from `first` on, laid out, and its path.
    pub(crate) fn begin(&mut self, first: Seq) -> io::Result<(File, PathBuf)> {
        let path = self.folder.join(format!("{first:020}.{IN_USE}"));
        let mut options = File::options();
        options.read(true).write(true);
        let file = match self.spare.pop() {
            Some(spare) => {
                fs::rename(spare, &path)?;
                options.open(&path)?
            }
            None => {
                let file = options.create_new(true).open(&path)?;
                lay_out(&file, self.bytes)?;
                file
            }
        };
        if self.sync {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok((file, path))
    }

    /// Notes that the file at `path` is full, and which entry is its last.
    pub(crate) fn filled(&mut self, last: Seq, path: PathBuf) {
        self.full.push_back((last, path));
    }

    /// Sets aside every full file whose entries are all applied.
    pub(crate) fn recycle(&mut self, applied: Seq) -> io::Result<()> {
        while let Some((last, path)) = self.full.pop_front_if(|(last, _)| *last <= applied) {
            self.set_aside(last, &path)?;
        }
        Ok(())
    }

    fn set_aside(&mut self, number: Seq, path: &Path) -> io::Result<()> {
        let spare = self.folder.join(format!("{number:020}.{SPARE}"));
        fs::rename(path, &spare)?;
        self.keep_or_remove(spare)
    }

    fn keep_or_remove(&mut self, spare: PathBuf) -> io::Result<()> {
        if self.spare.len() < SPARES_MAX {
            self.spare.push(spare);
            return Ok(());
        }
        fs::remove_file(spare)
    }
}

/// Gives a new file its room, so that a sync has only bytes to write. A file system that cannot
/// is no error: it is only slower.
fn lay_out(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.sync_all(),
        Err(errno) => Err(errno.into()),
    }
}
