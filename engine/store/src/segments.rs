//! Segments: the journal's files. Each is laid out once and used again and again, because a file
//! that grows makes every sync of it dearer.
//!
//! A file is laid out ahead of its use: allocated, with its header and final name, its descriptor
//! open. Switching to it takes no system call, so that a call never depends on opening a file.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::header::{HEADER_BYTES, Header, Life};
use crate::permissions;

/// Files in use end so, after their ordinal.
const IN_USE: &str = "journal";
/// Files that wait to be used again end so.
const SPARE: &str = "spare";
/// Files end so until they are allocated and have their header. A start removes them.
const DRAFT: &str = "draft";
/// Spare files kept beside the one that is laid out ahead: one, for bursts. Others are removed.
const SPARES_MAX: usize = 1;

/// A file that entries can be written to.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
}

/// The folder of segments, during one life of the journal.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    /// The folder's descriptor, for syncing it; `None` where nothing is synced.
    sync: Option<File>,
    /// How much room a file is given.
    bytes: u64,
    life: Life,
    /// The ordinal of the life's first file.
    first: u64,
    next_ordinal: u64,
    spare: Vec<PathBuf>,
    /// Files whose entries are all in the database, still to be renamed to spares.
    retired: VecDeque<PathBuf>,
}

/// Every segment in `folder`, in the order of their ordinals.
pub(crate) fn found(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    named(folder, IN_USE)
}

/// Creates the folder where it is missing, with mode 0700.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(permissions::FOLDER).create(folder)
}

fn named(folder: &Path, extension: &str) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let ordinal = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let (Some(ordinal), true) = (ordinal, path.extension().is_some_and(|e| e == extension)) {
            found.push((ordinal, path));
        }
    }
    found.sort();
    Ok(found)
}

// === impl Segments ===

impl Segments {
    /// Begins a life in `folder`, whose entries so far are all in the database: its files are used
    /// again, so that a full disk has room for a start.
    pub(crate) fn begin(folder: &Path, bytes: u64, sync: bool, life: Life) -> io::Result<Self> {
        make_folder(folder)?;
        permissions::narrow(folder, permissions::FOLDER)?;
        for (_, draft) in named(folder, DRAFT)? {
            fs::remove_file(draft)?;
        }
        let earlier = found(folder)?;
        let first = earlier.last().map_or(1, |(ordinal, _)| ordinal.saturating_add(1));
        let mut segments = Self {
            folder: folder.to_owned(),
            sync: sync.then(|| File::open(folder)).transpose()?,
            bytes,
            life,
            first,
            next_ordinal: first,
            spare: Vec::new(),
            retired: earlier.into_iter().map(|(_, path)| path).collect(),
        };
        for path in &segments.retired {
            permissions::narrow(path, permissions::FILE)?;
        }
        for (_, path) in named(folder, SPARE)? {
            permissions::narrow(&path, permissions::FILE)?;
            segments.keep_or_remove(path)?;
        }
        segments.retire()?;
        Ok(segments)
    }

    /// Lays out the next file.
    pub(crate) fn lay_out(&mut self) -> io::Result<Segment> {
        let ordinal = self.next_ordinal;
        let draft = self.folder.join(format!("{ordinal:020}.{DRAFT}"));
        let laid_out = self.draft(&draft, ordinal);
        let file = laid_out.inspect_err(|_| {
            // WHY: if this fails too, the next start removes the file.
            fs::remove_file(&draft).unwrap_or_default();
        })?;
        let path = self.folder.join(format!("{ordinal:020}.{IN_USE}"));
        fs::rename(&draft, &path)?;
        self.next_ordinal = ordinal.saturating_add(1);
        self.sync_folder()?;
        Ok(Segment { file, path })
    }

    /// An allocated file with its header, still under the name of a draft.
    fn draft(&mut self, draft: &Path, ordinal: u64) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(permissions::FILE);
        if let Some(spare) = self.spare.pop() {
            // WHY: if this fails, a new file is created instead.
            fs::rename(spare, draft).unwrap_or_default();
        }
        let file = options.open(draft)?;
        allocate(&file, self.bytes)?;
        file.write_all_at(&self.header(ordinal).bytes(), 0)?;
        if self.sync.is_some() {
            file.sync_all()?;
        }
        Ok(file)
    }

    const fn header(&self, ordinal: u64) -> Header {
        let Life { store, life, after } = self.life;
        let (first, laid_out) = (self.first, self.bytes);
        Header { store, life, ordinal, first, after: after.seq, laid_out }
    }

    /// Queues files whose entries are all in the database for [`Segments::retire`].
    pub(crate) fn queue_retired(&mut self, paths: Vec<PathBuf>) {
        self.retired.extend(paths);
    }

    /// Renames the queued files to spares, or removes them. The folder is not synced: a file that
    /// reappears after a power loss holds only entries that the database has.
    pub(crate) fn retire(&mut self) -> io::Result<()> {
        while let Some(path) = self.retired.front() {
            let spare = path.with_extension(SPARE);
            match fs::rename(path, &spare) {
                Ok(()) => self.keep_or_remove(spare)?,
                // It was deleted by hand.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            self.retired.pop_front();
        }
        Ok(())
    }

    fn keep_or_remove(&mut self, spare: PathBuf) -> io::Result<()> {
        if self.spare.len() < SPARES_MAX {
            self.spare.push(spare);
            return Ok(());
        }
        fs::remove_file(spare)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.sync.as_ref().map_or(Ok(()), File::sync_all)
    }
}

// === impl Segment ===

impl Segment {
    /// Where its first frame begins.
    pub(crate) const START: u64 = HEADER_BYTES as u64;

    /// Whether the file still has a name. Entries in a deleted file are lost with the process.
    pub(crate) fn is_in_place(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        Ok(self.file.metadata()?.nlink() > 0)
    }
}

/// Allocates a file's blocks, so that a sync writes no metadata. A file system without `fallocate`
/// gets a sparse file of the same length: its syncs are slower.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    if file.metadata()?.len() >= bytes {
        return Ok(());
    }
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(bytes),
        Err(errno) => Err(errno.into()),
    }
}

/// Renames a file or folder that does not fit the database; returns its new name.
pub(crate) fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(now.strftime(".set-aside-%Y%m%dT%H%M%S%.6fZ").to_string());
    let aside = PathBuf::from(name);
    fs::rename(path, &aside)?;
    Ok(aside)
}
