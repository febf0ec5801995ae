//! The API of Anthropic.

mod messages;
mod usage;
mod words;

use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use reins_governor::{Refusal, TransactionId};

pub use messages::Messages;

use crate::signer::KeyHeader;
use crate::{Base, Billing, Credential, Dialect, Family, Found, Signer};

/// The endpoints, a row each.
static DIALECTS: LazyLock<[Arc<dyn Dialect>; 1]> = LazyLock::new(|| [Arc::new(Messages)]);

/// The family of Anthropic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anthropic;

// === impl Anthropic ===

impl Family for Anthropic {
    fn name(&self) -> &str {
        "anthropic"
    }

    fn base(&self) -> Base<'_> {
        Base { url: "https://api.anthropic.com", version: "/v1" }
    }

    fn dialects(self: Arc<Self>) -> Vec<Arc<dyn Dialect>> {
        DIALECTS.to_vec()
    }

    fn free(&self) -> &[&str] {
        &["messages/count_tokens"]
    }

    fn sends(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("anthropic-version")
    }

    /// Tokens of its OAuth leave as they came, keys in its own header.
    fn signer(&self, credential: Credential<'_>) -> Option<Box<dyn Signer>> {
        let Credential { key, bearer } = credential;
        if bearer { KeyHeader::bearer(key) } else { KeyHeader::plain("x-api-key", key) }
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
