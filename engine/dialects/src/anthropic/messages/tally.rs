//! What the objects of a message tell.

use std::sync::Arc;

use reins_governor::Call;
use serde::Deserialize;
use serde_json::Value;

use super::super::usage;
use crate::answer::Tell;
use crate::once::Once;
use crate::outline::{Outline, Shape};
use crate::read::Thought;
use crate::tokens::{self, Absurd, UsageSoFar};
use crate::{Failure, Found, Metered, OUTPUT_UNSEEN, Read};

/// The events of a stream and a whole answer alike.
const SHAPE: Shape = Shape {
    kept: &["type", "message", "model", "usage"],
    measured: &["delta", "content_block", "content"],
    error: "error",
    finish: "stop_reason",
    no_output: &["type", "id", "tool_use_id", "signature", "encrypted_content"],
};

/// What was told so far.
#[derive(Debug)]
pub(super) struct Tally {
    hour_cache: bool,
    thought: Thought,
    usage: UsageSoFar,
    /// Whether usage was told since the last piece of output.
    usage_is_up_to_date: bool,
    ended: bool,
    failed: bool,
    model: Option<Arc<str>>,
    /// Whether a piece of output came.
    output: bool,
    output_bytes: u64,
}

/// What stands in the event that starts a stream.
#[derive(Deserialize)]
struct Started {
    model: Option<String>,
    usage: Option<Once>,
}

/// Claude models that do not think unless they are asked to, by what follows their maker's name for
/// them. Any other may: see the notes on thinking of each model at platform.claude.com.
const NOT_THINKING: [&str; 6] = ["2", "3", "instant", "opus-4", "sonnet-4", "haiku-4"];

fn thinks_unasked(model: &str) -> bool {
    let claude = model.rsplit_once("claude-").map(|(_, name)| name);
    !claude.is_some_and(|name| NOT_THINKING.iter().any(|known| name.starts_with(known)))
}

/// What is wanted of the model that is asked.
fn thought(read: &Read, sent: &Call) -> Thought {
    match read.places.thought {
        Thought::Unsaid if thinks_unasked(&sent.model) => Thought::Wanted,
        said => said,
    }
}

// === impl Tally ===

impl Tally {
    pub(super) fn new(read: &Read, sent: &Call) -> Self {
        Self {
            hour_cache: read.places.hour_cache,
            thought: thought(read, sent),
            usage: UsageSoFar::new(&usage::FIELDS),
            usage_is_up_to_date: false,
            ended: false,
            failed: false,
            model: None,
            output: false,
            output_bytes: 0,
        }
    }

    /// What the start says of output is a placeholder, so it is left out.
    fn started(&mut self, message: &[u8]) {
        let Ok(started) = serde_json::from_slice::<Started>(message) else {
            return self.usage.spoil(Absurd("message"));
        };
        self.model = started.model.map(Into::into);
        match started.usage {
            None => {}
            Some(Once(Value::Object(mut usage))) => {
                usage.remove(usage::OUTPUT);
                self.usage.add(Ok(Some(usage)));
            }
            Some(_) => self.usage.spoil(Absurd("usage")),
        }
    }

    /// What an object tells of usage, where it is all that was used so far.
    fn told(&mut self, object: &Outline) {
        if let Some(usage) = object.kept("usage") {
            self.usage.add(tokens::object(usage));
            self.usage_is_up_to_date = true;
        }
    }

    /// What every object may tell, whatever it is about.
    fn object(&mut self, object: &Outline) {
        let output = object.text_bytes() > 0;
        self.output |= output;
        self.usage_is_up_to_date &= !output;
        self.failed |= object.says_error() || Self::word(object) == "error";
        if object.is_ambiguous() {
            self.usage.spoil(Absurd("usage"));
        }
    }

    fn usage(&self) -> Found {
        self.usage.usage().and_then(|usage| usage::read(usage, self.hour_cache)).into()
    }

    /// Whether there may be thoughts that the answer did not show.
    fn may_have_thought(&self) -> bool {
        match self.thought {
            Thought::Wanted => true,
            Thought::Unwanted => false,
            Thought::Unsaid => self.model.as_deref().is_some_and(thinks_unasked),
        }
    }

    fn word(object: &Outline) -> String {
        object.word("type").unwrap_or_default()
    }
}

impl Tell for Tally {
    const SHAPE: &'static Shape = &SHAPE;

    fn event(&mut self, object: &Outline) {
        self.output_bytes = self.output_bytes.saturating_add(object.text_bytes());
        self.object(object);
        match Self::word(object).as_str() {
            "message_start" => self.started(object.kept("message").unwrap_or_default()),
            "message_delta" => self.told(object),
            "message_stop" => self.ended = true,
            _ => {}
        }
    }

    /// Not of this dialect.
    fn done(&mut self) {}

    fn failed(&mut self) {
        self.failed = true;
    }

    fn whole(&mut self, object: &Outline) {
        self.output_bytes = object.size();
        self.object(object);
        self.failed &= object.is_closed();
        self.model = object.word("model").map(Into::into);
        self.told(object);
        self.ended = object.is_closed() && Self::word(object) == "message";
    }

    fn cut_off(&mut self, text_bytes: u64) {
        self.output |= text_bytes > 0;
        self.output_bytes = self.output_bytes.saturating_add(text_bytes);
    }

    fn found(&mut self, followed: bool) -> Metered {
        let final_usage = self.ended || (self.failed && self.usage_is_up_to_date);
        let usage = match self.usage() {
            Found::Usage(_) if !final_usage => Found::Missing,
            _ if !followed => Found::Missing,
            found => found,
        };
        Metered {
            usage,
            model: self.model.clone(),
            output_bound: if self.may_have_thought() { OUTPUT_UNSEEN } else { self.output_bytes },
            complete: followed && self.ended && !self.failed,
            failure: self.failed.then(|| Failure::after(self.output, &usage)),
        }
    }
}
