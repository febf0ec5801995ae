//! What the objects of an answer tell by its rules.

use std::sync::Arc;

use reins_governor::{Tokens, Usage};

use super::answer_rules::{Absurd, Counts, Last, Rules, count};
use super::skim::{Kept, Skim};
use crate::{Failure, Found, Metered, OUTPUT_UNSEEN};

/// What was told so far.
#[derive(Debug)]
pub(super) struct Tally {
    rules: Arc<Rules>,
    objects: u64,
    /// What the first object says as an answer in one piece.
    whole: Told,
    /// What all objects say as a stream.
    stream: Told,
    /// Whether the last piece came, and no text behind it.
    ended: bool,
    failed: bool,
    /// Whether there was a text that no rule names.
    output: bool,
    model: Option<Arc<str>>,
}

/// Counts that were told, the largest of each: they never fall.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
    reasoning: Option<u64>,
    /// What cannot be believed, and spoils all.
    absurd: Option<&'static str>,
}

// === impl Tally ===

impl Tally {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            objects: 0,
            whole: Told::default(),
            stream: Told::default(),
            ended: false,
            failed: false,
            output: false,
            model: None,
        }
    }

    /// Takes in an object that was closed.
    pub(super) fn object(&mut self, object: &Skim) {
        let rules = Arc::clone(&self.rules);
        self.objects = self.objects.saturating_add(1);
        if self.objects == 1 {
            self.whole.add(&rules.whole, object);
        }
        self.stream.add(&rules.stream, object);
        if self.model.is_none() {
            self.model = rules.model.and_then(|at| object.text(at)).map(Into::into);
        }
        let is_last = match &rules.last {
            Last::Member(at, value) => {
                matches!(object.kept(*at), Kept::Plain(written) if *written == *value.as_bytes())
            }
            Last::Done => false,
        };
        self.ended = is_last || (self.ended && !object.has_text());
        self.failed |= rules.errors.iter().any(|at| object.says_text(*at, false));
        self.output |= object.has_text();
    }

    /// An object that was cut off, or cannot be read: there may have been output in it.
    pub(super) fn broken(&mut self) {
        self.ended = false;
        self.output = true;
    }

    /// The event that ends a stream.
    pub(super) fn done(&mut self) {
        self.ended = matches!(self.rules.last, Last::Done);
    }

    /// An event that is named `error`.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// Whether there was one object and no more.
    pub(super) const fn is_single(&self) -> bool {
        self.objects == 1
    }

    /// What was found, in one piece or as a stream.
    pub(super) fn found(&self, in_one_piece: bool, followed: bool) -> Metered {
        let rules = &self.rules;
        let (told, counts, ended) = if in_one_piece {
            (&self.whole, &rules.whole, self.is_single())
        } else {
            (&self.stream, &rules.stream, self.ended)
        };
        let usage = if followed && ended { told.usage(counts) } else { Found::Missing };
        Metered {
            usage,
            model: self.model.clone(),
            output_bound: OUTPUT_UNSEEN,
            complete: followed && ended && !self.failed,
            failure: self.failed.then(|| Failure::after(self.output || !followed, &usage)),
        }
    }
}

// === impl Told ===

impl Told {
    fn add(&mut self, counts: &Counts, object: &Skim) {
        if object.is_ambiguous() {
            self.absurd.get_or_insert("usage");
        }
        let places = [
            (Some(counts.input), &mut self.input, "input"),
            (counts.output, &mut self.output, "output"),
            (counts.cached, &mut self.cached, "cached"),
            (counts.reasoning, &mut self.reasoning, "reasoning"),
        ];
        for (at, told, name) in places {
            match at.map_or(Ok(None), |at| count(object, at)) {
                Ok(count) => *told = (*told).max(count),
                Err(Absurd) => {
                    self.absurd.get_or_insert(name);
                }
            }
        }
    }

    fn usage(&self, counts: &Counts) -> Found {
        if let Some(absurd) = self.absurd {
            return Found::Absurd(absurd);
        }
        let output = if counts.output.is_some() { self.output } else { Some(0) };
        let (Some(input), Some(output)) = (self.input, output) else { return Found::Missing };
        let (cached, reasoning) = (self.cached.unwrap_or(0), self.reasoning.unwrap_or(0));
        let new = if counts.cached_inside { input.checked_sub(cached) } else { Some(input) };
        let Some(new) = new else { return Found::Absurd("cached") };
        if reasoning > output {
            return Found::Absurd("reasoning");
        }
        Found::Usage(Usage {
            input: Tokens(new),
            cached: Tokens(cached),
            output: Tokens(output),
            reasoning: Tokens(reasoning),
            ..Usage::default()
        })
    }
}
