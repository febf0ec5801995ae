//! What one call costs: exact decimals, no rounding until somebody asks for it.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use crate::prices::{Model, Rates};

/// Decimals of a nano-dollar, the unit a ledger may round each call up to.
pub const NANO_DECIMALS: u32 = 9;

/// Tokens of one call, each kind counted once: `input` excludes cached and written ones, `output`
/// includes `reasoning`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Prompt tokens read afresh.
    pub input: u64,
    /// Prompt tokens read from the cache.
    pub cached: u64,
    /// Prompt tokens written to the five-minute cache.
    pub cache_write_5m: u64,
    /// Prompt tokens written to the one-hour cache.
    pub cache_write_1h: u64,
    /// Generated tokens.
    pub output: u64,
    /// Those of `output` that were spent on reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// The whole prompt, however it was read.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cached)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.input, other.input),
            (&mut self.cached, other.cached),
            (&mut self.cache_write_5m, other.cache_write_5m),
            (&mut self.cache_write_1h, other.cache_write_1h),
            (&mut self.output, other.output),
            (&mut self.reasoning, other.reasoning),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
    }
}

/// The exact price of a call, in USD.
#[must_use]
pub fn exact_usd(model: &Model, usage: &Usage) -> Decimal {
    let rates = rates_for(model, usage);
    let per_million = Decimal::from(usage.input) * rates.input
        + Decimal::from(usage.cached) * rates.cached
        + Decimal::from(usage.cache_write_5m) * rates.cache_write_5m
        + Decimal::from(usage.cache_write_1h) * rates.cache_write_1h
        + Decimal::from(usage.output) * rates.output;
    per_million * Decimal::new(1, 6)
}

/// An amount rounded up to a whole nano-dollar.
#[must_use]
pub fn rounded_up(usd: Decimal) -> Decimal {
    usd.round_dp_with_strategy(NANO_DECIMALS, RoundingStrategy::ToPositiveInfinity)
}

/// An amount as text, with nine decimals, or more where it has more.
#[must_use]
pub fn usd_text(usd: Decimal) -> String {
    let decimals = usize::try_from(usd.normalize().scale().max(NANO_DECIMALS)).unwrap_or(28);
    format!("{usd:.decimals$}")
}

fn rates_for<'a>(model: &'a Model, usage: &Usage) -> &'a Rates {
    match &model.long {
        Some(long) if usage.prompt() > long.above => &long.rates,
        Some(_) | None => &model.rates,
    }
}

#[cfg(test)]
mod tests;
