//! A dialect: the wire format of one endpoint, from its path to the usage in its answers.
//!
//! A dialect sees bytes and gives facts. It never keeps content, never waits, and never decides.

use std::fmt;
use std::sync::Arc;

use http::uri::PathAndQuery;
use reins_governor::{Call, Endpoint, Refusal, Tokens};

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

/// How the pieces of an answer are told apart. Other framings (one JSON array, binary frames with
/// checksums) are further variants here, and further meters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One object: the answer is kept until its end, where its size allows.
    Whole,
    /// Server-sent events: the answer is passed on as it comes.
    Events,
    /// Newline-delimited JSON, one object after the other: likewise.
    Lines,
}

/// What a decision changes of a request: nothing, where both are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The path below the version, and the query, in place of the request's own.
    pub path: Option<PathAndQuery>,
    /// The body in place of the request's own, which else goes out byte for byte.
    pub body: Option<Vec<u8>>,
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
    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<Tokens> {
        let _ = (body, call);
        None
    }

    /// What differs in the request to send for `call` from the one that was read: of the body only
    /// the model's value, the cap and the asking for usage change; of the path, where the vendor
    /// has the model or the call's place there. The cap is said so that the vendor obeys it: `call`
    /// names the vendor.
    fn rewrite(&self, head: &Head<'_>, body: &[u8], read: &Read, call: &Call) -> Rewritten;

    /// How an answer of this content type comes, whatever was asked for.
    fn framing(&self, content_type: &str) -> Framing {
        Framing::of(content_type)
    }

    /// The output cap of a call for which neither its request nor its connection names one.
    fn default_cap(&self) -> Option<Tokens> {
        None
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

/// Content types of newline-delimited JSON, for which there is no standard one.
const LINES: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/stream+json",
];

// === impl Framing ===

impl Framing {
    /// How an answer of this content type comes.
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("text/event-stream") {
            Self::Events
        } else if LINES.iter().any(|lines| kind.eq_ignore_ascii_case(lines)) {
            Self::Lines
        } else {
            Self::Whole
        }
    }

    /// Whether an answer is passed on as it comes.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Events | Self::Lines)
    }
}

// === impl Rewritten ===

impl From<Option<Vec<u8>>> for Rewritten {
    /// A body alone.
    fn from(body: Option<Vec<u8>>) -> Self {
        Self { path: None, body }
    }
}
