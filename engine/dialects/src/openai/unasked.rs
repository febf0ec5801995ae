//! Hides the usage of a stream from a client that did not ask for it: the chunk that tells it, and
//! the `null` that stands for it in all others.

use bytes::Bytes;
use memchr::memmem;

use super::tally::SHAPE;
use crate::Filter;
use crate::outline::Outline;
use crate::sse::{Lines, Step};

/// The longest event that is held back, in bytes: the one that tells usage has some hundreds.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// Takes the chunk that tells usage and no more out of a stream.
#[derive(Debug)]
pub(super) struct Unasked {
    lines: Lines,
    outline: Outline,
    /// The event under way.
    held: Vec<u8>,
    /// Whether the event under way is too long to be the one, and passes.
    passing: bool,
    /// Whether the last event was hidden, so that the rest of its last line is as well.
    hidden: bool,
}

// === impl Unasked ===

impl Unasked {
    pub(super) fn new() -> Self {
        Self {
            lines: Lines::default(),
            outline: Outline::new(&SHAPE),
            held: Vec::new(),
            passing: false,
            hidden: false,
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let usage = if self.passing { Told::Nothing } else { self.told() };
        self.hidden = usage == Told::Alone;
        match usage {
            Told::Alone => self.held.clear(),
            Told::Null => self.take_null(),
            Told::Nothing => {}
        }
        out.append(&mut self.held);
        self.passing = false;
    }

    fn hold(&mut self, bytes: &[u8], step: Step<'_>, out: &mut Vec<u8>) {
        match step {
            Step::Tail if self.hidden => {}
            Step::Tail => out.extend_from_slice(bytes),
            Step::Data(_) | Step::End | Step::Other => self.held.extend_from_slice(bytes),
        }
        if self.passing || self.held.len() > HELD_BYTES_MAX {
            self.passing = true;
            out.append(&mut self.held);
        }
        if step == Step::End {
            self.end(out);
        }
    }

    /// What the event under way tells of usage.
    fn told(&mut self) -> Told {
        if memmem::find(&self.held, b"\"usage\"").is_none() {
            return Told::Nothing;
        }
        self.outline.clear();
        let mut lines = Lines::default();
        let mut rest = self.held.as_slice();
        while !rest.is_empty() {
            let (took, step) = lines.step(rest);
            if let Step::Data(data) = step {
                self.outline.feed(data);
            }
            rest = rest.get(took..).unwrap_or_default();
        }
        let outline = &self.outline;
        match (outline.kept("usage"), outline.measured_is_empty()) {
            (Some(_), true) if outline.is_closed() => Told::Alone,
            (None, _) if outline.is_closed() => Told::Null,
            (Some(_) | None, _) => Told::Nothing,
        }
    }

    /// Takes out the one member that says `null`, with its comma. Inside of a string its quotes
    /// would be escaped, so that it cannot be met there.
    fn take_null(&mut self) {
        for member in [b",\"usage\":null".as_slice(), b", \"usage\": null", b",\"usage\": null"] {
            let mut places = memmem::find_iter(&self.held, member);
            if let (Some(at), None) = (places.next(), places.next()) {
                self.held.drain(at..at.saturating_add(member.len()));
                return;
            }
        }
    }
}

/// What an event tells of usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    /// `null`, beside what the event is about.
    Null,
    /// The usage, and nothing else.
    Alone,
}

impl Filter for Unasked {
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        let mut out = Vec::with_capacity(chunk.len().saturating_add(self.held.len()));
        let mut rest: &[u8] = &chunk;
        while !rest.is_empty() {
            let (took, step) = self.lines.step(rest);
            let (bytes, after) = rest.split_at_checked(took).unwrap_or_default();
            self.hold(bytes, step, &mut out);
            rest = after;
        }
        if out == chunk { chunk } else { out.into() }
    }

    fn flush(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.end(&mut out);
        out.into()
    }
}
