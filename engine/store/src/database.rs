//! The database file: resolves the path to it, checks that it is a store of Reins, and identifies
//! it by its inode.
//!
//! INVARIANT: as long as a file has a name, its descriptor here is never closed. Closing any
//! descriptor of a file releases all POSIX locks that the process has on it, SQLite's among them.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;

use crate::schema::FIRST_VERSION;
use crate::{StoreError, permissions};

/// The `application_id` in the header of a store's database: `Rein` in ASCII.
pub(crate) const APPLICATION_ID: u32 = 0x5265_696E;
/// Its offset in that header.
const APPLICATION_ID_AT: usize = 68;
/// The offset of the schema's version (`user_version`) in it.
const VERSION_AT: usize = 60;
/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The part of the header that is read.
const HEAD_BYTES: usize = 72;

/// The database file of a store.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Its canonical path.
    path: PathBuf,
    inode: Arc<Inode>,
}

/// The file behind the path.
#[derive(Debug)]
pub(crate) struct Inode {
    id: (u64, u64),
    pub(crate) file: File,
    /// Whether this process holds the store's lock.
    pub(crate) taken: AtomicBool,
}

/// Every database file that this process has opened and that still has a name.
static OPENED: Mutex<Vec<Arc<Inode>>> = Mutex::new(Vec::new());

// === impl Database ===

impl Database {
    /// The database that `path` leads to, created with mode 0600 where there is none.
    ///
    /// # Errors
    /// When it is not a store of Reins, or others may read it and its mode cannot be changed.
    pub(crate) fn at(path: &Path) -> Result<Self, StoreError> {
        match Self::existing(path) {
            Err(StoreError::Missing(_)) => Self::made(path),
            outcome => outcome,
        }
    }

    /// The database that `path` leads to.
    ///
    /// # Errors
    /// When there is none, and as [`Database::at`].
    pub(crate) fn existing(path: &Path) -> Result<Self, StoreError> {
        let real = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing(path.to_owned()));
            }
            real => real.map_err(StoreError::file(path))?,
        };
        let inode = opened(&real).map_err(StoreError::file(&real))?;
        let database = Self { path: real, inode };
        database.check_ours()?;
        database.narrow()?;
        Ok(database)
    }

    fn made(path: &Path) -> Result<Self, StoreError> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(permissions::FILE);
        let file = options.open(path).map_err(StoreError::file(path))?;
        keep(file).map_err(StoreError::file(path))?;
        Self::existing(path)
    }

    /// Its canonical path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn inode(&self) -> &Inode {
        &self.inode
    }

    /// A file that belongs to it, such as `reins.db.secret`.
    pub(crate) fn beside(&self, what: &str) -> PathBuf {
        beside(&self.path, what)
    }

    /// The folder of its journal.
    pub(crate) fn journal(&self) -> PathBuf {
        self.beside("journal")
    }

    /// Refuses a file with several hard links. SQLite derives the name of the write-ahead log from
    /// the name that it opens, so two names would have two logs.
    pub(crate) fn check_one_name(&self) -> Result<(), StoreError> {
        let found = self.inode.file.metadata().map_err(StoreError::file(&self.path))?;
        let one = found.nlink() <= 1;
        one.then_some(()).ok_or_else(|| StoreError::SeveralNames(self.path.clone()))
    }

    /// Whether the path still leads to the file that was opened.
    pub(crate) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| id(&found) == self.inode.id)
    }

    /// Refuses a file that is not a store of Reins, without changing it.
    fn check_ours(&self) -> Result<(), StoreError> {
        let failed = || StoreError::file(&self.path);
        let found = self.inode.file.metadata().map_err(failed())?;
        if !found.is_file() {
            return Err(StoreError::NoDatabase(self.path.clone()));
        }
        if found.len() == 0 {
            return self.check_no_log();
        }
        let mut head = [0; HEAD_BYTES];
        let read = self.inode.file.read_exact_at(&mut head, 0);
        if read.is_err() || !head.starts_with(MAGIC) {
            return Err(StoreError::NoDatabase(self.path.clone()));
        }
        if head.get(APPLICATION_ID_AT..) != Some(&APPLICATION_ID.to_be_bytes()) {
            return Err(StoreError::Foreign(self.path.clone()));
        }
        let version = head.get(VERSION_AT..).and_then(<[u8]>::first_chunk::<4>);
        let found = version.map_or(0, |bytes| i64::from(i32::from_be_bytes(*bytes)));
        if (1..FIRST_VERSION).contains(&found) {
            return Err(StoreError::TooOld { path: self.path.clone(), found });
        }
        Ok(())
    }

    /// Refuses a new database beside a write-ahead log: the log is left over from a lost database,
    /// and SQLite would delete it.
    fn check_no_log(&self) -> Result<(), StoreError> {
        let log = self.sqlite("-wal");
        let left = fs::metadata(&log).is_ok_and(|found| found.len() > 0);
        if left { Err(StoreError::LogAlone { path: self.path.clone(), log }) } else { Ok(()) }
    }

    fn narrow(&self) -> Result<(), StoreError> {
        for path in [self.path.clone(), self.sqlite("-wal"), self.sqlite("-shm")] {
            let narrowed = permissions::narrow(&path, permissions::FILE);
            narrowed.map_err(|source| StoreError::OpenToOthers { path, source })?;
        }
        Ok(())
    }

    /// A file that SQLite keeps beside the database, such as `reins.db-wal`.
    pub(crate) fn sqlite(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(ending);
        name.into()
    }
}

/// A file that belongs to the store at `path`, such as `reins.db.secret`.
pub(crate) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

fn id(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The file at `path`, opened once in this process.
fn opened(path: &Path) -> io::Result<Arc<Inode>> {
    let found = id(&fs::metadata(path)?);
    let known = OPENED.lock().iter().find(|inode| inode.id == found).cloned();
    match known {
        Some(inode) => Ok(inode),
        None => keep(File::open(path)?),
    }
}

/// Keeps a descriptor as long as its file has a name.
fn keep(file: File) -> io::Result<Arc<Inode>> {
    let id = id(&file.metadata()?);
    let inode = Arc::new(Inode { id, file, taken: AtomicBool::new(false) });
    let mut opened = OPENED.lock();
    // WHY: a descriptor that cannot be examined is kept; that is harmless.
    opened.retain(|inode| inode.file.metadata().map_or(true, |found| found.nlink() > 0));
    // Two descriptors of one file, opened concurrently, are both kept: neither may be closed.
    let first = opened.iter().find(|known| known.id == id).cloned();
    opened.push(Arc::clone(&inode));
    Ok(first.unwrap_or(inode))
}
