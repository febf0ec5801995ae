//! `OpenAI` embeddings: texts in, numbers out. No output is billed.

mod request;
mod tally;

use reins_governor::{Call, Endpoint, Refusal, Tokens};

use super::OpenAi;
use crate::answer::AnswerMeter;
use crate::rewrite::Rewrite;
use crate::vocabulary::Vocabulary;
use crate::{Asked, Dialect, Family, Head, Meter, Read, Rewritten};

/// The dialect of `OpenAI` embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embeddings;

// === impl Embeddings ===

impl Dialect for Embeddings {
    fn family(&self) -> &dyn Family {
        &OpenAi
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Embeddings
    }

    fn path(&self) -> &str {
        "embeddings"
    }

    fn read(&self, _: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal> {
        request::read(body, None).map_err(Refusal::from)
    }

    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<Tokens> {
        let vocabulary = Vocabulary::of(&call.vendor, &call.model)?;
        Some(Tokens(request::read(body, Some(vocabulary)).ok()?.input.text_bytes))
    }

    /// There is no cap, and usage comes unasked.
    fn rewrite(&self, _: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten {
        Rewrite::model(read, call).apply(body).into()
    }

    fn meter(&self, _: &Read, _: &Call) -> Box<dyn Meter> {
        Box::new(AnswerMeter::new(tally::Tally::default()))
    }
}

#[cfg(test)]
mod tests;
