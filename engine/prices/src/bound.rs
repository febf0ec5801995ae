//! The most a call can cost, or the output it can afford.
//!
//! A bound holds as long as the vendor serves the tier that was asked for, or the plain one. It
//! rests on published limits only: where one is missing, there is no bound.

use reins_governor::{Bound, Call, InputSize, NoBound, Picos, ServiceTier, Usd, Wording};

use crate::price::Limits;
use crate::{Price, Rates};

/// Bytes of audio a token stands for, at the least.
///
/// A token is a tenth of a second. MP3 has 100 bytes in that time at its lowest rate; a tenth of it
/// leaves room for odd sampling rates in WAV.
const AUDIO_BYTES_PER_TOKEN: u64 = 10;
/// Pico-USD in one nano-USD.
const PICOS_PER_NANO: u128 = 1_000;

/// What a call costs at most whatever its output, and what that output costs. In pico-USD.
struct Committed {
    input: u128,
    fees: u128,
    /// For one token of each choice.
    output_token: u128,
}

/// The most input tokens a call can have.
#[derive(Clone, Copy)]
struct Tokens {
    text: u128,
    audio: u128,
    /// Both together are no more than this.
    most: u128,
}

/// The most `call` can cost.
pub(crate) fn bound(price: &Price, call: &Call) -> Result<Bound, NoBound> {
    let cap = call.output_cap.or(price.limits.max_output);
    let output_tokens = |cap: u64| cap.saturating_mul(call.choices.max(1));
    if price.free {
        let tokens = cap.map_or(u64::MAX, output_tokens);
        return Ok(Bound { total: Usd::ZERO, input: Usd::ZERO, output_tokens: tokens });
    }
    let committed = Committed::of(price, call)?;
    let cap = cap.ok_or(NoBound::UnboundedOutput)?;
    let total = committed.with(cap).ok_or(NoBound::Overflow)?;
    let input = Picos(committed.input).round_up().ok_or(NoBound::Overflow)?;
    Ok(Bound { total, input, output_tokens: output_tokens(cap) })
}

/// The highest cap, in tokens per choice, with which `call` costs at most `left`.
pub(crate) fn affordable_cap(price: &Price, call: &Call, left: Usd) -> Option<u64> {
    if price.free {
        return Some(u64::MAX);
    }
    let committed = Committed::of(price, call).ok()?;
    let left = u128::from(left.nanos()) * PICOS_PER_NANO;
    let rest = left.checked_sub(committed.input.checked_add(committed.fees)?)?;
    let cap = rest.checked_div(committed.output_token).unwrap_or(u128::MAX);
    Some(u64::try_from(cap).unwrap_or(u64::MAX))
}

/// How many paid searches there can be, where they are all that costs extra.
fn searches(call: &Call) -> Result<u64, NoBound> {
    if let Some(what) = call.unpriced_fee() {
        return Err(NoBound::UnpricedFee { what });
    }
    call.searches().ok_or(NoBound::UnboundedInput { what: Wording::new("web_search") })
}

/// The rates that can apply at the worst; `None` where the tier asked for has none of its own.
fn dearest(price: &Price, asked: ServiceTier, input_tokens: u128) -> Option<Rates> {
    price.own_rates(asked)?;
    let plain = price.rates(ServiceTier::Standard, input_tokens);
    Some(plain.dearer(price.rates(asked, input_tokens)))
}

/// What many cost at most, where each has a known maximum; none of them cost nothing.
fn most(count: u64, each: Option<u64>) -> Option<u128> {
    match (count, each) {
        (0, _) => Some(0),
        (_, each) => each.map(|each| u128::from(count) * u128::from(each)),
    }
}

// === impl Committed ===

impl Committed {
    fn of(price: &Price, call: &Call) -> Result<Self, NoBound> {
        let searches = searches(call)?;
        let fee = most(searches, price.web_search.map(|fee| fee.picos()));
        let tokens = Tokens::of(&price.limits, &call.input, searches)?;
        let rates = dearest(price, call.tier, tokens.all()).ok_or(NoBound::Unpriced)?;
        if call.input.audio_bytes > 0 && rates.audio_input.is_none() {
            return Err(NoBound::Unpriced);
        }
        let output_token = u128::from(rates.dearest_output().picos());
        Ok(Self {
            input: tokens.cost(&rates).ok_or(NoBound::Overflow)?,
            fees: fee.ok_or(NoBound::Unpriced)?,
            output_token: output_token * u128::from(call.choices.max(1)),
        })
    }

    /// The whole, with this output cap.
    fn with(&self, cap: u64) -> Option<Usd> {
        let output = self.output_token.checked_mul(cap.into())?;
        Picos(self.input.checked_add(self.fees)?.checked_add(output)?).round_up()
    }
}

// === impl Tokens ===

impl Tokens {
    fn of(limits: &Limits, size: &InputSize, searches: u64) -> Result<Self, NoBound> {
        let prompts = u128::from(size.prompts.max(1));
        let window = limits.context_window.map(|window| u128::from(window) * prompts);
        let rereads = searches.max(size.rereads);
        if rereads > 0 {
            // What a tool finds is input of one more pass over the whole conversation.
            let what = if searches > 0 { "web_search" } else { "what a tool of the vendor finds" };
            let what = Wording::new(what);
            let window = window.ok_or(NoBound::UnboundedInput { what })?;
            return Ok(Self::any(window.saturating_mul(u128::from(rereads) + 1)));
        }
        match (Self::shown(limits, size), window) {
            (Ok(tokens), window) => Ok(Self { most: window.unwrap_or(u128::MAX), ..tokens }),
            (Err(_), Some(window)) => Ok(Self::any(window)),
            (Err(what), None) => Err(NoBound::UnboundedInput { what }),
        }
    }

    /// Tokens as far as the request shows them, or what hides them.
    fn shown(limits: &Limits, size: &InputSize) -> Result<Self, Wording> {
        size.by_reference.clone().map_or(Ok(()), Err)?;
        let images = most(size.images, limits.image).ok_or(Wording::new("image"))?;
        let pages = most(size.pages, limits.page).ok_or(Wording::new("document"))?;
        let framing = u128::from(size.parts) * u128::from(limits.framing_part)
            + u128::from(limits.framing_call);
        let text = [framing, images, pages]
            .into_iter()
            .fold(u128::from(size.text_bytes), u128::saturating_add);
        let audio = u128::from(size.audio_bytes.div_ceil(AUDIO_BYTES_PER_TOKEN));
        Ok(Self { text, audio, most: u128::MAX })
    }

    /// Tokens of whatever kind.
    const fn any(most: u128) -> Self {
        Self { text: most, audio: most, most }
    }

    fn all(self) -> u128 {
        self.text.saturating_add(self.audio).min(self.most)
    }

    /// The most these can cost in pico-USD: the dearer kind first, the other one while there is
    /// room. Where audio has no rate there is none of it.
    fn cost(self, rates: &Rates) -> Option<u128> {
        let text = (rates.dearest_input(), self.text);
        let audio = (rates.audio_input.unwrap_or_default(), self.audio);
        let (dear, cheap) = if audio.0 > text.0 { (audio, text) } else { (text, audio) };
        let first = dear.1.min(self.most);
        let second = cheap.1.min(self.most - first);
        let dear_cost = first.checked_mul(dear.0.picos().into())?;
        dear_cost.checked_add(second.checked_mul(cheap.0.picos().into())?)
    }
}

#[cfg(test)]
mod tests;
