//! An open file: the stamp that identifies one state of it, and its contents up to a limit.

use std::fs::{self, File, FileType, Metadata};
use std::io::{Read, Seek};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::FileError;
use crate::chain::Id;
use crate::watched::Contents;

/// Bytes that are read at once: whole pages, since some files of `/proc` refuse odd sizes.
const BLOCK: usize = 64 * 1024;

/// One state of a file: a write changes its times, a replacement its inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: Id,
    pub(crate) length: u64,
    /// `st_mtime`, in seconds and nanoseconds.
    pub(crate) modified: (i64, i64),
    /// `st_ctime`, which no program can set.
    pub(crate) changed: (i64, i64),
}

/// A regular file, open to be read.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    pub(crate) stamp: Stamp,
}

// === impl OpenFile ===

impl OpenFile {
    /// Opens a regular file without waiting for it. Anew for each poll: network file systems fetch
    /// what other machines wrote when a file is opened.
    pub(crate) fn at(path: &Path) -> Result<Self, FileError> {
        // Before it is opened: opening some devices has an effect.
        regular(&fs::metadata(path)?)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = open(path, flags, Mode::empty()).map_err(std::io::Error::from)?;
        let file = File::from(file);
        let now = file.metadata()?;
        regular(&now)?;
        Ok(Self { file, stamp: Stamp::of(&now) })
    }

    /// All of its contents, `None` if it changed meanwhile.
    pub(crate) fn read(&self, limit: usize) -> Result<Option<Contents>, FileError> {
        let too_large = FileError::TooLarge { limit };
        if usize::try_from(self.stamp.length).is_ok_and(|length| length > limit) {
            return Err(too_large);
        }
        (&self.file).rewind()?;
        let (mut bytes, mut block) = (Vec::new(), vec![0; BLOCK]);
        // Whatever its length is: files of `/proc` have length 0, and some no end.
        loop {
            let read = (&self.file).read(&mut block)?;
            let Some(read) = block.get(..read).filter(|read| !read.is_empty()) else { break };
            bytes.extend_from_slice(read);
            if bytes.len() > limit {
                return Err(too_large);
            }
        }
        let same = Stamp::of(&self.file.metadata()?) == self.stamp;
        Ok(same.then(|| bytes.into()))
    }
}

// === impl Stamp ===

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self {
            id: (meta.dev(), meta.ino()),
            length: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

fn regular(meta: &Metadata) -> Result<(), FileError> {
    if meta.is_file() { Ok(()) } else { Err(FileError::NotAFile(kind(meta.file_type()))) }
}

fn kind(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    //! What is read, and what is not.
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::OpenFile;
    use crate::FileError;

    #[test]
    fn only_regular_files_are_opened_without_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        for (path, kind) in [
            (&*pipe, "a named pipe"),
            (folder.path(), "a folder"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let refused = OpenFile::at(path).expect_err("it is no file").to_string();
            assert!(refused.starts_with(&format!("it is {kind}: ")), "{refused}");
        }
        assert!(OpenFile::at(&folder.path().join("none")).is_err_and(|error| error.is_missing()));
    }

    #[test]
    fn a_file_is_read_up_to_its_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "12345").expect("a file");
        let read = |limit| OpenFile::at(&path).expect("a file").read(limit);
        assert_eq!(read(5).unwrap().as_deref(), Some(&b"12345"[..]));
        let twice = OpenFile::at(&path).expect("a file");
        assert_eq!(twice.read(5).unwrap(), twice.read(5).unwrap());
        assert!(matches!(read(4), Err(FileError::TooLarge { limit: 4 })));
        let sparse = fs::File::create(&path).expect("a file");
        sparse.set_len(1 << 40).expect("a hole");
        assert!(matches!(read(1 << 20), Err(FileError::TooLarge { .. })));
        // Length 0, and eight bytes for each page of the address space.
        let endless = OpenFile::at(Path::new("/proc/self/pagemap")).expect("a file");
        assert!(matches!(endless.read(1 << 20), Err(FileError::TooLarge { .. })));
    }

    #[test]
    fn a_file_that_changed_meanwhile_has_not_been_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "12345").expect("a file");
        let opened = OpenFile::at(&path).expect("a file");
        let mut writer = fs::File::options().append(true).open(&path).expect("a file");
        writer.write_all(b"6").expect("room");
        assert_eq!(opened.read(9).unwrap(), None);
    }
}
