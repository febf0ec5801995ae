//! What the answer to a request for embeddings tells: its prompt's tokens, and no output.

use std::sync::Arc;

use super::super::usage;
use crate::answer::Tell;
use crate::outline::{Outline, Shape};
use crate::tokens::{self, Absurd, UsageSoFar};
use crate::{Failure, Found, Metered};

/// Numbers are measured, so that an error beside some is known from one alone.
const SHAPE: Shape = Shape {
    kept: &["model", "usage"],
    measured: &["data"],
    error: "error",
    finish: "finish_reason",
    no_output: &[],
};

/// Bytes of a list with nothing in it.
const EMPTY_LIST: u64 = 2;

/// What was told so far.
#[derive(Debug)]
pub(super) struct Tally {
    usage: UsageSoFar,
    model: Option<Arc<str>>,
    ended: bool,
    failed: bool,
    /// Whether embeddings came.
    output: bool,
}

// === impl Tally ===

impl Default for Tally {
    fn default() -> Self {
        let usage = UsageSoFar::new(&usage::FIELDS);
        Self { usage, model: None, ended: false, failed: false, output: false }
    }
}

impl Tell for Tally {
    const SHAPE: &'static Shape = &SHAPE;

    fn event(&mut self, object: &Outline) {
        if self.model.is_none() {
            self.model = object.word("model").filter(|model| !model.is_empty()).map(Into::into);
        }
        self.output |= object.size() > EMPTY_LIST;
        self.failed |= object.says_error();
        if let Some(usage) = object.kept("usage") {
            self.usage.add(tokens::object(usage));
        }
        if object.is_ambiguous() {
            self.usage.spoil(Absurd("usage"));
        }
    }

    fn done(&mut self) {
        self.ended = true;
    }

    fn failed(&mut self) {
        self.failed = true;
    }

    fn whole(&mut self, object: &Outline) {
        self.event(object);
        self.ended = object.is_closed();
        self.failed &= self.ended;
    }

    /// Nothing that comes is output of a model that is billed.
    fn cut_off(&mut self, _: u64) {}

    fn found(&mut self, followed: bool) -> Metered {
        let usage = match Found::from(self.usage.usage().and_then(usage::read_input)) {
            Found::Usage(_) if !followed || !(self.ended || self.failed) => Found::Missing,
            _ if !followed => Found::Missing,
            found => found,
        };
        Metered {
            usage,
            model: self.model.clone(),
            output_bound: 0,
            complete: followed && self.ended && !self.failed,
            failure: self.failed.then(|| Failure::after(self.output, &usage)),
        }
    }
}
