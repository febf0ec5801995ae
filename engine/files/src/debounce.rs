//! When contents are accepted: once they have not changed for as long as the kind of change needs.
//!
//! Times and contents are arguments, so that tests need neither a clock nor a file.

use std::time::Duration;

use crate::FileError;
use crate::open_file::Stamp;
use crate::path_watch::Change;
use crate::watched::{Contents, FileState};

/// How long a file that was not renamed into place must not change before it is read.
///
/// Slow writers (scp, rsync in place, a mount over a network) pause for some tenths of a second
/// between two writes; two seconds are several of those, and short for a manual edit.
pub const REST: Duration = Duration::from_secs(2);

/// The same for a file that was renamed to its path: writers rename what is complete, and one that
/// goes on writing is seen at the next poll.
const REST_RENAMED: Duration = Duration::from_millis(100);

/// The same after a link to the file or a folder above it was replaced. The events cover no writes
/// in the new folder before that: half a second is several writes of a slow writer, and leaves half
/// of the second within which the contents are to be in force.
const REST_RELINKED: Duration = Duration::from_millis(500);

/// How often a file is read although its stamp did not change: coarse timestamps and writes through
/// mapped memory can leave the stamp as it was.
const REREAD: Duration = Duration::from_secs(30);

/// What one poll found.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) stamp: Stamp,
    /// How long it must not change, if it is not the accepted state.
    pub(crate) rest: Duration,
    /// Reads the contents, `None` if they changed meanwhile.
    pub(crate) read: &'a dyn Fn() -> Result<Option<Contents>, FileError>,
}

/// Contents that are not accepted yet.
#[derive(Debug)]
struct Candidate {
    stamp: Stamp,
    contents: Contents,
    since: Duration,
    rest: Duration,
}

/// The contents that were accepted last.
#[derive(Debug)]
struct Accepted {
    /// The state in which they were read; `None` once a reading of that state differed.
    stamp: Option<Stamp>,
    contents: Contents,
    reread_at: Duration,
}

/// What the polls so far found.
#[derive(Debug, Default)]
pub(crate) struct Debounce {
    candidate: Option<Candidate>,
    accepted: Option<Accepted>,
    /// Since when it cannot be read.
    failing: Option<Duration>,
}

/// How long a file must not change after this change.
pub(crate) const fn rest(change: Change) -> Duration {
    match change {
        Change::Renamed => REST_RENAMED,
        Change::Relinked => REST_RELINKED,
        Change::None | Change::Created => REST,
    }
}

// === impl Debounce ===

impl Debounce {
    /// The contents that were accepted last.
    pub(crate) fn accepted(&self) -> Option<&Contents> {
        self.accepted.as_ref().map(|accepted| &accepted.contents)
    }

    /// Processes what a poll found at `now`; `None` stands for a file that was replaced meanwhile.
    pub(crate) fn poll(
        &mut self,
        now: Duration,
        found: Result<Option<Found<'_>>, FileError>,
    ) -> FileState {
        let state = found.and_then(|found| match found {
            Some(found) => self.file(now, found),
            None => Ok(FileState::Changing),
        });
        match state {
            Ok(state) => {
                self.failing = None;
                state
            }
            Err(error) => self.failure(now, error),
        }
    }

    /// A file is missing for a moment while it is deleted and created anew.
    fn failure(&mut self, now: Duration, error: FileError) -> FileState {
        self.candidate = None;
        let since = *self.failing.get_or_insert(now);
        let brief = now.saturating_sub(since) < REST && self.accepted.is_some();
        if brief { FileState::Changing } else { FileState::Unreadable(error) }
    }

    fn file(&mut self, now: Duration, found: Found<'_>) -> Result<FileState, FileError> {
        if self.accepted.as_ref().is_some_and(|known| known.stamp == Some(found.stamp)) {
            self.candidate = None;
            return self.unchanged(now, found);
        }
        let known = self.candidate.take().filter(|known| known.stamp == found.stamp);
        let Some(known) = known else {
            let Some(contents) = (found.read)()? else { return Ok(FileState::Changing) };
            let (stamp, rest) = (found.stamp, found.rest);
            let fresh = Candidate { stamp, contents, since: now, rest };
            return self.wait(now, fresh, found);
        };
        self.wait(now, known, found)
    }

    /// The stamp is the accepted one.
    fn unchanged(&mut self, now: Duration, found: Found<'_>) -> Result<FileState, FileError> {
        let Some(accepted) = self.accepted.as_mut().filter(|known| known.reread_at <= now) else {
            return Ok(FileState::Current);
        };
        let Some(contents) = (found.read)()? else { return Ok(FileState::Changing) };
        if contents == accepted.contents {
            accepted.reread_at = now.saturating_add(REREAD);
            return Ok(FileState::Current);
        }
        accepted.stamp = None;
        self.candidate = Some(Candidate { stamp: found.stamp, contents, since: now, rest: REST });
        Ok(FileState::Changing)
    }

    /// Accepts a candidate that has not changed for long enough.
    fn wait(
        &mut self,
        now: Duration,
        known: Candidate,
        found: Found<'_>,
    ) -> Result<FileState, FileError> {
        if now.saturating_sub(known.since) < known.rest {
            self.candidate = Some(known);
            return Ok(FileState::Changing);
        }
        let Some(contents) = (found.read)()? else { return Ok(FileState::Changing) };
        if contents != known.contents {
            self.candidate = Some(Candidate { contents, since: now, rest: REST, ..known });
            return Ok(FileState::Changing);
        }
        let before = self.accepted.take().map(|accepted| accepted.contents);
        self.accepted = Some(Accepted {
            stamp: Some(known.stamp),
            contents: before.filter(|before| *before == contents).unwrap_or(contents),
            reread_at: now.saturating_add(REST),
        });
        Ok(FileState::Current)
    }
}

#[cfg(test)]
mod tests;
