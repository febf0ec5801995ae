//! The API of `OpenAI`, as `OpenAI` and the many who speak alike have it.

mod chat;
mod completions;
mod embeddings;

mod asking;
mod fee;
mod fields;
mod model;
mod prompt;
mod tally;
mod unasked;
mod usage;
mod words;

use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use reins_governor::{Refusal, TransactionId};

pub use chat::ChatCompletions;
pub use completions::Completions;
pub use embeddings::Embeddings;

use crate::signer::KeyHeader;
use crate::{Base, Billing, Credential, Dialect, Family, Found, Signer};

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

/// The endpoints, a row each.
static DIALECTS: LazyLock<[Arc<dyn Dialect>; 3]> =
    LazyLock::new(|| [Arc::new(ChatCompletions), Arc::new(Embeddings), Arc::new(Completions)]);

/// The family of `OpenAI`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAi;

// === impl OpenAi ===

impl Family for OpenAi {
    fn name(&self) -> &str {
        "openai"
    }

    fn base(&self) -> Base<'_> {
        Base { url: "https://api.openai.com/v1", version: "" }
    }

    fn dialects(self: Arc<Self>) -> Vec<Arc<dyn Dialect>> {
        DIALECTS.to_vec()
    }

    fn free(&self) -> &[&str] {
        &[]
    }

    /// No header is sent by its clients alone.
    fn sends(&self, _: &HeaderMap) -> bool {
        false
    }

    fn signer(&self, credential: Credential<'_>) -> Option<Box<dyn Signer>> {
        KeyHeader::bearer(credential.key)
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
