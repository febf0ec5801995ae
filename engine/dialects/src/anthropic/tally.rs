//! What the objects of a message tell.

use std::sync::Arc;

use reins_governor::Call;
use serde::Deserialize;
use serde_json::Value;

use super::usage;
use crate::outline::{Outline, Shape};
use crate::read::Thought;
use crate::stream::Tell;
use crate::tokens::{self, Absurd, Object};
use crate::{Found, Metered, OUTPUT_UNSEEN, Read};

/// The events of a stream and a whole answer alike.
const SHAPE: Shape = Shape {
    kept: &["type", "message", "model", "usage"],
    measured: &["delta", "content_block", "content"],
    no_output: &["type", "id", "tool_use_id", "signature", "encrypted_content", "stop_reason"],
};

/// What was told so far.
#[derive(Debug)]
pub(super) struct Tally {
    hour_cache: bool,
    thought: Thought,
    usage: Result<Object, Absurd>,
    ended: bool,
    model: Option<Arc<str>>,
    output_bytes: u64,
}

/// What stands in the event that starts a stream.
#[derive(Deserialize)]
struct Started {
    model: Option<String>,
    usage: Option<Object>,
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
            usage: Ok(Object::new()),
            ended: false,
            model: None,
            output_bytes: 0,
        }
    }

    /// What the start says of output is a placeholder, so it is left out.
    fn started(&mut self, message: &[u8]) {
        match serde_json::from_slice::<Started>(message) {
            Ok(started) => {
                self.model = started.model.map(Into::into);
                self.told(Ok(started.usage));
            }
            Err(_) => self.usage = Err(Absurd("message")),
        }
        if let Ok(usage) = &mut self.usage {
            usage.remove("output_tokens");
        }
    }

    /// Counts are totals so far: a later one stands for the earlier.
    fn told(&mut self, told: Result<Option<Object>, Absurd>) {
        match (&mut self.usage, told) {
            (Ok(usage), Ok(told)) => {
                let told = told.unwrap_or_default();
                let counts =
                    |(field, value): &(String, Value)| usage::reads(field) && !value.is_null();
                usage.extend(told.into_iter().filter(counts));
            }
            (_, Err(absurd)) => self.usage = Err(absurd),
            (Err(_), Ok(_)) => {}
        }
    }

    fn usage(&self) -> Found {
        let usage = self.usage.as_ref().map_err(|absurd| *absurd);
        usage.and_then(|usage| usage::read(usage, self.hour_cache)).into()
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
        match Self::word(object).as_str() {
            "message_start" => self.started(object.kept("message").unwrap_or_default()),
            "message_delta" => self.told(object.kept("usage").map_or(Ok(None), tokens::object)),
            "message_stop" => self.ended = true,
            _ => {}
        }
    }

    /// Not of this dialect.
    fn done(&mut self) {}

    fn whole(&mut self, object: &Outline) {
        self.output_bytes = object.size();
        self.model = object.word("model").map(Into::into);
        self.told(object.kept("usage").map_or(Ok(None), tokens::object));
        self.ended = object.is_closed() && Self::word(object) == "message";
    }

    fn cut_off(&mut self, text_bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(text_bytes);
    }

    fn found(&mut self, followed: bool) -> Metered {
        let complete = followed && self.ended;
        let usage = match self.usage() {
            Found::Usage(_) if !complete => Found::Missing,
            _ if !followed => Found::Missing,
            found => found,
        };
        Metered {
            usage,
            model: self.model.clone(),
            output_bound: if self.may_have_thought() { OUTPUT_UNSEEN } else { self.output_bytes },
            complete,
        }
    }
}
