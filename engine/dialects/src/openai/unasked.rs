//! Hides the usage of a stream from a client that did not ask for it: the chunk that tells it, and
//! the `null` that stands for it in all others.

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem::Finder;
use memchr::memrchr2;

use super::tally::SHAPE;
use crate::outline::Outline;
use crate::sse::{Lines, Step};
use crate::{Filter, Read};

/// The longest event that is held back, in bytes: the one that tells usage has some hundreds.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// The name of the member that is hidden, as it is written.
const USAGE: &[u8] = b"\"usage\"";

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
    finder: Finder<'static>,
}

/// The filter of a stream whose usage only Reins asks for.
pub(super) fn filter(read: &Read) -> Option<Box<dyn Filter>> {
    read.places.asking.is_ours().then(|| Box::new(Unasked::new()) as Box<dyn Filter>)
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
            finder: Finder::new(USAGE),
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
            Step::Data(_) | Step::Error | Step::End | Step::Other => {
                self.held.extend_from_slice(bytes);
            }
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
        let mut places = self.finder.find_iter(&self.held);
        let (first, more) = (places.next(), places.next().is_some());
        let Some(first) = first else { return Told::Nothing };
        if !more && self.is_null_at_the_end(first) {
            return Told::Null;
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

    /// Whether the name at `place` is of a member of the object itself and says `null`, as in all
    /// chunks but the last: told without looking at the rest. No bracket comes after it but the one
    /// that ends the object.
    fn is_null_at_the_end(&self, place: usize) -> bool {
        let after = self.held.get(place..).and_then(|after| after.strip_prefix(USAGE));
        let after = after.and_then(|after| after.strip_prefix(b":null"));
        let after = after.map(<[u8]>::trim_ascii_end);
        let Some((b'}', after)) = after.and_then(<[u8]>::split_last) else { return false };
        let plain = |byte: &u8| !matches!(byte, b'{' | b'}' | b'[' | b']' | b'\n' | b'\r');
        self.held.starts_with(b"data:") && after.iter().all(plain)
    }

    /// Takes out the one member that says `null`, with its comma. Inside of a string its quotes
    /// would be escaped, so that it cannot be met there.
    fn take_null(&mut self) {
        let mut members = self.finder.find_iter(&self.held).filter_map(|at| self.null_member(at));
        if let (Some(member), None) = (members.next(), members.next()) {
            drop(members);
            self.held.drain(member);
        }
    }

    /// The bytes of the member whose name is at `place`, its comma included, if it says `null`. It
    /// stands in one line, and that line is data.
    fn null_member(&self, place: usize) -> Option<Range<usize>> {
        let (before, after) = self.held.split_at_checked(place)?;
        let (_, line) =
            before.split_at_checked(memrchr2(b'\n', b'\r', before).map_or(0, |at| at + 1))?;
        let line = line.strip_prefix(b"data:")?;
        let start = before.len() - line.len() + spaceless_end(line).strip_suffix(b",")?.len();
        let after = spaceless(after.strip_prefix(USAGE)?).strip_prefix(b":")?;
        let rest = spaceless(after).strip_prefix(b"null")?;
        Some(start..self.held.len() - rest.len())
    }
}

/// Without the spaces that it begins with.
fn spaceless(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b" ") {
        text = rest;
    }
    text
}

/// Without the spaces that it ends with.
fn spaceless_end(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_suffix(b" ") {
        text = rest;
    }
    text
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

    fn held(&self) -> &[u8] {
        &self.held
    }

    fn flush(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.end(&mut out);
        out.into()
    }
}
