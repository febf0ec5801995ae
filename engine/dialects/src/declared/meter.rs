//! The meter of an answer from a declared endpoint: server-sent events, or JSON objects one after
//! the other, of which an answer in one piece is the first and last.

use std::sync::Arc;

use super::answer_rules::Rules;
use super::skim::Skim;
use super::tally::Tally;
use crate::answer::Mark;
use crate::sse::{Lines, Step};
use crate::{Failure, Found, Framing, Meter, Metered};

/// Reads usage out of an answer, of which it keeps nothing else.
#[derive(Debug)]
pub(super) struct DeclaredMeter {
    framing: Framing,
    /// Whether a stream was asked for.
    streams: bool,
    comes: Comes,
    lines: Lines,
    skim: Skim,
    tally: Tally,
    mark: Mark,
    /// Whether everything so far could be followed.
    followed: bool,
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// Not a byte of it has come.
    Empty,
    Blank,
    AsEvents,
    AsObjects,
}

// === impl DeclaredMeter ===

impl DeclaredMeter {
    pub(super) fn new(rules: &Arc<Rules>, streams: bool) -> Self {
        Self {
            framing: rules.framing,
            streams,
            comes: Comes::Empty,
            lines: Lines::default(),
            skim: Skim::new(Arc::clone(&rules.tree)),
            tally: Tally::new(Arc::clone(rules)),
            mark: Mark::default(),
            followed: true,
        }
    }

    /// Looks how the answer comes: how many bytes say nothing of that.
    fn begin(&mut self, bytes: &[u8]) -> usize {
        if matches!(self.comes, Comes::AsEvents | Comes::AsObjects) {
            return 0;
        }
        let blank = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
        self.comes = match (blank.and_then(|at| bytes.get(at)), self.framing) {
            (None, _) if bytes.is_empty() => self.comes,
            (None, _) => Comes::Blank,
            (Some(b'{'), _) | (_, Framing::Whole | Framing::Lines) => Comes::AsObjects,
            (Some(_), Framing::Events) => Comes::AsEvents,
        };
        blank.unwrap_or(bytes.len())
    }

    /// Objects one after the other. The last one stays until another begins.
    fn feed_objects(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.followed {
            if self.skim.is_closed() {
                bytes = bytes.trim_ascii_start();
                if !bytes.is_empty() {
                    self.skim.clear();
                }
            }
            let took = self.skim.feed(bytes);
            if took > 0 && self.skim.is_closed() {
                self.tally.object(&self.skim);
            }
            self.followed &= !self.skim.is_broken();
            bytes = bytes.get(took..).unwrap_or_default();
        }
    }

    fn feed_lines(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.followed {
            let (took, step) = self.lines.step(bytes);
            match step {
                Step::Data(data) => self.data(data),
                Step::Error => self.tally.fail(),
                Step::End => self.event(),
                Step::Tail | Step::Other => {}
            }
            self.followed &= !self.lines.is_too_long();
            bytes = bytes.get(took..).unwrap_or_default();
        }
    }

    fn data(&mut self, data: &[u8]) {
        self.mark.feed(data);
        let took = self.skim.feed(data);
        let more = data.get(took..).is_some_and(|rest| !rest.trim_ascii().is_empty());
        self.followed &= !(more && self.skim.is_closed());
    }

    /// The end of an event. Data that is neither an object nor the mark may have hidden anything.
    fn event(&mut self) {
        if self.mark.is_done() {
            self.tally.done();
        } else if self.skim.is_closed() {
            self.tally.object(&self.skim);
        } else if !self.skim.is_blank() {
            self.followed = false;
        }
        self.skim.clear();
        self.mark = Mark::default();
    }

    fn finish_events(&mut self) -> Metered {
        if self.followed && (self.skim.is_closed() || self.mark.is_done()) {
            self.event();
        } else if !self.skim.is_blank() {
            self.tally.broken();
        }
        self.tally.found(false, self.followed)
    }

    fn finish_objects(&mut self) -> Metered {
        if !self.skim.is_closed() && !self.skim.is_blank() {
            self.tally.broken();
        }
        // An object in place of events is an answer in one piece. Where objects are what a stream
        // comes as, the first of one may be all that came.
        let may_be_one = self.framing != Framing::Lines || !self.streams;
        let in_one_piece = may_be_one && self.tally.is_single() && self.skim.is_closed();
        self.tally.found(in_one_piece, self.followed)
    }
}

impl Meter for DeclaredMeter {
    fn feed(&mut self, bytes: &[u8]) {
        let (_, rest) = bytes.split_at_checked(self.begin(bytes)).unwrap_or_default();
        match self.comes {
            Comes::AsObjects => self.feed_objects(rest),
            Comes::AsEvents => self.feed_lines(rest),
            Comes::Empty | Comes::Blank => {}
        }
    }

    fn finish(&mut self) -> Metered {
        match self.comes {
            Comes::Empty => {
                let failure = Some(Failure::Empty);
                Metered { usage: Found::Missing, failure, ..self.tally.found(false, true) }
            }
            Comes::Blank => self.tally.found(false, true),
            Comes::AsEvents => self.finish_events(),
            Comes::AsObjects => self.finish_objects(),
        }
    }
}
