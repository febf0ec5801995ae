//! A file that is open: what identifies one state of it, and its text, up to a size.

use std::fs::{self, File, FileType, Metadata};
use std::io::{Read, Seek};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::FileError;
use crate::chain::Id;
use crate::watched::Text;

/// What is read at once, in bytes: whole pages, since some files of the system are read in no other
/// way.
const BLOCK: usize = 64 * 1024;

/// One state of a file. A write changes its times; an exchange, its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: Id,
    pub(crate) length: u64,
    /// When its text was written last, in seconds and nanoseconds.
    pub(crate) written: (i64, i64),
    /// When anything of it changed last, which no program can set.
    pub(crate) changed: (i64, i64),
}

/// A file that is open to be read.
#[derive(Debug)]
pub(crate) struct Opened {
    file: File,
    pub(crate) stamp: Stamp,
}

// === impl Opened ===

impl Opened {
    /// Opens a regular file. Anew for each look: where a file system is shared, that is when it asks
    /// the others for what they have written.
    pub(crate) fn at(path: &Path) -> Result<Self, FileError> {
        // Before it is opened: with some devices that alone does something.
        regular(&fs::metadata(path)?)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = open(path, flags, Mode::empty()).map_err(std::io::Error::from)?;
        let file = File::from(file);
        let now = file.metadata()?;
        regular(&now)?;
        Ok(Self { file, stamp: Stamp::of(&now) })
    }

    /// All of its text, at most so many bytes; nothing if it changed meanwhile.
    pub(crate) fn text(&self, most: usize) -> Result<Option<Text>, FileError> {
        let too_large = FileError::TooLarge { most };
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        if self.stamp.length > limit {
            return Err(too_large);
        }
        (&self.file).rewind()?;
        let (mut bytes, mut block) = (Vec::new(), vec![0; BLOCK]);
        // Whatever its length is said to be: some files of the system have none, and no end.
        loop {
            let read = (&self.file).read(&mut block)?;
            let Some(read) = block.get(..read).filter(|read| !read.is_empty()) else { break };
            bytes.extend_from_slice(read);
            if bytes.len() > most {
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
            written: (meta.mtime(), meta.mtime_nsec()),
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

    use super::Opened;
    use crate::FileError;

    #[test]
    fn only_regular_files_are_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        for (path, kind) in [
            (&*pipe, "a named pipe"),
            (folder.path(), "a folder"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let refused = Opened::at(path).expect_err("it is no file").to_string();
            assert!(refused.starts_with(&format!("it is {kind}: ")), "{refused}");
        }
        assert!(Opened::at(&folder.path().join("none")).is_err_and(|error| error.is_missing()));
    }

    #[test]
    fn a_file_is_read_up_to_its_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "12345").expect("a file");
        let read = |most| Opened::at(&path).expect("a file").text(most);
        assert_eq!(read(5).unwrap().as_deref(), Some(&b"12345"[..]));
        let twice = Opened::at(&path).expect("a file");
        assert_eq!(twice.text(5).unwrap(), twice.text(5).unwrap());
        assert!(matches!(read(4), Err(FileError::TooLarge { most: 4 })));
        let sparse = fs::File::create(&path).expect("a file");
        sparse.set_len(1 << 40).expect("a hole");
        assert!(matches!(read(1 << 20), Err(FileError::TooLarge { .. })));
        // It says that it is empty, and has eight bytes for each page that can be addressed.
        let endless = Opened::at(Path::new("/proc/self/pagemap")).expect("a file");
        assert!(matches!(endless.text(1 << 20), Err(FileError::TooLarge { .. })));
    }

    #[test]
    fn a_file_that_changed_meanwhile_has_not_been_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "12345").expect("a file");
        let opened = Opened::at(&path).expect("a file");
        let mut writer = fs::File::options().append(true).open(&path).expect("a file");
        writer.write_all(b"6").expect("room");
        assert_eq!(opened.text(9).unwrap(), None);
    }
}
