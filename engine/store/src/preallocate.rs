//! Preallocation: the journal's next file is created and opened before it is needed. A failure is
//! retried: nothing has been written to a file that cannot be opened.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::segments::{Segment, Segments};

/// How long after a failure the next try is made. A descriptor or some room comes free within
/// seconds, and a try costs a few system calls.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often failures are logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Creates and recycles the journal's files, at most one try per [`RETRY_AFTER`] while it fails.
#[derive(Debug)]
pub(crate) struct Preallocator {
    segments: Segments,
    failed: Option<Instant>,
    logged: Option<Instant>,
}

// === impl Preallocator ===

impl Preallocator {
    pub(crate) const fn new(segments: Segments) -> Self {
        Self { segments, failed: None, logged: None }
    }

    /// The next file; `None` where it cannot be created now.
    pub(crate) fn lay_out(&mut self) -> Option<Segment> {
        self.try_now(Segments::lay_out)
    }

    /// Recycles these files, and those for which that failed before.
    pub(crate) fn retire(&mut self, paths: Vec<PathBuf>) {
        self.segments.queue_retired(paths);
        self.try_now(Segments::retire);
    }

    fn try_now<T>(&mut self, work: impl FnOnce(&mut Segments) -> io::Result<T>) -> Option<T> {
        if self.failed.is_some_and(|failed| failed.elapsed() < RETRY_AFTER) {
            return None;
        }
        let done = work(&mut self.segments);
        self.failed = done.is_err().then(Instant::now);
        done.map_err(|error| self.log(&error)).ok()
    }

    fn log(&mut self, error: &io::Error) {
        if self.logged.is_some_and(|logged| logged.elapsed() < LOG_EVERY) {
            return;
        }
        self.logged = Some(Instant::now());
        tracing::warn!(
            %error,
            "the journal's next file cannot be created: retrying; the current one grows meanwhile"
        );
    }
}
