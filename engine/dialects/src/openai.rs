//! `OpenAI` chat completions, as `OpenAI` and the many who speak alike have them.

mod cap;
mod fee;
mod message;
mod request;
mod tally;
mod tool;
mod unasked;
mod usage;
mod words;

use std::sync::Arc;

use reins_governor::{Call, Endpoint, Refusal, TransactionId};

use crate::answer::AnswerMeter;
use crate::rewrite::Rewrite;
use crate::vocabulary::Vocabulary;
use crate::{Billing, Dialect, Filter, Found, Meter, Read, Target};

/// Vendors that stop a stream, and bill no more of it, when its connection is closed; `OpenRouter`
/// publishes this list. Others are known to go on, or not known.
const CLOSING_STOPS_STREAMS: [&str; 9] = [
    "openai",
    "azure",
    "cohere",
    "deepinfra",
    "deepseek",
    "fireworks",
    "novita",
    "together",
    "xai",
];

/// The dialect of `OpenAI` chat completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAi;

// === impl OpenAi ===

impl Dialect for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::ChatCompletions
    }

    fn read(&self, body: &[u8], to: &Target) -> Result<Read, Refusal> {
        request::read(body, to, None).map_err(Refusal::from)
    }

    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<u64> {
        let vocabulary = Vocabulary::of(&call.vendor, &call.model)?;
        let (vendor, connection) = (Arc::clone(&call.vendor), Arc::clone(&call.connection));
        let read = request::read(body, &Target { vendor, connection }, Some(vocabulary)).ok()?;
        Some(read.call.input.text_bytes)
    }

    fn rewrite(&self, body: &[u8], read: &Read, call: &Call) -> Option<Vec<u8>> {
        let mut rewrite = Rewrite::model(read, call);
        cap::write(&mut rewrite, &read.places, call);
        request::ask_for_usage(&mut rewrite, &read.places);
        rewrite.apply(body)
    }

    fn meter(&self, _: &Read, sent: &Call) -> Box<dyn Meter> {
        Box::new(AnswerMeter::new(tally::Tally::new(sent)))
    }

    fn filter(&self, read: &Read) -> Option<Box<dyn Filter>> {
        read.places.asking.is_ours().then(|| Box::new(unasked::Unasked::new()) as Box<dyn Filter>)
    }

    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
        words::refuse(refusal, id)
    }

    fn usage(&self, json: &[u8]) -> Found {
        usage::from_json(json)
    }

    fn billing(&self, vendor: &str) -> Billing {
        let closing_stops_streams = CLOSING_STOPS_STREAMS.contains(&vendor);
        Billing { closing_stops_streams, closing_stops_whole: false }
    }
}

#[cfg(test)]
mod tests;
