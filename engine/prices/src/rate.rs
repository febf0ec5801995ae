//! A rate: the price of one token or one piece, in pico-USD.

use std::fmt;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer};

/// Pico-USD per token in one US dollar per million tokens.
const PICOS_PER_USD_A_MILLION: u64 = 1_000_000;
/// Pico-USD per piece in one US dollar per thousand pieces.
const PICOS_PER_USD_A_THOUSAND: u64 = 1_000_000_000;

/// Pico-USD (10⁻¹² USD) per token, or per piece where it is a fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a price in dollars: write a plain decimal such as \"2.50\"")]
pub struct RateError(String);

// === impl Rate ===

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A rate from dollars per million tokens, rounded up to whole pico-USD a token.
    ///
    /// # Errors
    /// For anything but a plain decimal that is not negative and can be counted.
    pub fn per_million(text: &str) -> Result<Self, RateError> {
        Self::read(text, PICOS_PER_USD_A_MILLION)
    }

    /// A fee from dollars per thousand pieces, rounded up to whole pico-USD a piece.
    ///
    /// # Errors
    /// As [`Rate::per_million`].
    pub fn per_thousand(text: &str) -> Result<Self, RateError> {
        Self::read(text, PICOS_PER_USD_A_THOUSAND)
    }

    /// The rate in pico-USD.
    #[must_use]
    pub const fn picos(self) -> u64 {
        self.0
    }

    fn read(text: &str, scale: u64) -> Result<Self, RateError> {
        let plain = text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || c == '.');
        plain
            .then(|| Decimal::from_str_exact(text).ok()?.checked_mul(scale.into())?.ceil().to_u64())
            .flatten()
            .map(Self)
            .ok_or_else(|| RateError(text.to_owned()))
    }
}

/// In dollars per million tokens.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::from_i128_with_scale(self.0.into(), 6).normalize().fmt(f)
    }
}

/// From a decimal string in dollars per million tokens.
impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::per_million(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
