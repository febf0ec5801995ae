//! A file that is watched: its newest whole text, and how that stands to what lies there now.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::FileError;
use crate::opened::{Opened, Stamp};
use crate::read::ANSWER_WITHIN;
use crate::road::Road;
use crate::settling::{Found, Settling, rest};

/// How often a file is looked at: some calls into the system, without reading it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a look may take before the file is said to hang: a thousand times what it usually does.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// A file whose text is this old when it is seen for the first time has rested. Beyond [`crate::REST`]
/// by far, since the clock that dated it may be another machine's.
const OLD: Duration = Duration::from_secs(60);

/// The stack of a thread that looks, in bytes: four times what it needs.
const STACK: usize = 256 * 1024;

/// What a file says.
pub type Text = Arc<[u8]>;

/// How the text that was taken last stands to what lies at the path now.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It is that text.
    Current,
    /// Something else lies there, and is still changing.
    Changing,
    /// Nothing can be read there.
    Unreadable(FileError),
}

/// A file that is watched until the last copy of this is dropped.
#[derive(Clone, Debug)]
pub struct WatchedFile {
    seen: watch::Receiver<Seen>,
    looking: Arc<Looking>,
    /// Its end is what the thread waits for between two looks.
    _watching: Arc<mpsc::Sender<()>>,
}

#[derive(Clone, Debug)]
struct Seen {
    /// Nothing until one was taken.
    text: Option<Text>,
    standing: Standing,
}

/// Since when a look has been under way.
#[derive(Debug)]
struct Looking {
    started: Instant,
    /// Milliseconds after `started`, and one more; 0 between two looks.
    since: AtomicU64,
}

/// The thread that looks.
struct Watcher {
    road: Road,
    most: usize,
    /// The time of the machine's clock when the watch began.
    began: SystemTime,
    settling: Settling,
    looking: Arc<Looking>,
    told: watch::Sender<Seen>,
}

// === impl WatchedFile ===

impl WatchedFile {
    /// Reads a file of at most so many bytes once it has rested, and watches it from then on. `now`
    /// is the time of the machine's clock.
    ///
    /// # Errors
    /// When it cannot be read, or does not rest within ten seconds.
    pub async fn open(path: &Path, most: usize, now: SystemTime) -> Result<Self, FileError> {
        let first = Seen { text: None, standing: Standing::Changing };
        let (told, seen) = watch::channel(first);
        let (watching, end) = mpsc::channel();
        let looking = Arc::new(Looking { started: Instant::now(), since: AtomicU64::new(0) });
        let watcher = Watcher {
            road: Road::new(path.to_owned()),
            most,
            began: now,
            settling: Settling::default(),
            looking: Arc::clone(&looking),
            told,
        };
        let thread = thread::Builder::new().name("reins-file".to_owned()).stack_size(STACK);
        thread.spawn(move || watcher.watch(&end))?;
        let mut file = Self { seen, looking, _watching: Arc::new(watching) };
        match timeout(ANSWER_WITHIN, file.first()).await {
            Ok(first) => first.map(|()| file),
            Err(_) if file.looking.hangs_for().is_some() => Err(FileError::Hung(ANSWER_WITHIN)),
            Err(_) => Err(FileError::Changing(ANSWER_WITHIN)),
        }
    }

    /// Comes back once a text was taken.
    async fn first(&mut self) -> Result<(), FileError> {
        let decided = |seen: &Seen| seen.text.is_some() || seen.standing.is_unreadable();
        let seen = self.seen.wait_for(decided).await.map_err(|_| FileError::Unwatched)?;
        match &seen.standing {
            Standing::Unreadable(error) => Err(error.clone()),
            Standing::Current | Standing::Changing => Ok(()),
        }
    }

    /// The newest text that was whole.
    #[must_use]
    pub fn text(&self) -> Text {
        self.seen.borrow().text.clone().unwrap_or_default()
    }

    /// How that text stands to what lies there now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if let Some(taken) = self.looking.hangs_for() {
            return Standing::Unreadable(FileError::Hung(taken));
        }
        if self.seen.has_changed().is_err() {
            return Standing::Unreadable(FileError::Unwatched);
        }
        self.seen.borrow().standing.clone()
    }

    /// Comes back when there is another text, or another standing, than when it last did.
    pub async fn changed(&mut self) {
        if self.seen.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

// === impl Standing ===

impl Standing {
    const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable(_))
    }

    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

// === impl Looking ===

impl Looking {
    fn begins(&self) {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.since.store(ms + 1, Ordering::Relaxed);
    }

    fn ends(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// How long the look that is under way has taken, if it takes too long.
    fn hangs_for(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed).checked_sub(1)?;
        let taken = self.started.elapsed().saturating_sub(Duration::from_millis(since));
        (taken >= HUNG_AFTER).then_some(taken)
    }
}

// === impl Watcher ===

impl Watcher {
    fn watch(mut self, end: &mpsc::Receiver<()>) {
        loop {
            self.looking.begins();
            self.look();
            self.looking.ends();
            if end.recv_timeout(LOOK_EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn look(&mut self) {
        let (found, most) = (self.find(), self.most);
        let now = self.looking.started.elapsed();
        let standing = match found {
            Ok(Some((opened, rest))) => {
                let mut read = || opened.text(most);
                let found = Found { stamp: opened.stamp, rest, read: &mut read };
                self.settling.look(now, Ok(Some(found)))
            }
            Ok(None) => self.settling.look(now, Ok(None)),
            Err(error) => self.settling.look(now, Err(error)),
        };
        let text = self.settling.text().cloned();
        self.told.send_if_modified(|seen| {
            let same = |a: &Text, b: &Text| Arc::ptr_eq(a, b);
            let known = match (&seen.text, &text) {
                (Some(before), Some(text)) => same(before, text),
                (before, text) => before.is_none() && text.is_none(),
            };
            let modified = !known || !seen.standing.is_like(&standing);
            *seen = Seen { text, standing };
            modified
        });
    }

    /// The file, and how long its text must rest if it is another one; nothing if it was exchanged
    /// at that very moment.
    fn find(&mut self) -> Result<Option<(Opened, Duration)>, FileError> {
        let came = self.road.look();
        let opened = Opened::at(self.road.path())?;
        if self.road.end() != Some(opened.stamp.id) {
            return Ok(None);
        }
        let first = self.settling.text().is_none();
        let rested = first && self.is_old(&opened.stamp);
        let rest = if rested { Duration::ZERO } else { rest(came) };
        Ok(Some((opened, rest)))
    }

    fn is_old(&self, stamp: &Stamp) -> bool {
        let written = u64::try_from(stamp.written.0).unwrap_or(0);
        let age = self.began.duration_since(SystemTime::UNIX_EPOCH).ok();
        let age = age.and_then(|now| now.checked_sub(Duration::from_secs(written)));
        age.is_some_and(|age| age >= OLD)
    }
}

#[cfg(test)]
mod tests {
    //! Which texts are read, on a real file system, and how soon.
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant, SystemTime};

    use super::{Standing, WatchedFile};
    use crate::{FileError, REST, place};

    /// What a test may take beyond what is promised, on a machine that is busy.
    const SLACK: Duration = Duration::from_secs(1);

    #[expect(clippy::disallowed_methods, reason = "a test is a host")]
    async fn open(path: &Path) -> Result<WatchedFile, FileError> {
        WatchedFile::open(path, 100, SystemTime::now()).await
    }

    #[tokio::test]
    async fn a_start_waits_for_what_was_just_written_and_for_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for (fresh, least) in [(false, Duration::ZERO), (true, REST)] {
            place(&path, b"text").expect("a file");
            if fresh {
                fs::write(&path, "text").expect("a file");
            }
            let started = Instant::now();
            let file = open(&path).await.expect("a text");
            let took = started.elapsed();
            assert!(took >= least && took < least + SLACK, "{took:?}");
            assert_eq!(&*file.text(), b"text");
            assert!(matches!(file.standing(), Standing::Current));
        }
    }

    #[tokio::test]
    async fn what_is_placed_is_there_within_a_second_and_what_is_written_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        place(&path, b"one").expect("a file");
        let mut file = open(&path).await.expect("a text");
        for (text, placed) in [("two", true), ("three", false), ("four", true)] {
            let started = Instant::now();
            if placed {
                place(&path, text.as_bytes()).expect("a file");
            } else {
                fs::write(&path, text).expect("a file");
            }
            while &*file.text() != text.as_bytes() {
                file.changed().await;
            }
            let took = started.elapsed();
            assert_eq!(took < SLACK, placed, "{text}: {took:?}");
        }
        fs::remove_file(&path).expect("a file");
        while !matches!(file.standing(), Standing::Unreadable(_)) {
            file.changed().await;
        }
        assert_eq!(&*file.text(), b"four");
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_said_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = open(&folder.path().join("none")).await.expect_err("it is missing");
        assert!(missing.is_missing());
        let refused = open(folder.path()).await.expect_err("a folder");
        assert!(matches!(refused, FileError::NotAFile("a folder")));
    }

    #[tokio::test]
    async fn nothing_looks_at_a_file_that_nobody_has() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        place(&path, b"text").expect("a file");
        let file = open(&path).await.expect("a text");
        let mut seen = file.seen.clone();
        drop(file.clone());
        assert!(seen.has_changed().is_ok());
        drop(file);
        while seen.changed().await.is_ok() {}
    }
}
