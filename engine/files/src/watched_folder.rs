//! A folder that is watched: the names in it, whatever becomes of the files that have them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::FileError;
use crate::debounce::REST;
use crate::list::list_here;
use crate::poll_time::PollTime;
use crate::read::ANSWER_WITHIN;
use crate::watched::STACK;

/// How often the folder is listed: a quarter of the second within which a file that is renamed into
/// it is to be in force.
const LIST_EVERY: Duration = Duration::from_millis(250);

/// Names in alphabetic order.
pub type FileNames = Arc<[OsString]>;

/// A folder that is watched until the last clone of this is dropped. One that is missing has no
/// names in it.
#[derive(Clone, Debug)]
pub struct WatchedFolder {
    seen: watch::Receiver<Seen>,
    poll: Arc<PollTime>,
    /// The thread ends when this channel closes.
    _running: Arc<mpsc::Sender<()>>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    /// `None` until the folder was listed.
    names: Option<FileNames>,
    /// Why it could not be listed last.
    error: Option<FileError>,
}

/// The thread that lists.
struct Lister {
    path: PathBuf,
    ending: &'static str,
    names: Names,
    poll: Arc<PollTime>,
    seen: watch::Sender<Seen>,
}

/// The names in a folder, each with the time when it was first missed there, if it is.
#[derive(Debug, Default)]
struct Names(BTreeMap<OsString, Option<Duration>>);

// === impl WatchedFolder ===

impl WatchedFolder {
    /// Lists the names in a folder that end with `ending` and do not begin with a dot, and goes on
    /// doing so. A name is listed as soon as it is there, and no longer once it has been missing
    /// for [`REST`]: some programs delete a file before they write it anew. A folder that is there
    /// and cannot be listed has no names yet, and [`WatchedFolder::error`] says why.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub async fn open(path: &Path, ending: &'static str) -> Result<Self, FileError> {
        let (sender, seen) = watch::channel(Seen::default());
        let (running, end) = mpsc::channel();
        let poll = Arc::new(PollTime::new());
        let (path, names) = (path.to_owned(), Names::default());
        let lister = Lister { path, ending, names, poll: Arc::clone(&poll), seen: sender };
        let thread = thread::Builder::new().name("reins-folder".to_owned()).stack_size(STACK);
        thread.spawn(move || lister.run(&end))?;
        let mut folder = Self { seen, poll, _running: Arc::new(running) };
        let decided = |seen: &Seen| seen.names.is_some() || seen.error.is_some();
        // WHY: whatever came of it, names and error say so.
        drop(timeout(ANSWER_WITHIN, folder.seen.wait_for(decided)).await);
        Ok(folder)
    }

    /// The names in it, as of the last time that it could be listed.
    #[must_use]
    pub fn names(&self) -> FileNames {
        self.seen.borrow().names.clone().unwrap_or_default()
    }

    /// Why it cannot be listed now.
    #[must_use]
    pub fn error(&self) -> Option<FileError> {
        if let Some(taken) = self.poll.hung() {
            return Some(FileError::Hung(taken));
        }
        if self.seen.has_changed().is_err() {
            return Some(FileError::Unwatched);
        }
        self.seen.borrow().error.clone()
    }

    /// Waits for other names than when it returned last, or for the folder to become one that can
    /// or cannot be listed.
    pub async fn changed(&mut self) {
        if self.seen.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

// === impl Lister ===

impl Lister {
    fn run(mut self, end: &mpsc::Receiver<()>) {
        loop {
            self.poll.begin();
            self.list_once();
            self.poll.end();
            if end.recv_timeout(LIST_EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn list_once(&mut self) {
        let (changed, error) = match list_here(&self.path, self.ending) {
            Ok(found) => (self.names.listed(found, self.poll.now()), None),
            Err(error) => (false, Some(FileError::from(error))),
        };
        let names = || self.names.0.keys().cloned().collect();
        self.seen.send_if_modified(|seen| {
            let first = error.is_none() && seen.names.is_none();
            let modified = changed || first || seen.error.is_some() != error.is_some();
            if changed || first {
                seen.names = Some(names());
            }
            seen.error = error;
            modified
        });
    }
}

// === impl Names ===

impl Names {
    /// Takes in what is there at `now`; whether the names have changed.
    fn listed(&mut self, found: Vec<OsString>, now: Duration) -> bool {
        for missed in self.0.values_mut() {
            missed.get_or_insert(now);
        }
        let mut changed = false;
        for name in found {
            changed |= self.0.insert(name, None).is_none();
        }
        let before = self.0.len();
        self.0.retain(|_, missed| missed.is_none_or(|at| now.saturating_sub(at) < REST));
        changed || self.0.len() != before
    }
}

#[cfg(test)]
mod tests {
    //! Which names are listed, and for how long.
    use std::ffi::OsString;
    use std::fs;
    use std::time::{Duration, Instant};

    use super::{Names, WatchedFolder};
    use crate::REST;

    fn names(folder: &WatchedFolder) -> Vec<String> {
        folder.names().iter().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_name_is_listed_until_it_has_been_missing_for_a_time() {
        let mut listed = Names::default();
        let mut at = |ms, found: &[&str]| {
            let found = found.iter().map(OsString::from).collect();
            let changed = listed.listed(found, Duration::from_millis(ms));
            (changed, listed.0.keys().map(|name| name.to_string_lossy().into_owned()).collect())
        };
        let both = || vec!["a".to_owned(), "b".to_owned()];
        let (rest, b) = (u64::try_from(REST.as_millis()).expect("small"), vec!["b".to_owned()]);
        assert_eq!(at(0, &[]), (false, vec![]));
        assert_eq!(at(1, &["a", "b"]), (true, both()));
        assert_eq!(at(2, &["a", "b"]), (false, both()));
        assert_eq!(at(3, &["b"]), (false, both()));
        assert_eq!(at(4, &["a", "b"]), (false, both()), "it was written anew");
        assert_eq!(at(5, &["b"]), (false, both()));
        assert_eq!(at(5 + rest - 1, &["b"]), (false, both()));
        assert_eq!(at(5 + rest, &["b"]), (true, b));
        assert_eq!(at(6 + rest, &["a", "b"]), (true, both()));
    }

    #[tokio::test]
    async fn a_folder_that_is_missing_has_no_names_and_may_come() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("organizations");
        let mut folder = WatchedFolder::open(&path, ".toml").await.expect("a thread");
        assert_eq!((names(&folder), folder.error().is_none()), (vec![], true));
        fs::create_dir(&path).expect("a folder");
        for name in ["b.toml", "a.toml", ".a.toml", "a.toml~", "toml", "c.toml.bak"] {
            fs::write(path.join(name), "").expect("a file");
        }
        while names(&folder).len() < 2 {
            folder.changed().await;
        }
        assert_eq!(names(&folder), ["a.toml", "b.toml"]);
        fs::remove_dir_all(&path).expect("a folder");
        let started = Instant::now();
        while !names(&folder).is_empty() {
            folder.changed().await;
        }
        assert!(started.elapsed() >= REST.mul_f32(0.9), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn what_is_no_folder_is_an_error_and_names_stay_meanwhile() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("organizations");
        fs::write(&path, "").expect("a file");
        let mut folder = WatchedFolder::open(&path, ".toml").await.expect("a thread");
        assert!(folder.error().is_some() && names(&folder).is_empty());
        fs::remove_file(&path).expect("a file");
        fs::create_dir(&path).expect("a folder");
        fs::write(path.join("a.toml"), "").expect("a file");
        while folder.error().is_some() || names(&folder).is_empty() {
            folder.changed().await;
        }
        fs::rename(&path, place.path().join("aside")).expect("a folder");
        fs::write(&path, "").expect("a file");
        while folder.error().is_none() {
            folder.changed().await;
        }
        assert_eq!(names(&folder), ["a.toml"]);
    }
}
