//! What a usage cost: tokens × rates, rounded once.

use reins_governor::{Cost, Picos, Usage};

use crate::{Price, Rate};

/// What `usage` costs; `None` where a part of it has no known price, or the sum cannot be counted.
///
/// All tokens go by one table of rates, chosen by the tier and by the sum of the input tokens: both
/// vendors charge a long call at the higher rate from its first token on.
pub(crate) fn cost(price: &Price, usage: &Usage) -> Option<Cost> {
    if price.free {
        return Some(Cost::default());
    }
    let rates = price.rates(usage.tier, usage.total_input().get().into());
    let input = Picos::of(usage.input.get(), rates.input.picos())
        .plus(Picos::of(usage.cached.get(), rates.cached.picos()))
        .plus(Picos::of(usage.cache_write.get(), rates.cache_write.picos()))
        .plus(Picos::of(usage.cache_write_1h.get(), rates.cache_write_1h.picos()))
        .plus(known(usage.audio_input.get(), rates.audio_input)?);
    let output = Picos::of(usage.output.get(), rates.output.picos())
        .plus(known(usage.audio_output.get(), rates.audio_output)?);
    let fees = known(usage.web_searches, price.web_search)?;
    let total = input.plus(output).plus(fees).round_up()?;
    Some(Cost { input, output, fees, total })
}

/// What `count` costs, where that is known; none of it costs nothing, known or not.
fn known(count: u64, rate: Option<Rate>) -> Option<Picos> {
    match (count, rate) {
        (0, _) => Some(Picos::default()),
        (_, rate) => rate.map(|rate| Picos::of(count, rate.picos())),
    }
}

#[cfg(test)]
mod tests;
