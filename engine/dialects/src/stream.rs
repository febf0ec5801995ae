//! The meter of an answer that comes as events.

use crate::outline::{Outline, Shape};
use crate::sse::{Lines, Step};
use crate::{Meter, Metered};

/// The data of the event that ends a stream where a dialect has no object for that.
const DONE: &[u8] = b"[DONE]";

/// What a dialect makes of the objects in an answer.
pub(crate) trait Tell: Send {
    /// What matters in each object.
    const SHAPE: &'static Shape;

    /// One object of a stream.
    fn event(&mut self, object: &Outline);

    /// The event that ends a stream.
    fn done(&mut self);

    /// The only object of an answer in one piece, as far as it came.
    fn whole(&mut self, object: &Outline);

    /// Output that came through in an object that was cut off.
    fn cut_off(&mut self, text_bytes: u64);

    /// What was found. Where the answer could not be followed, no usage was.
    fn found(&mut self, followed: bool) -> Metered;
}

/// Reads usage out of events.
#[derive(Debug)]
pub(crate) struct StreamMeter<T> {
    lines: Lines,
    outline: Outline,
    mark: Mark,
    tell: T,
    /// Whether every event so far could be followed.
    followed: bool,
}

/// How much of the mark that ends a stream is in the data of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// So many of its bytes, and nothing else.
    Seen(usize),
    /// Something else.
    Other,
}

// === impl StreamMeter ===

impl<T: Tell> StreamMeter<T> {
    pub(crate) fn new(tell: T) -> Self {
        Self {
            lines: Lines::default(),
            outline: Outline::new(T::SHAPE),
            mark: Mark::Seen(0),
            tell,
            followed: true,
        }
    }

    fn data(&mut self, data: &[u8]) {
        self.mark.feed(data);
        self.outline.feed(data);
    }

    /// The end of an event. Data that is neither an object nor the mark may have hidden usage.
    fn event(&mut self) {
        if self.mark == Mark::Seen(DONE.len()) {
            self.tell.done();
        } else if self.outline.is_closed() {
            self.tell.event(&self.outline);
        } else if !self.outline.is_blank() {
            self.followed = false;
        }
        self.outline.clear();
        self.mark = Mark::Seen(0);
    }
}

impl<T: Tell> Meter for StreamMeter<T> {
    fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.followed {
            let (took, step) = self.lines.step(bytes);
            match step {
                Step::Data(data) => self.data(data),
                Step::End => self.event(),
                Step::Tail | Step::Other => {}
            }
            self.followed &= !self.lines.is_too_long();
            bytes = bytes.get(took..).unwrap_or_default();
        }
    }

    fn finish(&mut self) -> Metered {
        if self.outline.is_closed() || self.mark == Mark::Seen(DONE.len()) {
            self.event();
        }
        self.tell.cut_off(self.outline.text_bytes());
        let metered = self.tell.found(self.followed);
        let lost = self.outline.is_broken() && self.mark == Mark::Other;
        if self.followed && !lost { metered } else { metered.with_output_unseen() }
    }
}

// === impl Mark ===

impl Mark {
    fn feed(&mut self, data: &[u8]) {
        for byte in data.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            let Self::Seen(seen) = *self else { return };
            let next = DONE.get(seen) == Some(byte);
            *self = if next { Self::Seen(seen + 1) } else { Self::Other };
        }
    }
}
