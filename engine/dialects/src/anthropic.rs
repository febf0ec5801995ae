//! Anthropic messages.

mod block;
mod request;
mod tally;
mod tool;
mod untold;
mod usage;
mod words;

use reins_governor::{Call, Endpoint, Refusal, TransactionId};

use crate::answer::AnswerMeter;
use crate::rewrite::Rewrite;
use crate::{Billing, Dialect, Filter, Found, Meter, Read, Target};

/// The dialect of Anthropic messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anthropic;

// === impl Anthropic ===

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Messages
    }

    fn read(&self, body: &[u8], to: &Target) -> Result<Read, Refusal> {
        request::read(body, to).map_err(Refusal::from)
    }

    fn rewrite(&self, body: &[u8], read: &Read, call: &Call) -> Option<Vec<u8>> {
        let (mut rewrite, places) = (Rewrite::model(read, call), &read.places);
        if let Some(cap) = call.output_cap {
            rewrite.cap(request::MAX_TOKENS, places.cap.as_ref(), cap, places.open);
        }
        rewrite.apply(body)
    }

    fn meter(&self, read: &Read, sent: &Call) -> Box<dyn Meter> {
        Box::new(AnswerMeter::new(tally::Tally::new(read, sent)))
    }

    /// Nothing: a stream tells its usage unasked.
    fn filter(&self, _: &Read) -> Option<Box<dyn Filter>> {
        None
    }

    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
        words::refuse(refusal, id)
    }

    fn usage(&self, json: &[u8]) -> Found {
        usage::from_json(json)
    }

    /// `OpenRouter` publishes that Anthropic stops a stream, and bills no more of it, when its
    /// connection is closed.
    fn billing(&self, vendor: &str) -> Billing {
        let closing_stops_streams = vendor == "anthropic";
        Billing { closing_stops_streams, closing_stops_whole: false }
    }
}

#[cfg(test)]
mod tests;
