//! The names in a folder: those that end as asked, and do not begin with a dot.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use crate::FileError;
use crate::read::ANSWER_WITHIN;

/// Lists the names in a folder that end with `ending`, in alphabetic order; none where the folder
/// is missing. Names that begin with a dot are left out.
///
/// # Errors
/// When it cannot be listed within ten seconds.
pub fn list(path: &Path, ending: &'static str) -> Result<Vec<OsString>, FileError> {
    let (result, listed) = mpsc::sync_channel(1);
    let path = path.to_owned();
    // WHY: a system call that hangs cannot be cancelled; its result is dropped then.
    thread::Builder::new().spawn(move || drop(result.send(list_here(&path, ending))))?;
    let mut names = listed.recv_timeout(ANSWER_WITHIN).map_or_else(
        |_| Err(FileError::Hung(ANSWER_WITHIN)),
        |listed| listed.map_err(FileError::from),
    )?;
    names.sort();
    Ok(names)
}

/// The same on this thread, in the order of the folder.
pub(crate) fn list_here(path: &Path, ending: &str) -> io::Result<Vec<OsString>> {
    let entries = match path.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    names.filter(|name| name.as_ref().map_or(true, |name| is_listed(name, ending))).collect()
}

/// Editors keep copies beside the file, under names that begin with a dot or end otherwise.
fn is_listed(name: &OsStr, ending: &str) -> bool {
    let name = name.as_bytes();
    name.ends_with(ending.as_bytes()) && !name.starts_with(b".")
}

#[cfg(test)]
mod tests {
    //! Which names are listed.
    use std::fs;
    use std::path::Path;

    use super::list;

    #[test]
    fn names_are_listed_by_their_ending() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.toml", "a.toml", ".a.toml", "a.toml~", "toml", "c.toml.bak"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        assert_eq!(list(folder.path(), ".toml").expect("names"), ["a.toml", "b.toml"]);
        let missing = list(&folder.path().join("none"), ".toml").expect("no names");
        assert!(missing.is_empty());
        assert!(list(Path::new("/dev/null"), ".toml").is_err(), "it is no folder");
    }
}
