//! Usage: what a call consumed, in tokens, each counted once.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{ServiceTier, Tokens, form};

/// Tokens of one attempt. The kinds of input are disjoint: a cached token is not in `input`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(default)]
#[cbor(map)]
pub struct Usage {
    /// Input tokens at the plain price: neither read from nor written to a cache, not audio.
    #[cbor(n(0), skip_if = "form::is_default")]
    pub input: Tokens,
    /// Input tokens read from the vendor's cache.
    #[cbor(n(1), skip_if = "form::is_default")]
    pub cached: Tokens,
    /// Input tokens written to the vendor's cache for five minutes (or its only lifetime).
    #[cbor(n(2), skip_if = "form::is_default")]
    pub cache_write: Tokens,
    /// Input tokens written to the vendor's cache for an hour.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub cache_write_1h: Tokens,
    /// Output tokens, reasoning included, audio not.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub output: Tokens,
    /// The part of `output` that was reasoning.
    #[cbor(n(5), skip_if = "form::is_default")]
    pub reasoning: Tokens,
    /// Audio tokens heard.
    #[cbor(n(6), skip_if = "form::is_default")]
    pub audio_input: Tokens,
    /// Audio tokens spoken.
    #[cbor(n(7), skip_if = "form::is_default")]
    pub audio_output: Tokens,
    /// Searches the vendor made for the model, charged by the piece.
    #[cbor(n(8), skip_if = "form::is_default")]
    pub web_searches: u64,
    /// The tier the vendor says it served the call in.
    #[cbor(n(9), skip_if = "form::is_default")]
    pub tier: ServiceTier,
}

impl Usage {
    /// Every input token, whatever its price.
    #[must_use]
    pub const fn total_input(&self) -> Tokens {
        self.input
            .plus(self.cached)
            .plus(self.cache_write)
            .plus(self.cache_write_1h)
            .plus(self.audio_input)
    }

    /// Every output token, whatever its price.
    #[must_use]
    pub const fn total_output(&self) -> Tokens {
        self.output.plus(self.audio_output)
    }
}
