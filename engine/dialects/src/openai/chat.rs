//! `OpenAI` chat completions.

mod cap;
mod message;
mod request;
mod tool;

use reins_governor::{Call, Endpoint, Refusal, Tokens};

use super::{OpenAi, asking, tally, unasked};
use crate::answer::AnswerMeter;
use crate::rewrite::Rewrite;
use crate::vocabulary::Vocabulary;
use crate::{Asked, Dialect, Family, Filter, Head, Meter, Read, Rewritten};

/// The dialect of `OpenAI` chat completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatCompletions;

// === impl ChatCompletions ===

impl Dialect for ChatCompletions {
    fn family(&self) -> &dyn Family {
        &OpenAi
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::ChatCompletions
    }

    fn path(&self) -> &str {
        "chat/completions"
    }

    fn read(&self, _: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal> {
        request::read(body, None).map_err(Refusal::from)
    }

    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<Tokens> {
        let vocabulary = Vocabulary::of(&call.vendor, &call.model)?;
        Some(Tokens(request::read(body, Some(vocabulary)).ok()?.input.text_bytes))
    }

    fn rewrite(&self, _: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten {
        let mut rewrite = Rewrite::model(read, call);
        cap::write(&mut rewrite, &read.places, call);
        asking::ask(&mut rewrite, &read.places);
        rewrite.apply(body).into()
    }

    fn meter(&self, _: &Read, sent: &Call) -> Box<dyn Meter> {
        Box::new(AnswerMeter::new(tally::Tally::new(sent)))
    }

    fn filter(&self, read: &Read) -> Option<Box<dyn Filter>> {
        unasked::filter(read)
    }
}

#[cfg(test)]
mod tests;
