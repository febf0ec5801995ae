//! Quotes: one call's price as one line of JSON, or why it has none.

use std::borrow::Cow;

use reins_governor::{Cost, Picos, Usage, Usd};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A call to be priced.
#[derive(Debug, Deserialize)]
pub(crate) struct Question<'a> {
    #[serde(borrow)]
    pub(crate) vendor: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) model: Cow<'a, str>,
    /// The vendor's own object.
    #[serde(borrow)]
    pub(crate) usage: &'a RawValue,
}

/// What a call cost, in dollars.
#[derive(Debug, Serialize)]
pub(crate) struct Quote<'a> {
    /// The sum of the next three, unrounded.
    cost_usd: Picos,
    input_usd: Picos,
    output_usd: Picos,
    fees_usd: Picos,
    /// The sum rounded up: what a budget is charged.
    charge_usd: Usd,
    usage: Usage,
    price_version: &'a str,
}

/// Why a call has no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoQuote {
    #[error("not a line such as {{\"vendor\":\"…\",\"model\":\"…\",\"usage\":{{…}}}}: {0}")]
    Question(String),
    #[error("`{model}` of `{vendor}` has no price: add a [[price]] for it to the file")]
    Unpriced { vendor: String, model: String },
    #[error(
        "a part of what was used has no price for `{model}` of `{vendor}`, such as audio or \
         searches, or the sum is more than can be counted: add a [[price]] with all parts"
    )]
    PartUnpriced { vendor: String, model: String },
    #[error(
        "the usage lacks its counts: give the answer's own object, with prompt_tokens and \
         completion_tokens (OpenAI) or input_tokens and output_tokens (Anthropic)"
    )]
    Missing,
    #[error(
        "`{0}` cannot be believed: counts are whole numbers from 0, and a part is never more than \
         its whole"
    )]
    Absurd(&'static str),
}

/// The line that a question without an answer gets.
#[derive(Serialize)]
struct Unanswered {
    error: String,
}

/// The answer as JSON.
pub(crate) fn line(quote: Result<Quote<'_>, NoQuote>) -> serde_json::Result<String> {
    match quote {
        Ok(quote) => serde_json::to_string(&quote),
        Err(error) => serde_json::to_string(&Unanswered { error: error.to_string() }),
    }
}

// === impl Quote ===

impl<'a> Quote<'a> {
    pub(crate) const fn new(cost: Cost, usage: Usage, price_version: &'a str) -> Self {
        let Cost { input, output, fees, total } = cost;
        let cost_usd = input.plus(output).plus(fees);
        Self {
            cost_usd,
            input_usd: input,
            output_usd: output,
            fees_usd: fees,
            charge_usd: total,
            usage,
            price_version,
        }
    }
}
