//! What callers ask: requests of a few shapes, ready to be sent again and again.

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use serde_json::json;

use crate::bench::Fault;
use crate::bench::target::Target;

/// The key that callers show, in the shape of a real one.
pub(crate) const KEY: &str = "rns_test_bench0123456789bench0123456789";

/// Content chunks of a stream.
pub(crate) const CHUNKS: u64 = 50;

/// Bytes of text in a short prompt: together with the rest, a body of some 400 bytes.
const SHORT_TEXT: usize = 250;
/// Bytes of text in a long prompt: what an agent has read by its hundredth step.
const LONG_TEXT: usize = 400_000;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    body: Bytes,
    sessions: Sessions,
}

/// Whose sessions the calls belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sessions {
    /// All calls to one.
    One,
    /// Every call to its own.
    Distinct,
}

/// A request to one target, to be sent many times.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    request: Request<Full<Bytes>>,
    sessions: Sessions,
}

// === impl Ask ===

impl Ask {
    /// A short question, answered whole.
    pub(crate) fn short() -> Self {
        Self::of(SHORT_TEXT, false)
    }

    /// A short question, answered in 50 chunks.
    pub(crate) fn stream() -> Self {
        Self::of(SHORT_TEXT, true)
    }

    /// A prompt of 400 KB, answered whole.
    pub(crate) fn long() -> Self {
        Self::of(LONG_TEXT, false)
    }

    /// The same, every call in a session of its own.
    pub(crate) fn in_distinct_sessions(self) -> Self {
        Self { sessions: Sessions::Distinct, ..self }
    }

    fn of(text: usize, stream: bool) -> Self {
        let sentence = "The customer asks where the parcel is, and wants it by Friday. ";
        let text: String = sentence.chars().cycle().take(text).collect();
        let body = json!({
            "model": "gpt-4o-mini",
            "stream": stream,
            "max_tokens": 64,
            "messages": [
                {"role": "system", "content": "You answer for a shop, in one sentence."},
                {"role": "user", "content": text},
            ],
        });
        Self { body: body.to_string().into(), sessions: Sessions::One }
    }

    /// The request that asks `target` for it.
    pub(crate) fn form(&self, target: &Target) -> Result<Form, Fault> {
        let request = Request::post("/v1/chat/completions")
            .header(header::HOST, &target.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
            .header(header::USER_AGENT, "OpenAI/Python 2.8.1")
            .header(header::ACCEPT, "application/json")
            .header("x-reins-session", "bench")
            .body(Full::new(self.body.clone()))?;
        Ok(Form { request, sessions: self.sessions })
    }
}

// === impl Form ===

impl Form {
    /// The request of the call with this number.
    pub(crate) fn request(&self, call: u64) -> Request<Full<Bytes>> {
        let mut request = self.request.clone();
        if self.sessions == Sessions::Distinct {
            let session = HeaderValue::try_from(format!("bench-{call}"));
            session.into_iter().for_each(|session| {
                request.headers_mut().insert("x-reins-session", session);
            });
        }
        request
    }
}
