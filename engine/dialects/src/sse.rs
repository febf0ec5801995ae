//! Server-sent events: their lines and ends, however the bytes are cut.
//!
//! Follows the HTML standard: lines end in LF, CR or CRLF, a byte order mark may come first. Of an
//! event's name it is only seen whether that is `error`; lines of other fields and comments are
//! passed over. Holds no bytes at all.

use memchr::memchr2;

/// The longest event, in bytes on the wire: beyond it a stream is no longer metered.
pub(crate) const EVENT_BYTES_MAX: u64 = 8 * 1024 * 1024;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The name of an event that says that its vendor failed.
const ERROR: &[u8] = b"error";

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
    /// So many letters of the field's name were seen.
    Name(Field, usize),
    /// After the colon: one space does not count.
    Colon(Field),
    /// In the data.
    Data,
    /// In the event's name: so many letters of `error` were seen, and nothing else.
    Event(usize),
    /// In anything else.
    Other,
}

/// The fields that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Data,
    Event,
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
    /// The event is named `error`.
    Error,
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
            Line::Colon(Field::Data) | Line::Data => Step::Data(b"\n"),
            Line::Event(seen) if seen == ERROR.len() => Step::Error,
            Line::Name(..) | Line::Colon(Field::Event) | Line::Event(_) | Line::Other => {
                Step::Other
            }
        }
    }

    fn line_bytes<'a>(&mut self, first: u8, bytes: &'a [u8]) -> (usize, Step<'a>) {
        match self.line {
            Line::Empty | Line::Name(..) => {
                self.line = self.named(first);
                (1, Step::Other)
            }
            Line::Colon(field) if first == b' ' => {
                self.line = field.value();
                (1, Step::Other)
            }
            Line::Colon(Field::Data) | Line::Data => {
                self.line = Line::Data;
                let (rest, took) = line_rest(bytes);
                (took, Step::Data(rest))
            }
            Line::Colon(Field::Event) => self.event_name(0, bytes),
            Line::Event(seen) => self.event_name(seen, bytes),
            Line::Other => (line_rest(bytes).1, Step::Other),
        }
    }

    fn named(&self, byte: u8) -> Line {
        let (field, seen) = match self.line {
            Line::Name(field, seen) => (field, seen),
            _ if byte == b'e' => (Field::Event, 0),
            _ => (Field::Data, 0),
        };
        match field.name().get(seen) {
            Some(letter) if *letter == byte => Line::Name(field, seen + 1),
            None if byte == b':' => Line::Colon(field),
            _ => Line::Other,
        }
    }

    fn event_name<'a>(&mut self, seen: usize, bytes: &'a [u8]) -> (usize, Step<'a>) {
        let (rest, took) = line_rest(bytes);
        let left = ERROR.get(seen..).unwrap_or_default();
        let more = left.starts_with(rest).then(|| Line::Event(seen + rest.len()));
        self.line = more.unwrap_or(Line::Other);
        (took, Step::Other)
    }
}

// === impl Field ===

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Data => b"data",
            Self::Event => b"event",
        }
    }

    /// Where a line stands at the beginning of its value.
    const fn value(self) -> Line {
        match self {
            Self::Data => Line::Data,
            Self::Event => Line::Event(0),
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
