//! A price list with few models and round figures.

use std::sync::Arc;

use crate::{Bound, Call, Cost, NoBound, Picos, Prices, Tokens, Usage, Usd};

/// Nano-USD per input and output token of each model. `giant` has a price that no cap can bear.
const MODELS: [(&str, u64, u64); 5] = [
    ("big", 10, 100),
    ("small", 1, 10),
    ("dear", 1_000, 10_000),
    ("free", 0, 0),
    ("giant", 10, u64::MAX / 2_000),
];

#[derive(Debug)]
pub(super) struct Tariff {
    version: Arc<str>,
}

impl Tariff {
    pub(super) fn new() -> Self {
        Self { version: "tariff-1".into() }
    }
}

fn price(model: &str) -> Option<(u64, u64)> {
    let row = MODELS.iter().find(|(name, ..)| *name == model)?;
    Some((row.1 * 1_000, row.2 * 1_000))
}

impl Prices for Tariff {
    fn version(&self) -> &Arc<str> {
        &self.version
    }

    fn bound(&self, call: &Call) -> Result<Bound, NoBound> {
        let (input, output) = price(&call.model).ok_or(NoBound::Unpriced)?;
        if let Some(what) = call.input.by_reference.clone() {
            return Err(NoBound::UnboundedInput { what });
        }
        let output_tokens = call.output_bound().ok_or(NoBound::UnboundedOutput)?;
        let input = Picos::of(call.input.text_bytes, input);
        let total = input.plus(Picos::of(output_tokens.get(), output)).round_up();
        let (Some(input), Some(total)) = (input.round_up(), total) else {
            return Err(NoBound::Overflow);
        };
        Ok(Bound { total, input, output_tokens })
    }

    fn affordable_cap(&self, call: &Call, left: Usd) -> Option<Tokens> {
        let (input, output) = price(&call.model)?;
        let left = left.checked_sub(Picos::of(call.input.text_bytes, input).round_up()?)?;
        (left.nanos() * 1_000).checked_div(output).map(Tokens)
    }

    fn cost(&self, _vendor: &str, model: &str, usage: &Usage) -> Option<Cost> {
        let (input, output) = price(model)?;
        let input = Picos::of(usage.total_input().get(), input);
        let output = Picos::of(usage.total_output().get(), output);
        let total = input.plus(output).round_up()?;
        Some(Cost { input, output, fees: Picos::default(), total })
    }
}
