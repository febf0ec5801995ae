//! Money as integers: amounts in nano-USD, products in pico-USD.
//!
//! Never a float, never negative, never wrapping. A sum that would not fit is an error or stays at
//! the largest amount, whichever errs against the spender.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nano-USD in one US dollar.
const NANOS_PER_USD: u64 = 1_000_000_000;
/// Decimals an amount can carry.
const DECIMALS: usize = 9;

/// Decimals of an amount that are always written.
const DECIMALS_MIN: usize = 2;

/// Room for the largest amount in writing: eleven digits, a point, and nine decimals.
const ROOM: usize = 21;
/// Pico-USD in one nano-USD.
const PICOS_PER_NANO: u128 = 1_000;
/// Pico-USD in one US dollar.
const PICOS_PER_USD: u128 = 1_000_000_000_000;
/// Decimals a product can carry.
const PICO_DECIMALS: usize = 12;

/// An amount of US dollars, in whole nano-USD (10⁻⁹ USD), from 0 to about 9.2 billion USD.
///
/// The upper end is `i64::MAX`, so that every amount fits a signed column of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u64);

/// An amount in pico-USD (10⁻¹² USD): tokens × price before the one rounding of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Picos(pub u128);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number such as `5.00`.
    #[error("`{0}` is not an amount in dollars: write it as a plain decimal such as \"5.00\"")]
    Malformed(String),
    /// More than nine decimals.
    #[error("`{0}` has more than nine decimals: the smallest amount is \"0.000000001\"")]
    TooFine(String),
    /// More than an amount can hold.
    #[error("`{0}` is more than Reins can count (9,223,372,036 dollars)")]
    TooLarge(String),
}

// === impl Usd ===

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be counted.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// An amount from nano-USD; more than [`Usd::MAX`] stays at the maximum.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        if nanos > Self::MAX.0 { Self::MAX } else { Self(nanos) }
    }

    /// The amount in nano-USD.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The amount in nano-USD, as databases hold it.
    #[must_use]
    pub const fn nanos_i64(self) -> i64 {
        self.0.cast_signed()
    }

    /// The sum, or `None` where it would be more than [`Usd::MAX`].
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) if sum <= Self::MAX.0 => Some(Self(sum)),
            _ => None,
        }
    }

    /// The sum, at most [`Usd::MAX`]: for spend, where too much errs against the spender.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        match self.checked_add(other) {
            Some(sum) => sum,
            None => Self::MAX,
        }
    }

    /// What is left after `other`, or `None` where there is less than that.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// What is left after `other`, at least nothing.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This many hundredths of the amount, rounded down.
    #[must_use]
    pub fn percent(self, hundredths: u32) -> Self {
        let part = u128::from(self.0) * u128::from(hundredths) / 100;
        Self::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
    }

    /// Whole US cents, rounded up: a call that costs anything costs at least one.
    #[must_use]
    pub const fn cents_up(self) -> u64 {
        self.0.div_ceil(NANOS_PER_USD / 100)
    }

    /// An amount of whole US cents.
    #[must_use]
    pub const fn from_cents(cents: u64) -> Self {
        Self::from_nanos(cents.saturating_mul(NANOS_PER_USD / 100))
    }

    /// Writes the amount into the end of `room`. A record has a dozen of them, and through
    /// `format_args!` each would cost as much as the rule that made it.
    fn written(self, room: &mut [u8; ROOM]) -> &str {
        let (mut rest, mut start) = (self.0, ROOM);
        for (place, byte) in room.iter_mut().rev().enumerate() {
            if place == DECIMALS {
                *byte = b'.';
            } else if rest == 0 && place > DECIMALS + 1 {
                break;
            } else {
                *byte = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
            start -= 1;
        }
        let text = room.get(start..).and_then(|digits| std::str::from_utf8(digits).ok());
        let text = text.unwrap_or_default();
        let shortest = text.len().saturating_sub(DECIMALS - DECIMALS_MIN);
        let kept = text.trim_end_matches('0').len().max(shortest);
        text.get(..kept).unwrap_or(text)
    }
}

/// At least two decimals, at most nine, no trailing zeros beyond the second: `5.00`, `0.00015`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written(&mut [0; ROOM]))
    }
}

impl FromStr for Usd {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let malformed = || MoneyError::Malformed(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(malformed());
        }
        if fraction.len() > DECIMALS {
            return Err(MoneyError::TooFine(text.to_owned()));
        }
        let too_large = || MoneyError::TooLarge(text.to_owned());
        let whole: u64 = whole.parse().map_err(|_| too_large())?;
        let nanos: u64 = format!("{fraction:0<DECIMALS$}").parse().map_err(|_| malformed())?;
        whole
            .checked_mul(NANOS_PER_USD)
            .and_then(|w| w.checked_add(nanos))
            .filter(|total| *total <= Self::MAX.0)
            .map(Self)
            .ok_or_else(too_large)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// A decimal string: JSON numbers are floats in most languages.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.written(&mut [0; ROOM]))
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

// === impl Picos ===

impl Picos {
    /// Tokens × pico-USD per token.
    #[must_use]
    pub fn of(tokens: u64, picos_per_token: u64) -> Self {
        Self(u128::from(tokens) * u128::from(picos_per_token))
    }

    /// The sum, at most `u128::MAX`.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The amount rounded up to whole nano-USD, or `None` where it is more than can be counted.
    #[must_use]
    pub fn round_up(self) -> Option<Usd> {
        let nanos = u64::try_from(self.0.div_ceil(PICOS_PER_NANO)).ok()?;
        (nanos <= Usd::MAX.0).then_some(Usd(nanos))
    }
}

/// Every decimal that is not zero, at least two: `0.000000150025`.
impl fmt::Display for Picos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut rest) = (self.0 / PICOS_PER_USD, self.0 % PICOS_PER_USD);
        let mut digits = PICO_DECIMALS;
        while digits > 2 && rest.is_multiple_of(10) {
            rest /= 10;
            digits -= 1;
        }
        write!(f, "{whole}.{rest:0digits$}")
    }
}

impl Serialize for Picos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Picos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let unreadable = || format!("`{text}` is not an amount with at most 12 decimals");
        picos(&text).ok_or_else(|| serde::de::Error::custom(unreadable()))
    }
}

fn picos(text: &str) -> Option<Picos> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > PICO_DECIMALS {
        return None;
    }
    let part: u128 = format!("{fraction:0<PICO_DECIMALS$}").parse().ok()?;
    whole.parse::<u128>().ok()?.checked_mul(PICOS_PER_USD)?.checked_add(part).map(Picos)
}

#[cfg(test)]
mod tests;
