//! What the objects of a chat completion tell.

use std::sync::Arc;

use reins_governor::{Call, ModelFee, ServiceTier, Usage};

use super::request::{SEARCHES, may_think_unseen};
use super::usage;
use crate::outline::{Outline, Shape};
use crate::stream::Tell;
use crate::{Found, Metered, OUTPUT_UNSEEN};

/// The chunks of a stream and a whole answer alike.
pub(super) const SHAPE: Shape = Shape {
    kept: &["model", "service_tier", "usage"],
    measured: &["choices"],
    no_output: &["role", "finish_reason", "id", "type", "object", "token"],
};

/// What was told so far.
#[derive(Debug)]
pub(super) struct Tally {
    asked_tier: ServiceTier,
    searches: u64,
    hidden_thought: bool,
    usage: Found,
    /// Whether the last object told usage and nothing else, as the last one does.
    usage_stood_alone: bool,
    done: bool,
    model: Option<Arc<str>>,
    tier: Option<ServiceTier>,
    output_bytes: u64,
}

// === impl Tally ===

impl Tally {
    pub(super) fn new(sent: &Call) -> Self {
        Self {
            asked_tier: sent.tier,
            searches: sent.searches().unwrap_or(SEARCHES),
            hidden_thought: may_think_unseen(&sent.model),
            usage: Found::Missing,
            usage_stood_alone: false,
            done: false,
            model: None,
            tier: None,
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
        let told = object.kept("usage").map(usage::from_json);
        self.usage_stood_alone = told.is_some() && object.measured_is_empty();
        self.usage = told.unwrap_or(self.usage);
    }

    /// Usage on its way is not final: it is believed at the end alone.
    fn usage(&self, ended: bool) -> Found {
        match self.usage {
            Found::Usage(_) if !ended => Found::Missing,
            Found::Usage(usage) => Found::Usage(Usage {
                tier: self.tier.unwrap_or(self.asked_tier),
                web_searches: self.searches,
                ..usage
            }),
            Found::Missing | Found::Absurd(_) => self.usage,
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

    fn whole(&mut self, object: &Outline) {
        self.output_bytes = object.size();
        self.object(object);
        self.done = object.is_closed();
    }

    fn cut_off(&mut self, text_bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(text_bytes);
    }

    fn found(&mut self, followed: bool) -> Metered {
        let ended = followed && (self.done || self.usage_stood_alone);
        let unseen = self.hidden_thought || self.model.as_deref().is_some_and(may_think_unseen);
        Metered {
            usage: if followed { self.usage(ended) } else { Found::Missing },
            model: self.model.clone(),
            output_bound: if unseen { OUTPUT_UNSEEN } else { self.output_bytes },
            complete: ended,
        }
    }
}
