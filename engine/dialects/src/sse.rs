//! Server-sent events: their lines and ends, however the bytes are cut.
//!
//! Follows the HTML standard: lines end in LF, CR or CRLF, a byte order mark may come first, lines
//! of other fields and comments are passed over. Holds no bytes at all.

use memchr::memchr2;

/// The longest event, in bytes on the wire: beyond it a stream is no longer metered.
pub(crate) const EVENT_BYTES_MAX: u64 = 8 * 1024 * 1024;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const DATA: [u8; 4] = *b"data";

/// Where in a stream the next byte stands.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Line,
    started: Started,
    /// Whether the last byte was a CR, so that an LF belongs to it.
    after_cr: bool,
    /// Bytes since the last event ended.
    event_bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// At its beginning.
    #[default]
    Empty,
    /// So many letters of `data` were seen.
    Name(usize),
    /// After the colon: one space does not count.
    Colon,
    /// In the data.
    Data,
    /// In anything else.
    Other,
}

/// How much of a byte order mark was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Started {
    Mark(usize),
    Yes,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Data of the event.
    Data(&'a [u8]),
    /// The event ends here.
    End,
    /// The LF of the CRLF that ended the event.
    Tail,
    /// Nothing of interest.
    Other,
}

// === impl Lines ===

impl Lines {
    /// Takes some of the bytes: how many, and what they are. Takes at least one if there is one.
    pub(crate) fn step<'a>(&mut self, bytes: &'a [u8]) -> (usize, Step<'a>) {
        let Some(first) = bytes.first().copied() else { return (0, Step::Other) };
        let after_cr = std::mem::take(&mut self.after_cr);
        let (took, step) = match first {
            b'\n' if after_cr && self.event_bytes == 0 => return (1, Step::Tail),
            b'\n' if after_cr => (1, Step::Other),
            _ if !self.begun(first) => (1, Step::Other),
            b'\r' | b'\n' => (1, self.end_line(first)),
            _ => self.line_bytes(first, bytes),
        };
        if step != Step::End {
            self.event_bytes = self.event_bytes.saturating_add(u64::try_from(took).unwrap_or(0));
        }
        (took, step)
    }

    /// Whether the event under way is longer than any event is.
    pub(crate) const fn is_too_long(&self) -> bool {
        self.event_bytes > EVENT_BYTES_MAX
    }

    /// Whether lines have begun; until then the byte may belong to a byte order mark.
    fn begun(&mut self, byte: u8) -> bool {
        let Started::Mark(seen) = self.started else { return true };
        if BYTE_ORDER_MARK.get(seen) == Some(&byte) {
            let seen = seen + 1;
            self.started =
                if seen == BYTE_ORDER_MARK.len() { Started::Yes } else { Started::Mark(seen) };
            return false;
        }
        self.started = Started::Yes;
        if seen > 0 {
            self.line = Line::Other;
        }
        true
    }

    fn end_line<'a>(&mut self, byte: u8) -> Step<'a> {
        self.after_cr = byte == b'\r';
        match std::mem::take(&mut self.line) {
            Line::Empty => {
                self.event_bytes = 0;
                Step::End
            }
            Line::Colon | Line::Data => Step::Data(b"\n"),
            Line::Name(_) | Line::Other => Step::Other,
        }
    }

    fn line_bytes<'a>(&mut self, first: u8, bytes: &'a [u8]) -> (usize, Step<'a>) {
        match self.line {
            Line::Empty | Line::Name(_) => {
                self.line = self.named(first);
                (1, Step::Other)
            }
            Line::Colon if first == b' ' => {
                self.line = Line::Data;
                (1, Step::Other)
            }
            Line::Colon | Line::Data => {
                self.line = Line::Data;
                let (rest, took) = line_rest(bytes);
                (took, Step::Data(rest))
            }
            Line::Other => (line_rest(bytes).1, Step::Other),
        }
    }

    fn named(&self, byte: u8) -> Line {
        let seen = if let Line::Name(seen) = self.line { seen } else { 0 };
        match DATA.get(seen) {
            Some(letter) if *letter == byte => Line::Name(seen + 1),
            None if byte == b':' => Line::Colon,
            _ => Line::Other,
        }
    }
}

impl Default for Started {
    fn default() -> Self {
        Self::Mark(0)
    }
}

/// The bytes up to the end of the line, and how many they are.
fn line_rest(bytes: &[u8]) -> (&[u8], usize) {
    let took = memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
    (bytes.get(..took).unwrap_or_default(), took)
}

#[cfg(test)]
mod tests;
