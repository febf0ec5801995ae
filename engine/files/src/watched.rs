//! A file that is watched: its newest whole contents, and the state of what lies at its path now.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::FileError;
use crate::debounce::{Debounce, Found, rest};
use crate::open_file::{OpenFile, Stamp};
use crate::path_watch::PathWatch;
use crate::poll_time::PollTime;
use crate::read::ANSWER_WITHIN;

/// How often a file is polled: some system calls, without reading it.
const POLL_EVERY: Duration = Duration::from_millis(100);

/// A file that was modified this long before the watch began is accepted at once. Far more than
/// [`crate::REST`], since the clock of a file server may be off.
const OLD: Duration = Duration::from_secs(60);

/// The stack of a watching thread, in bytes: four times what it needs.
pub(crate) const STACK: usize = 256 * 1024;

/// The bytes of a file.
pub type Contents = Arc<[u8]>;

/// What lies at the path now, compared with the contents that were accepted last.
#[derive(Clone, Debug)]
pub enum FileState {
    /// The same contents.
    Current,
    /// Something else, which has not been unchanged for long enough.
    Changing,
    /// Nothing that can be read.
    Unreadable(FileError),
}

/// A file that is watched until the last clone of this is dropped.
#[derive(Clone, Debug)]
pub struct WatchedFile {
    seen: watch::Receiver<Seen>,
    poll: Arc<PollTime>,
    /// The thread ends when this channel closes.
    _running: Arc<mpsc::Sender<()>>,
}

#[derive(Clone, Debug)]
struct Seen {
    /// `None` until some were accepted.
    contents: Option<Contents>,
    state: FileState,
}

/// The thread that polls.
struct Watcher {
    path: PathWatch,
    limit: usize,
    /// The wall clock when the watch began.
    began: SystemTime,
    debounce: Debounce,
    poll: Arc<PollTime>,
    seen: watch::Sender<Seen>,
}

// === impl WatchedFile ===

impl WatchedFile {
    /// Reads a file of at most `limit` bytes once it has not changed for long enough, and watches
    /// it from then on. `now` is the wall clock.
    ///
    /// # Errors
    /// When it cannot be read, or goes on changing for ten seconds.
    pub async fn open(path: &Path, limit: usize, now: SystemTime) -> Result<Self, FileError> {
        let first = Seen { contents: None, state: FileState::Changing };
        let (sender, seen) = watch::channel(first);
        let (running, end) = mpsc::channel();
        let poll = Arc::new(PollTime::new());
        let watcher = Watcher {
            path: PathWatch::new(path.to_owned()),
            limit,
            began: now,
            debounce: Debounce::default(),
            poll: Arc::clone(&poll),
            seen: sender,
        };
        let thread = thread::Builder::new().name("reins-file".to_owned()).stack_size(STACK);
        thread.spawn(move || watcher.run(&end))?;
        let mut file = Self { seen, poll, _running: Arc::new(running) };
        match timeout(ANSWER_WITHIN, file.first()).await {
            Ok(first) => first.map(|()| file),
            Err(_) if file.poll.hung().is_some() => Err(FileError::Hung(ANSWER_WITHIN)),
            Err(_) => Err(FileError::Changing(ANSWER_WITHIN)),
        }
    }

    /// Waits until contents were accepted.
    async fn first(&mut self) -> Result<(), FileError> {
        let decided = |seen: &Seen| seen.contents.is_some() || seen.state.is_unreadable();
        let seen = self.seen.wait_for(decided).await.map_err(|_| FileError::Unwatched)?;
        match &seen.state {
            FileState::Unreadable(error) => Err(error.clone()),
            FileState::Current | FileState::Changing => Ok(()),
        }
    }

    /// The newest whole contents.
    #[must_use]
    pub fn contents(&self) -> Contents {
        self.seen.borrow().contents.clone().unwrap_or_default()
    }

    /// What lies at the path now.
    #[must_use]
    pub fn state(&self) -> FileState {
        if let Some(taken) = self.poll.hung() {
            return FileState::Unreadable(FileError::Hung(taken));
        }
        if self.seen.has_changed().is_err() {
            return FileState::Unreadable(FileError::Unwatched);
        }
        self.seen.borrow().state.clone()
    }

    /// Waits for other contents or another state than when it returned last. A poll that hangs is
    /// not a change: only [`WatchedFile::state`] shows it.
    pub async fn changed(&mut self) {
        if self.seen.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

// === impl FileState ===

impl FileState {
    const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable(_))
    }

    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

// === impl Watcher ===

impl Watcher {
    fn run(mut self, end: &mpsc::Receiver<()>) {
        loop {
            self.poll.begin();
            self.poll_once();
            self.poll.end();
            if end.recv_timeout(POLL_EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn poll_once(&mut self) {
        let (found, limit) = (self.find(), self.limit);
        let now = self.poll.now();
        let state = match found {
            Ok(Some((file, rest))) => {
                let read = || file.read(limit);
                let found = Found { stamp: file.stamp, rest, read: &read };
                self.debounce.poll(now, Ok(Some(found)))
            }
            Ok(None) => self.debounce.poll(now, Ok(None)),
            Err(error) => self.debounce.poll(now, Err(error)),
        };
        let contents = self.debounce.accepted().cloned();
        self.seen.send_if_modified(|seen| {
            let same = match (&seen.contents, &contents) {
                (Some(before), Some(contents)) => Arc::ptr_eq(before, contents),
                (before, contents) => before.is_none() && contents.is_none(),
            };
            let modified = !same || !seen.state.is_like(&state);
            *seen = Seen { contents, state };
            modified
        });
    }

    /// The file, and how long it must not change if it is not the accepted one; `None` if the path
    /// was made to lead elsewhere meanwhile.
    fn find(&mut self) -> Result<Option<(OpenFile, Duration)>, FileError> {
        let change = self.path.poll();
        let file = OpenFile::at(self.path.path())?;
        if self.path.end() != Some(file.stamp.id) {
            return Ok(None);
        }
        let is_first = self.debounce.accepted().is_none();
        let rested = is_first && self.is_old(&file.stamp);
        let rest = if rested { Duration::ZERO } else { rest(change) };
        Ok(Some((file, rest)))
    }

    fn is_old(&self, stamp: &Stamp) -> bool {
        let modified = u64::try_from(stamp.modified.0).unwrap_or(0);
        let now = self.began.duration_since(SystemTime::UNIX_EPOCH).ok();
        let age = now.and_then(|now| now.checked_sub(Duration::from_secs(modified)));
        age.is_some_and(|age| age >= OLD)
    }
}

#[cfg(test)]
mod tests {
    //! Which contents are accepted on a real file system, and how soon.
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant, SystemTime};

    use super::{FileState, WatchedFile};
    use crate::{FileError, REST, replace_atomically};

    /// Time beyond the promised one, for a busy machine.
    const SLACK: Duration = Duration::from_secs(1);

    #[expect(clippy::disallowed_methods, reason = "a test is a host")]
    async fn open(path: &Path) -> Result<WatchedFile, FileError> {
        WatchedFile::open(path, 100, SystemTime::now()).await
    }

    #[tokio::test]
    async fn a_start_waits_for_a_file_that_was_just_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for (fresh, least) in [(false, Duration::ZERO), (true, REST)] {
            replace_atomically(&path, b"text").expect("a file");
            if fresh {
                fs::write(&path, "text").expect("a file");
            }
            let started = Instant::now();
            let file = open(&path).await.expect("contents");
            let took = started.elapsed();
            assert!(took >= least && took < least + SLACK, "{took:?}");
            assert_eq!(&*file.contents(), b"text");
            assert!(matches!(file.state(), FileState::Current));
        }
    }

    #[tokio::test]
    async fn a_replaced_file_is_accepted_within_a_second_and_a_written_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        replace_atomically(&path, b"one").expect("a file");
        let mut file = open(&path).await.expect("contents");
        for (text, replaced) in [("two", true), ("three", false), ("four", true)] {
            let started = Instant::now();
            if replaced {
                replace_atomically(&path, text.as_bytes()).expect("a file");
            } else {
                fs::write(&path, text).expect("a file");
            }
            while &*file.contents() != text.as_bytes() {
                file.changed().await;
            }
            let took = started.elapsed();
            assert_eq!(took < SLACK, replaced, "{text}: {took:?}");
        }
        fs::remove_file(&path).expect("a file");
        while !matches!(file.state(), FileState::Unreadable(_)) {
            file.changed().await;
        }
        assert_eq!(&*file.contents(), b"four");
    }

    #[tokio::test]
    async fn an_unreadable_file_is_an_error_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = open(&folder.path().join("none")).await.expect_err("it is missing");
        assert!(missing.is_missing());
        let refused = open(folder.path()).await.expect_err("a folder");
        assert!(matches!(refused, FileError::NotAFile("a folder")));
    }

    #[tokio::test]
    async fn the_thread_ends_with_the_last_clone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        replace_atomically(&path, b"text").expect("a file");
        let file = open(&path).await.expect("contents");
        let mut seen = file.seen.clone();
        drop(file.clone());
        assert!(seen.has_changed().is_ok());
        drop(file);
        while seen.changed().await.is_ok() {}
    }
}
