//! The meter of an answer, whether it comes as events or in one piece: what comes decides, whatever
//! was asked for.
//!
//! A vendor that fails answers a stream with one object, and some that only know streams answer
//! everything with events.

use crate::outline::{Outline, Shape};
use crate::sse::{Lines, Step};
use crate::{Failure, Found, Meter, Metered};

/// The data of the event that ends a stream where a dialect has no object for that.
const DONE: &[u8] = b"[DONE]";

/// The bytes of the mark that some writers put in front of a text in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What a dialect makes of the objects in an answer.
pub(crate) trait Tell: Send {
    /// What matters in each object.
    const SHAPE: &'static Shape;

    /// One object of a stream.
    fn event(&mut self, object: &Outline);

    /// The event that ends a stream.
    fn done(&mut self);

    /// An event that is named `error`, whatever its data.
    fn failed(&mut self);

    /// The only object of an answer in one piece, as far as it came.
    fn whole(&mut self, object: &Outline);

    /// Output that came through in an object that was cut off.
    fn cut_off(&mut self, text_bytes: u64);

    /// What was found. Where the answer could not be followed, no usage was.
    fn found(&mut self, followed: bool) -> Metered;
}

/// Reads usage out of an answer, of which it keeps nothing else.
#[derive(Debug)]
pub(crate) struct AnswerMeter<T> {
    comes: Comes,
    lines: Lines,
    outline: Outline,
    mark: Mark,
    tell: T,
    /// Whether every event so far could be followed.
    followed: bool,
    /// Whether the event under way is named `error`.
    failing: Failing,
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// Not a byte of it has come.
    Empty,
    /// Only space, or a byte order mark.
    Blank,
    AsEvents,
    /// It begins with a bracket, as no line of an event does.
    Whole,
}

/// Whether an event is named `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failing {
    No,
    /// In front of its data, as vendors write it: the data may be any text.
    First,
    /// Behind some data.
    Later,
}

/// How much of the mark that ends a stream is in the data of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// So many of its bytes, and nothing else.
    Seen(usize),
    /// Something else.
    Other,
}

// === impl AnswerMeter ===

impl<T: Tell> AnswerMeter<T> {
    pub(crate) fn new(tell: T) -> Self {
        Self {
            comes: Comes::Empty,
            lines: Lines::default(),
            outline: Outline::new(T::SHAPE),
            mark: Mark::default(),
            tell,
            followed: true,
            failing: Failing::No,
        }
    }

    /// Looks how the answer comes: how many bytes say nothing of that. They are fed as lines, since
    /// a line that begins with a space is no data.
    fn begin(&mut self, bytes: &[u8]) -> usize {
        if matches!(self.comes, Comes::AsEvents | Comes::Whole) {
            return 0;
        }
        let says = |byte: &u8| !byte.is_ascii_whitespace() && !BYTE_ORDER_MARK.contains(byte);
        let blank = bytes.iter().position(says);
        self.comes = match blank.and_then(|at| bytes.get(at)) {
            None if bytes.is_empty() => self.comes,
            None => Comes::Blank,
            Some(b'{') => Comes::Whole,
            Some(_) => Comes::AsEvents,
        };
        blank.unwrap_or(bytes.len())
    }

    fn feed_lines(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.followed {
            let (took, step) = self.lines.step(bytes);
            match step {
                Step::Data(data) => self.data(data),
                Step::Error => self.fail(),
                Step::End => self.event(),
                Step::Tail | Step::Other => {}
            }
            self.followed &= !self.lines.is_too_long();
            bytes = bytes.get(took..).unwrap_or_default();
        }
    }

    fn data(&mut self, data: &[u8]) {
        self.mark.feed(data);
        self.outline.feed(data);
    }

    fn fail(&mut self) {
        let no_data = self.outline.is_blank() && self.mark == Mark::Seen(0);
        self.failing = match self.failing {
            Failing::No if no_data => Failing::First,
            Failing::No => Failing::Later,
            Failing::First | Failing::Later => self.failing,
        };
    }

    /// The end of an event. Data that is neither an object nor the mark may have hidden usage,
    /// unless it is a text that the vendor says of its failure.
    fn event(&mut self) {
        let failing = std::mem::replace(&mut self.failing, Failing::No);
        if failing != Failing::No {
            self.tell.failed();
        }
        if self.mark.is_done() {
            self.tell.done();
        } else if self.outline.is_closed() {
            self.tell.event(&self.outline);
        } else if !self.outline.is_blank() {
            self.tell.cut_off(self.outline.text_bytes());
            self.followed &= failing == Failing::First && !self.outline.is_broken_inside();
        }
        self.outline.clear();
        self.mark = Mark::default();
    }

    fn finish_events(&mut self) -> Metered {
        let failing = self.failing != Failing::No;
        if failing || self.outline.is_closed() || self.mark.is_done() {
            self.event();
        }
        self.tell.cut_off(self.outline.text_bytes());
        let metered = self.tell.found(self.followed);
        let lost = self.outline.is_broken() && self.mark == Mark::Other;
        if self.followed && !lost { metered } else { metered.with_output_unseen() }
    }

    fn finish_whole(&mut self) -> Metered {
        self.tell.whole(&self.outline);
        let metered = self.tell.found(self.outline.is_closed());
        if self.outline.is_broken() { metered.with_output_unseen() } else { metered }
    }
}

impl<T: Tell> Meter for AnswerMeter<T> {
    fn feed(&mut self, bytes: &[u8]) {
        let (blank, rest) = bytes.split_at_checked(self.begin(bytes)).unwrap_or_default();
        self.feed_lines(blank);
        match self.comes {
            Comes::Whole => self.outline.feed(rest),
            Comes::Empty | Comes::Blank | Comes::AsEvents => self.feed_lines(rest),
        }
    }

    fn finish(&mut self) -> Metered {
        match self.comes {
            Comes::Empty => {
                let failure = Some(Failure::Empty);
                Metered { usage: Found::Missing, failure, ..self.finish_events() }
            }
            Comes::Blank | Comes::AsEvents => self.finish_events(),
            Comes::Whole => self.finish_whole(),
        }
    }
}

// === impl Mark ===

impl Default for Mark {
    fn default() -> Self {
        Self::Seen(0)
    }
}

impl Mark {
    /// Whether the data of the event is the mark, and nothing else.
    pub(crate) fn is_done(self) -> bool {
        self == Self::Seen(DONE.len())
    }

    pub(crate) fn feed(&mut self, data: &[u8]) {
        for byte in data.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            let Self::Seen(seen) = *self else { return };
            let next = DONE.get(seen) == Some(byte);
            *self = if next { Self::Seen(seen + 1) } else { Self::Other };
        }
    }
}
