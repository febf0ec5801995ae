//! Laying out ahead: the next file of the journal is ready before it is needed. What fails is tried
//! again, now and then: nothing was written to a file that cannot be opened.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::segments::{Segment, Segments};

/// How long after a failure the next try is made: a descriptor or some room comes free within
/// seconds, and a try costs a few system calls.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often failures are told of.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Who lays out files.
#[derive(Debug)]
pub(crate) struct Ahead {
    segments: Segments,
    failed: Option<Instant>,
    told: Option<Instant>,
}

// === impl Ahead ===

impl Ahead {
    pub(crate) const fn new(segments: Segments) -> Self {
        Self { segments, failed: None, told: None }
    }

    /// The next file, where it can be laid out.
    pub(crate) fn lay_out(&mut self) -> Option<Segment> {
        self.try_now(Segments::lay_out)
    }

    /// Takes back these files, and those that could not be taken back before.
    pub(crate) fn retire(&mut self, paths: Vec<PathBuf>) {
        self.segments.put_down(paths);
        self.try_now(Segments::retire);
    }

    fn try_now<T>(&mut self, work: impl FnOnce(&mut Segments) -> io::Result<T>) -> Option<T> {
        if self.failed.is_some_and(|failed| failed.elapsed() < AGAIN_AFTER) {
            return None;
        }
        let done = work(&mut self.segments);
        self.failed = done.is_err().then(Instant::now);
        done.map_err(|error| self.tell(&error)).ok()
    }

    fn tell(&mut self, error: &io::Error) {
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        tracing::warn!(
            %error,
            "the journal's next file cannot be laid out: it is tried again, and the one in use grows"
        );
    }
}
