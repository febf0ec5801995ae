//! What the objects of a completion tell, of a chat or of a text.

use std::sync::Arc;

use reins_governor::{Call, ModelFee, ServiceTier, Usage};

use super::model::may_think_unseen;
use super::usage;
use crate::answer::Tell;
use crate::outline::{Outline, Shape};
use crate::tokens::{self, Absurd, UsageSoFar};
use crate::{Failure, Found, Metered, OUTPUT_UNSEEN};

/// The chunks of a stream and a whole answer alike.
pub(super) const SHAPE: Shape = Shape {
    kept: &["model", "service_tier", "usage"],
    measured: &["choices"],
    error: "error",
    finish: "finish_reason",
    no_output: &["role", "id", "type", "object", "token"],
};

/// Bytes of a list without a choice.
const EMPTY_LIST: u64 = 2;

/// A chat completion that may search does so once, before it answers.
pub(super) const SEARCHES: u64 = 1;

/// What was told so far.
#[derive(Debug)]
pub(super) struct Tally {
    asked_tier: ServiceTier,
    searches: u64,
    hidden_thought: bool,
    usage: UsageSoFar,
    /// Whether more than one choice was asked for: each is finished by itself.
    several: bool,
    finished: bool,
    /// Whether usage came in an object without a choice, as the last one does, and no choice since.
    usage_stood_alone: bool,
    /// Whether usage was told since the last piece of output.
    usage_is_up_to_date: bool,
    done: bool,
    failed: bool,
    model: Option<Arc<str>>,
    tier: Option<ServiceTier>,
    /// Whether a piece of output came.
    output: bool,
    output_bytes: u64,
}

// === impl Tally ===

impl Tally {
    pub(super) fn new(sent: &Call) -> Self {
        Self {
            asked_tier: sent.tier,
            searches: sent.searches().unwrap_or(SEARCHES),
            hidden_thought: may_think_unseen(&sent.model),
            usage: UsageSoFar::new(&usage::FIELDS),
            several: sent.choices > 1,
            finished: false,
            usage_stood_alone: false,
            usage_is_up_to_date: false,
            done: false,
            failed: false,
            model: None,
            tier: None,
            output: false,
            output_bytes: 0,
        }
    }

    fn object(&mut self, object: &Outline) {
        if self.model.is_none() {
            self.model = object.word("model").filter(|model| !model.is_empty()).map(Into::into);
            let searches = self.model.as_deref().map(ModelFee::of) == Some(ModelFee::Search);
            self.searches = self.searches.max(u64::from(searches));
        }
        if let Some(word) = object.word("service_tier") {
            self.tier = usage::tier(&word);
        }
        let output = object.text_bytes() > 0;
        self.output |= output;
        self.failed |= object.says_error();
        self.told(object, output);
    }

    /// What an object tells of usage. A vendor may tell it on the way, each time all of it so far.
    fn told(&mut self, object: &Outline, output: bool) {
        let told = object.kept("usage");
        let alone = told.is_some() && object.measured_is_empty();
        let stands = self.usage_stood_alone && object.size() <= EMPTY_LIST;
        self.usage_stood_alone = alone || stands;
        self.finished |= object.says_finished();
        self.usage_is_up_to_date = told.is_some() || (self.usage_is_up_to_date && !output);
        if let Some(usage) = told {
            self.usage.add(tokens::object(usage));
        }
        if object.is_ambiguous() {
            self.usage.spoil(Absurd("usage"));
        }
    }

    /// Whether the answer came to its end. Not every vendor marks that: where there is one choice,
    /// usage beside the reason for which it finished, or after, is that of all of it.
    const fn ended(&self) -> bool {
        let finished = self.finished && !self.several && self.usage_is_up_to_date;
        self.done || self.usage_stood_alone || finished
    }

    /// Usage on its way is not final: it is believed at the end alone.
    fn usage(&self, ended: bool) -> Found {
        match Found::from(self.usage.usage().and_then(usage::read)) {
            Found::Usage(_) if !ended => Found::Missing,
            Found::Usage(usage) => Found::Usage(Usage {
                tier: self.tier.unwrap_or(self.asked_tier),
                web_searches: self.searches,
                ..usage
            }),
            found => found,
        }
    }
}

impl Tell for Tally {
    const SHAPE: &'static Shape = &SHAPE;

    fn event(&mut self, object: &Outline) {
        self.output_bytes = self.output_bytes.saturating_add(object.text_bytes());
        self.object(object);
    }

    fn done(&mut self) {
        self.done = true;
    }

    fn failed(&mut self) {
        self.failed = true;
    }

    fn whole(&mut self, object: &Outline) {
        self.output_bytes = object.size();
        self.object(object);
        self.done = object.is_closed();
        self.failed &= self.done;
    }

    fn cut_off(&mut self, text_bytes: u64) {
        self.output |= text_bytes > 0;
        self.output_bytes = self.output_bytes.saturating_add(text_bytes);
    }

    fn found(&mut self, followed: bool) -> Metered {
        let ended = self.ended();
        let is_final = ended || (self.failed && self.usage_is_up_to_date);
        let usage = if followed { self.usage(is_final) } else { Found::Missing };
        let unseen = self.hidden_thought || self.model.as_deref().is_some_and(may_think_unseen);
        Metered {
            usage,
            model: self.model.clone(),
            output_bound: if unseen { OUTPUT_UNSEEN } else { self.output_bytes },
            complete: followed && ended && !self.failed,
            failure: self.failed.then(|| Failure::after(self.output, &usage)),
        }
    }
}
