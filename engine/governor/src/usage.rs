//! Usage: what a call consumed, in tokens, each counted once.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{ServiceTier, form};

/// Tokens of one attempt. The kinds of input are disjoint: a cached token is not in `input`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(default)]
#[cbor(map)]
pub struct Usage {
    /// Input tokens at the plain price: neither read from nor written to a cache, not audio.
    #[cbor(n(0), skip_if = "form::is_default")]
    pub input: u64,
    /// Input tokens read from the vendor's cache.
    #[cbor(n(1), skip_if = "form::is_default")]
    pub cached: u64,
    /// Input tokens written to the vendor's cache for five minutes (or its only lifetime).
    #[cbor(n(2), skip_if = "form::is_default")]
    pub cache_write: u64,
    /// Input tokens written to the vendor's cache for an hour.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub cache_write_1h: u64,
    /// Output tokens, reasoning included, audio not.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub output: u64,
    /// The part of `output` that was reasoning.
    #[cbor(n(5), skip_if = "form::is_default")]
    pub reasoning: u64,
    /// Audio tokens heard.
    #[cbor(n(6), skip_if = "form::is_default")]
    pub audio_input: u64,
    /// Audio tokens spoken.
    #[cbor(n(7), skip_if = "form::is_default")]
    pub audio_output: u64,
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
    pub const fn total_input(&self) -> u64 {
        self.input
            .saturating_add(self.cached)
            .saturating_add(self.cache_write)
            .saturating_add(self.cache_write_1h)
            .saturating_add(self.audio_input)
    }

    /// Every output token, whatever its price.
    #[must_use]
    pub const fn total_output(&self) -> u64 {
        self.output.saturating_add(self.audio_output)
    }
}
