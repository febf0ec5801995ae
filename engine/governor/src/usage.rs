//! Usage: what a call consumed, in tokens, each counted once.

use serde::{Deserialize, Serialize};

use crate::ServiceTier;

/// Tokens of one attempt. The kinds of input are disjoint: a cached token is not in `input`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Input tokens at the plain price: neither read from nor written to a cache, not audio.
    pub input: u64,
    /// Input tokens read from the vendor's cache.
    pub cached: u64,
    /// Input tokens written to the vendor's cache for five minutes (or its only lifetime).
    pub cache_write: u64,
    /// Input tokens written to the vendor's cache for an hour.
    pub cache_write_1h: u64,
    /// Output tokens, reasoning included, audio not.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// Audio tokens heard.
    pub audio_input: u64,
    /// Audio tokens spoken.
    pub audio_output: u64,
    /// Searches the vendor made for the model, charged by the piece.
    pub web_searches: u64,
    /// The tier the vendor says it served the call in.
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
