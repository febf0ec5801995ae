//! A dialect: the wire format of one endpoint, from its path to the usage in its answers.
//!
//! A dialect sees bytes and gives facts. It never keeps content, never waits, and never decides.

use std::fmt;
use std::sync::Arc;

use reins_governor::{Call, Endpoint, Refusal};

use crate::{Asked, Family, Filter, Meter, Read};

/// Where a call goes: what the request itself does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose prices hold, such as `openai`.
    pub vendor: Arc<str>,
    /// The connection that will carry the call.
    pub connection: Arc<str>,
}

/// What a request's head says of it, as some vendors have the model or the wish for a stream there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The vendor's own path, below the version.
    pub path: &'a str,
    /// What stands behind the question mark.
    pub query: Option<&'a str>,
}

/// How the pieces of an answer are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events: the answer is passed on as it comes.
    Events,
    /// One object: the answer is kept until its end, where its size allows.
    Whole,
}

/// The wire format of one endpoint.
pub trait Dialect: Send + Sync + fmt::Debug + 'static {
    /// What it shares with the other endpoints of its vendor.
    fn family(&self) -> &dyn Family;

    /// What its calls ask for: the word in records, conditions and metrics.
    fn endpoint(&self) -> Endpoint;

    /// The endpoint's path at the vendor, below the version.
    fn path(&self) -> &str;

    /// Whether a posted request to this path is one for the endpoint.
    fn carries(&self, path: &str) -> bool {
        path == self.path()
    }

    /// The facts of a request, before it is known where it goes.
    ///
    /// # Errors
    /// Only [`Refusal::BadRequest`]: what is wrong, where, and how to mend it.
    fn read(&self, head: &Head<'_>, body: &[u8]) -> Result<Asked, Refusal>;

    /// At most how many tokens the text in `body` has for the vendor and model of `call`: counted,
    /// which takes its time, rather than measured by bytes. `None` where nobody knows their
    /// tokenizer.
    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<u64> {
        let _ = (body, call);
        None
    }

    /// The body to send for `call`, where it differs from `body`: only the model's value, the cap
    /// and the asking for usage change. `None` stands for the original, byte for byte. The cap is
    /// said so that the vendor obeys it: `call` names the vendor.
    fn rewrite(&self, body: &[u8], read: &Read, call: &Call) -> Option<Vec<u8>>;

    /// How an answer of this content type comes, whatever was asked for.
    fn framing(&self, content_type: &str) -> Framing {
        let events = content_type.trim_start().starts_with("text/event-stream");
        if events { Framing::Events } else { Framing::Whole }
    }

    /// What will read the usage out of the answer to `sent`, which an amendment may have made out
    /// of what was read.
    fn meter(&self, read: &Read, sent: &Call) -> Box<dyn Meter>;

    /// What hides from the client the part of the answer that only Reins asked for.
    fn filter(&self, read: &Read) -> Option<Box<dyn Filter>> {
        let _ = read;
        None
    }
}
