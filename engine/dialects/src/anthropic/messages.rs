//! Anthropic messages.

mod block;
mod request;
mod seen;
mod tally;
mod tool;
mod untold;

use reins_governor::{Call, Endpoint, Refusal};

use super::Anthropic;
use crate::answer::AnswerMeter;
use crate::rewrite::Rewrite;
use crate::{Asked, Dialect, Family, Head, Meter, Read, Rewritten};

/// The dialect of Anthropic messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messages;

// === impl Messages ===

impl Dialect for Messages {
    fn family(&self) -> &dyn Family {
        &Anthropic
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Messages
    }

    fn path(&self) -> &str {
        "messages"
    }

    fn read(&self, _: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal> {
        request::read(body).map_err(Refusal::from)
    }

    fn rewrite(&self, _: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten {
        let (mut rewrite, places) = (Rewrite::model(read, call), &read.places);
        if let Some(cap) = call.output_cap {
            rewrite.cap(request::MAX_TOKENS, places.cap.as_ref(), cap, places.open);
        }
        rewrite.apply(body).into()
    }

    fn meter(&self, read: &Read, sent: &Call) -> Box<dyn Meter> {
        Box::new(AnswerMeter::new(tally::Tally::new(read, sent)))
    }
}

#[cfg(test)]
mod tests;
