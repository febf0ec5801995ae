//! The most a call can cost, and the output it can afford.
//!
//! A bound holds as long as the vendor serves the tier that was asked for, or the plain one. It
//! rests on published limits only: where one is missing, there is no bound.

use reins_governor::{Bound, Call, InputSize, NoBound, Picos, ServiceTier, Usd};

use crate::{Price, Rates};

/// Bytes of audio a token stands for, at the least.
///
/// A token is a tenth of a second. MP3 has 100 bytes in that time at its lowest rate; a tenth of it
/// leaves room for odd sampling rates in WAV.
const AUDIO_BYTES_PER_TOKEN: u64 = 10;
/// Pico-USD in one nano-USD.
const PICOS_PER_NANO: u128 = 1_000;

/// The most input tokens a call can have.
#[derive(Clone, Copy)]
struct Tokens {
    text: u128,
    audio: u128,
    /// Both together are no more than this.
    most: u128,
}

/// What a call costs at most whatever its output, and the price of that output.
struct Committed {
    input: u128,
    fees: u128,
    /// For one token of each choice.
    output_token: u128,
}

/// The most `call` can cost.
pub(crate) fn bound(price: &Price, call: &Call) -> Result<Bound, NoBound> {
    let cap = call.output_cap.or(price.limits.max_output);
    let output_tokens = |cap: u64| cap.saturating_mul(call.choices.max(1));
    if price.free {
        let tokens = cap.map_or(u64::MAX, output_tokens);
        return Ok(Bound { total: Usd::ZERO, input: Usd::ZERO, output_tokens: tokens });
    }
    let committed = committed(price, call)?;
    let cap = cap.ok_or(NoBound::UnboundedOutput)?;
    let total = committed.with(cap).ok_or(NoBound::Overflow)?;
    let input = usd(committed.input).ok_or(NoBound::Overflow)?;
    Ok(Bound { total, input, output_tokens: output_tokens(cap) })
}

/// The highest cap, in tokens per choice, with which `call` costs at most `left`.
pub(crate) fn affordable_cap(price: &Price, call: &Call, left: Usd) -> Option<u64> {
    if price.free {
        return Some(u64::MAX);
    }
    let committed = committed(price, call).ok()?;
    let left = u128::from(left.nanos()) * PICOS_PER_NANO;
    let rest = left.checked_sub(committed.input.checked_add(committed.fees)?)?;
    let cap = rest.checked_div(committed.output_token).unwrap_or(u128::MAX);
    Some(u64::try_from(cap).unwrap_or(u64::MAX))
}

fn committed(price: &Price, call: &Call) -> Result<Committed, NoBound> {
    let searches = searches(price, call)?;
    let tokens = Tokens::of(price, &call.input, searches)?;
    let rates = dearest(price, call.tier, tokens.all()).ok_or(NoBound::Unpriced)?;
    let fee = if searches == 0 { Some(0) } else { price.web_search.map(|fee| fee.picos()) };
    let fee = fee.ok_or(NoBound::Unpriced)?;
    let per_token = u128::from(rates.dearest_output().picos());
    Ok(Committed {
        input: tokens.cost(&rates)?,
        fees: u128::from(searches) * u128::from(fee),
        output_token: per_token.checked_mul(call.choices.max(1).into()).ok_or(NoBound::Overflow)?,
    })
}

/// The rates that can apply at the worst; `None` where the tier asked for has none.
fn dearest(price: &Price, asked: ServiceTier, input_tokens: u128) -> Option<Rates> {
    price.own_rates(asked)?;
    let plain = price.rates(ServiceTier::Standard, input_tokens);
    Some(plain.dearer(price.rates(asked, input_tokens)))
}

/// How many paid searches there can be.
fn searches(price: &Price, call: &Call) -> Result<u64, NoBound> {
    match (call.web_search || price.always_searches, call.web_search_cap) {
        (false, _) => Ok(0),
        (true, Some(cap)) => Ok(cap),
        (true, None) => Err(NoBound::UnboundedInput { what: "web_search" }),
    }
}

// === impl Committed ===

impl Committed {
    /// The whole, with this output cap.
    fn with(&self, cap: u64) -> Option<Usd> {
        let output = self.output_token.checked_mul(cap.into())?;
        usd(self.input.checked_add(self.fees)?.checked_add(output)?)
    }
}

// === impl Tokens ===

impl Tokens {
    fn of(price: &Price, size: &InputSize, searches: u64) -> Result<Self, NoBound> {
        let counted = Self::counted(price, size);
        match (counted, price.limits.context_window.map(u128::from)) {
            // What a search finds is input of another pass over the whole conversation.
            (_, Some(window)) if searches > 0 => {
                Ok(Self::whole(window * (u128::from(searches) + 1)))
            }
            (_, None) if searches > 0 => Err(NoBound::UnboundedInput { what: "web_search" }),
            (Ok(tokens), Some(window)) => Ok(Self { most: window, ..tokens }),
            (Ok(tokens), None) => Ok(tokens),
            (Err(_), Some(window)) => Ok(Self::whole(window)),
            (Err(what), None) => Err(NoBound::UnboundedInput { what }),
        }
    }

    /// Tokens as far as the request shows them, or what hides them.
    fn counted(price: &Price, size: &InputSize) -> Result<Self, &'static str> {
        if let Some(what) = size.by_reference {
            return Err(what);
        }
        let limits = &price.limits;
        let images = most(size.images, limits.image).ok_or("image")?;
        let pages = most(size.pages, limits.page).ok_or("document")?;
        let framing = u128::from(size.parts) * u128::from(limits.framing_part)
            + u128::from(limits.framing_call);
        let text = [framing, images, pages]
            .iter()
            .fold(u128::from(size.text_bytes), |sum, part| sum.saturating_add(*part));
        let audio = u128::from(size.audio_bytes.div_ceil(AUDIO_BYTES_PER_TOKEN));
        Ok(Self { text, audio, most: u128::MAX })
    }

    /// Anything, up to `most`.
    const fn whole(most: u128) -> Self {
        Self { text: most, audio: most, most }
    }

    fn all(self) -> u128 {
        self.text.saturating_add(self.audio).min(self.most)
    }

    /// The most these can cost in pico-USD: the dearer kind first, as far as there is room.
    fn cost(self, rates: &Rates) -> Result<u128, NoBound> {
        let text_rate = u128::from(rates.dearest_input().picos());
        let audio_rate = match rates.audio_input {
            Some(rate) => u128::from(rate.picos()),
            None if self.text == self.most => text_rate,
            None if self.audio == 0 => 0,
            None => return Err(NoBound::Unpriced),
        };
        let audio_first = audio_rate > text_rate;
        let first = if audio_first { self.audio } else { self.text }.min(self.most);
        let second = self.all() - first;
        let (high, low) = (audio_rate.max(text_rate), audio_rate.min(text_rate));
        high.checked_mul(first)
            .zip(low.checked_mul(second))
            .and_then(|(high, low)| high.checked_add(low))
            .ok_or(NoBound::Overflow)
    }
}

fn most(count: u64, each: Option<u64>) -> Option<u128> {
    match (count, each) {
        (0, _) => Some(0),
        (_, each) => each.map(|each| u128::from(count) * u128::from(each)),
    }
}

fn usd(picos: u128) -> Option<Usd> {
    Picos(picos).round_up()
}

#[cfg(test)]
mod tests;
