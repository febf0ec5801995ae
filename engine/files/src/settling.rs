//! When a text is taken: once it has stayed as it is for as long as what wrote it asks for.
//!
//! Times and texts are arguments here: what must hold is tested without a clock and without a file.

use std::time::Duration;

use crate::FileError;
use crate::opened::Stamp;
use crate::road::Came;
use crate::watched::{Standing, Text};

/// How long a text that was not moved into place must rest before it is taken.
///
/// Writers that are slow (scp, rsync in place, a mount over a network) pause for some tenths of a
/// second between two writes; whoever edits by hand waits for two seconds without wondering.
pub const REST: Duration = Duration::from_secs(2);

/// How long a file that was renamed to its place must stay unchanged: it is whole by custom, and one
/// that goes on being written is noticed at the next look.
const RENAMED: Duration = Duration::from_millis(100);

/// How long a file must stay unchanged after a link to it or a folder above it was exchanged. The
/// kernel did not tell of its own writes: half a second is several writes of a slow writer, and half
/// of the second within which it is to be in force.
const EXCHANGED: Duration = Duration::from_millis(500);

/// How often a text is read although nothing says that it changed: times with the resolution of a
/// second, and writes through mapped memory, can leave a stamp as it was.
const READ_ANYWAY: Duration = Duration::from_secs(30);

/// What one look found.
pub(crate) struct Found<'a> {
    pub(crate) stamp: Stamp,
    /// How long this text must rest, if it is another one.
    pub(crate) rest: Duration,
    /// Reads all of it; nothing if it changed meanwhile.
    pub(crate) read: &'a mut dyn FnMut() -> Result<Option<Text>, FileError>,
}

/// A text that is not taken yet.
#[derive(Debug)]
struct Candidate {
    stamp: Stamp,
    text: Text,
    since: Duration,
    rest: Duration,
}

/// The text that was taken last.
#[derive(Debug)]
struct Taken {
    /// In which state it was read; nothing once it was seen to differ from what is there.
    stamp: Option<Stamp>,
    text: Text,
    read_again: Duration,
}

/// What was seen of a file so far.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    candidate: Option<Candidate>,
    taken: Option<Taken>,
    /// Since when it cannot be read.
    failing: Option<Duration>,
}

/// How long a text must rest that came like this.
pub(crate) const fn rest(came: Came) -> Duration {
    match came {
        Came::Renamed => RENAMED,
        Came::Exchanged => EXCHANGED,
        Came::Stayed | Came::Anew => REST,
    }
}

// === impl Settling ===

impl Settling {
    /// The text that was taken last.
    pub(crate) fn text(&self) -> Option<&Text> {
        self.taken.as_ref().map(|taken| &taken.text)
    }

    /// Takes in what a look at `now` found: how the text that was taken last stands to it.
    pub(crate) fn look(
        &mut self,
        now: Duration,
        found: Result<Option<Found<'_>>, FileError>,
    ) -> Standing {
        match found.and_then(|found| found.map_or(Ok(Standing::Changing), |f| self.see(now, f))) {
            Ok(standing) => {
                self.failing = None;
                standing
            }
            Err(error) => {
                self.candidate = None;
                let since = *self.failing.get_or_insert(now);
                // A file is missing for a moment while it is replaced.
                let brief = now.saturating_sub(since) < REST && self.taken.is_some();
                if brief { Standing::Changing } else { Standing::Unreadable(error) }
            }
        }
    }

    fn see(&mut self, now: Duration, found: Found<'_>) -> Result<Standing, FileError> {
        if self.taken.as_ref().is_some_and(|taken| taken.stamp == Some(found.stamp)) {
            self.candidate = None;
            return self.same(now, found);
        }
        match self.candidate.take() {
            Some(known) if known.stamp == found.stamp => self.waited(now, known, found),
            _ => {
                let Some(text) = (found.read)()? else { return Ok(Standing::Changing) };
                let known = Candidate { stamp: found.stamp, text, since: now, rest: found.rest };
                self.waited(now, known, found)
            }
        }
    }

    /// Nothing says that it changed.
    fn same(&mut self, now: Duration, found: Found<'_>) -> Result<Standing, FileError> {
        let Some(taken) = self.taken.as_mut().filter(|taken| taken.read_again <= now) else {
            return Ok(Standing::Current);
        };
        let Some(text) = (found.read)()? else { return Ok(Standing::Changing) };
        if text == taken.text {
            taken.read_again = now.saturating_add(READ_ANYWAY);
            return Ok(Standing::Current);
        }
        taken.stamp = None;
        self.candidate = Some(Candidate { stamp: found.stamp, text, since: now, rest: REST });
        Ok(Standing::Changing)
    }

    /// A text that has stayed as it is so far.
    fn waited(
        &mut self,
        now: Duration,
        known: Candidate,
        found: Found<'_>,
    ) -> Result<Standing, FileError> {
        if now.saturating_sub(known.since) < known.rest {
            self.candidate = Some(known);
            return Ok(Standing::Changing);
        }
        let Some(text) = (found.read)()? else { return Ok(Standing::Changing) };
        if text != known.text {
            self.candidate = Some(Candidate { text, since: now, rest: REST, ..known });
            return Ok(Standing::Changing);
        }
        let before = self.taken.take().map(|taken| taken.text).filter(|before| *before == text);
        self.taken = Some(Taken {
            stamp: Some(known.stamp),
            text: before.unwrap_or(text),
            read_again: now.saturating_add(REST),
        });
        Ok(Standing::Current)
    }
}

#[cfg(test)]
mod tests;
