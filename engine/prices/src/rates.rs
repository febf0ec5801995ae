//! The rates of one model in one tier, by kind of token.

use serde::Deserialize;

use crate::Rate;

/// What each kind of token costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Rates {
    /// Plain input.
    pub input: Rate,
    /// Input read from the vendor's cache; plain where the vendor names no other rate.
    pub cached: Rate,
    /// Input written to the cache for five minutes; plain where the vendor names no other rate.
    pub cache_write: Rate,
    /// Input written to the cache for an hour; as for five minutes where not named.
    pub cache_write_1h: Rate,
    /// Output, reasoning included.
    pub output: Rate,
    /// Audio heard; `None` where nobody says, and then such tokens have no price.
    pub audio_input: Option<Rate>,
    /// Audio spoken; `None` as for `audio_input`.
    pub audio_output: Option<Rate>,
}

/// Rates as they are written: only where they differ from the plain ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) input: Rate,
    pub(crate) cached: Option<Rate>,
    pub(crate) cache_write: Option<Rate>,
    pub(crate) cache_write_1h: Option<Rate>,
    pub(crate) output: Rate,
    pub(crate) audio_input: Option<Rate>,
    pub(crate) audio_output: Option<Rate>,
}

// === impl Rates ===

impl Rates {
    /// The dearer of both, kind by kind.
    #[must_use]
    pub(crate) fn dearer(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cached: self.cached.max(other.cached),
            cache_write: self.cache_write.max(other.cache_write),
            cache_write_1h: self.cache_write_1h.max(other.cache_write_1h),
            output: self.output.max(other.output),
            audio_input: self.audio_input.max(other.audio_input),
            audio_output: self.audio_output.max(other.audio_output),
        }
    }

    /// What a token of text can cost at most on its way in, however the cache treats it.
    pub(crate) fn dearest_input(&self) -> Rate {
        self.input.max(self.cached).max(self.cache_write).max(self.cache_write_1h)
    }

    /// What a token can cost at most on its way out, text or audio.
    pub(crate) fn dearest_output(&self) -> Rate {
        self.output.max(self.audio_output.unwrap_or_default())
    }
}

impl From<Written> for Rates {
    fn from(written: Written) -> Self {
        let cache_write = written.cache_write.unwrap_or(written.input);
        Self {
            input: written.input,
            cached: written.cached.unwrap_or(written.input),
            cache_write,
            cache_write_1h: written.cache_write_1h.unwrap_or(cache_write),
            output: written.output,
            audio_input: written.audio_input,
            audio_output: written.audio_output,
        }
    }
}
