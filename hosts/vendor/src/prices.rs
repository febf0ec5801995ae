//! The vendor's own price list: USD per million tokens as published in autumn 2026. It must never
//! be generated from, or compared with, the price book of the gateway under test.

use rust_decimal::Decimal;

/// Who publishes a model, and so which wire format it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
    /// Chats of Cohere's second version.
    Cohere,
    /// Chats of Ollama.
    Ollama,
}

/// USD per million tokens, by kind.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Prompt tokens read afresh.
    pub input: Decimal,
    /// Prompt tokens read from the cache.
    pub cached: Decimal,
    /// Prompt tokens written to the five-minute cache.
    pub cache_write_5m: Decimal,
    /// Prompt tokens written to the one-hour cache.
    pub cache_write_1h: Decimal,
    /// Generated tokens, reasoning included.
    pub output: Decimal,
}

/// Other rates for the whole call once its prompt is longer than `above` tokens.
#[derive(Debug, Clone, Copy)]
pub struct LongPrompt {
    /// The longest prompt that still pays the ordinary rates, cached tokens included.
    pub above: u64,
    /// What every token of a longer call costs.
    pub rates: Rates,
}

/// One line of the list.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// The name callers use.
    pub name: &'static str,
    /// The dated name the vendor answers with.
    pub snapshot: &'static str,
    /// Who publishes it.
    pub maker: Maker,
    /// What a call pays.
    pub rates: Rates,
    /// What a call with a long prompt pays, where that differs.
    pub long: Option<LongPrompt>,
    /// The most tokens one answer can have, as published.
    pub max_output: u64,
}

impl Model {
    /// Whether the model refuses the older `max_tokens` (OpenAI's reasoning models do).
    #[must_use]
    pub fn wants_max_completion_tokens(&self) -> bool {
        self.name.starts_with("gpt-5") || self.name.starts_with('o')
    }
}

/// The line for a model's name: listed, or a listed name with a date or `-latest` behind it.
#[must_use]
pub fn find(maker: Maker, asked: &str) -> Option<&'static Model> {
    let of = |name: &str| MODELS.iter().find(|model| model.maker == maker && model.name == name);
    of(asked).or_else(|| of(undated(asked)?))
}

/// The models of one maker, in list order.
pub fn of_maker(maker: Maker) -> impl Iterator<Item = &'static Model> {
    MODELS.iter().filter(move |model| model.maker == maker)
}

/// `name-2024-08-06`, `name-20250929` and `name-latest` without their tails.
fn undated(asked: &str) -> Option<&str> {
    if let Some(name) = asked.strip_suffix("-latest") {
        return Some(name);
    }
    ["-9999-99-99", "-99999999"].into_iter().find_map(|shape| {
        let (name, tail) = asked.split_at_checked(asked.len().checked_sub(shape.len())?)?;
        has_shape(tail, shape).then_some(name)
    })
}

/// Whether a text is the shape with some digit for each nine.
fn has_shape(text: &str, shape: &str) -> bool {
    let digits = |letter: char| if letter.is_ascii_digit() { '9' } else { letter };
    text.chars().map(digits).eq(shape.chars())
}

/// A price written as a decimal string; a malformed one does not compile.
const fn usd(text: &str) -> Decimal {
    let mut rest = text.as_bytes();
    let mut units: u32 = 0;
    let mut scale: u32 = 0;
    let mut behind_point = false;
    while let [byte, tail @ ..] = rest {
        if *byte == b'.' {
            assert!(!behind_point, "a price has one point");
            behind_point = true;
        } else {
            assert!(byte.is_ascii_digit(), "a price is digits and a point");
            units = units * 10 + (*byte - b'0') as u32;
            scale += behind_point as u32;
        }
        rest = tail;
    }
    Decimal::from_parts(units, 0, 0, false, scale)
}

const fn openai(input: &str, cached: &str, output: &str) -> Rates {
    openai_with_writes(input, cached, input, output)
}

const fn openai_with_writes(input: &str, cached: &str, write: &str, output: &str) -> Rates {
    Rates {
        input: usd(input),
        cached: usd(cached),
        cache_write_5m: usd(write),
        cache_write_1h: usd(write),
        output: usd(output),
    }
}

/// Order: input, cached, five-minute write, one-hour write, output.
const fn anthropic([input, cached, write_5m, write_1h, output]: [&str; 5]) -> Rates {
    Rates {
        input: usd(input),
        cached: usd(cached),
        cache_write_5m: usd(write_5m),
        cache_write_1h: usd(write_1h),
        output: usd(output),
    }
}

const fn line(
    maker: Maker,
    name: &'static str,
    snapshot: &'static str,
    max_output: u64,
    rates: Rates,
) -> Model {
    Model { name, snapshot, maker, rates, long: None, max_output }
}

const fn long(model: Model, above: u64, rates: Rates) -> Model {
    Model { long: Some(LongPrompt { above, rates }), ..model }
}

use Maker::{Anthropic as A, Cohere, Ollama, OpenAi as O};

const OPUS: Rates = anthropic(["5", "0.5", "6.25", "10", "25"]);
const SONNET: Rates = anthropic(["3", "0.3", "3.75", "6", "15"]);
const SONNET_LONG: Rates = anthropic(["6", "0.6", "7.5", "12", "22.5"]);

static MODELS: &[Model] = &[
    // The first snapshot of gpt-4o kept its first price, and knows no cached rate.
    line(O, "gpt-4o-2024-05-13", "gpt-4o-2024-05-13", 4_096, openai("5", "5", "15")),
    line(O, "gpt-4o", "gpt-4o-2024-08-06", 16_384, openai("2.5", "1.25", "10")),
    line(O, "gpt-4o-mini", "gpt-4o-mini-2024-07-18", 16_384, openai("0.15", "0.075", "0.6")),
    line(O, "gpt-4.1", "gpt-4.1-2025-04-14", 32_768, openai("2", "0.5", "8")),
    line(O, "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 32_768, openai("0.4", "0.1", "1.6")),
    line(O, "gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", 32_768, openai("0.1", "0.025", "0.4")),
    line(O, "gpt-5", "gpt-5-2025-08-07", 128_000, openai("1.25", "0.125", "10")),
    line(O, "gpt-5-mini", "gpt-5-mini-2025-08-07", 128_000, openai("0.25", "0.025", "2")),
    line(O, "gpt-5-nano", "gpt-5-nano-2025-08-07", 128_000, openai("0.05", "0.005", "0.4")),
    line(O, "gpt-5.1", "gpt-5.1-2025-11-13", 128_000, openai("1.25", "0.125", "10")),
    line(O, "gpt-5.2", "gpt-5.2-2025-12-11", 128_000, openai("1.75", "0.175", "14")),
    long(
        line(O, "gpt-5.4", "gpt-5.4-2026-03-05", 128_000, openai("2.5", "0.25", "15")),
        272_000,
        openai("5", "0.5", "22.5"),
    ),
    line(O, "gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", 128_000, openai("0.75", "0.075", "4.5")),
    line(O, "gpt-5.4-nano", "gpt-5.4-nano-2026-03-17", 128_000, openai("0.2", "0.02", "1.25")),
    line(O, "gpt-5.5", "gpt-5.5-2026-04-23", 128_000, openai("5", "0.5", "30")),
    long(
        line(
            O,
            "gpt-5.6-sol",
            "gpt-5.6-sol",
            128_000,
            openai_with_writes("5", "0.5", "6.25", "30"),
        ),
        272_000,
        openai_with_writes("10", "1", "12.5", "45"),
    ),
    long(
        line(
            O,
            "gpt-5.6-terra",
            "gpt-5.6-terra",
            128_000,
            openai_with_writes("2", "0.2", "2.5", "12"),
        ),
        272_000,
        openai_with_writes("4", "0.4", "5", "18"),
    ),
    long(
        line(
            O,
            "gpt-5.6-luna",
            "gpt-5.6-luna",
            128_000,
            openai_with_writes("0.2", "0.02", "0.25", "1.2"),
        ),
        272_000,
        openai_with_writes("0.4", "0.04", "0.5", "1.8"),
    ),
    line(O, "gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct", 4_096, openai("1.5", "1.5", "2")),
    line(O, "davinci-002", "davinci-002", 4_096, openai("2", "2", "2")),
    line(O, "babbage-002", "babbage-002", 4_096, openai("0.4", "0.4", "0.4")),
    line(Cohere, "command-a-03-2025", "command-a-03-2025", 8_000, openai("2.5", "2.5", "10")),
    // What a machine of one's own may be reckoned at.
    line(Ollama, "llama3.2", "llama3.2", 8_192, openai("0.05", "0.05", "0.2")),
    // The most output of these is never asked for: no answer has any.
    line(O, "text-embedding-3-small", "text-embedding-3-small", 1, openai("0.02", "0.02", "0")),
    line(O, "text-embedding-3-large", "text-embedding-3-large", 1, openai("0.13", "0.13", "0")),
    line(O, "text-embedding-ada-002", "text-embedding-ada-002", 1, openai("0.1", "0.1", "0")),
    line(O, "o3", "o3-2025-04-16", 100_000, openai("2", "0.5", "8")),
    line(O, "o4-mini", "o4-mini-2025-04-16", 100_000, openai("1.1", "0.275", "4.4")),
    line(
        A,
        "claude-3-5-haiku",
        "claude-3-5-haiku-20241022",
        8_192,
        anthropic(["0.8", "0.08", "1", "1.6", "4"]),
    ),
    line(
        A,
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
        64_000,
        anthropic(["1", "0.1", "1.25", "2", "5"]),
    ),
    long(
        line(A, "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 64_000, SONNET),
        200_000,
        SONNET_LONG,
    ),
    line(A, "claude-sonnet-4-6", "claude-sonnet-4-6", 128_000, SONNET),
    // The rise to 3 and 15 that was announced for September 2026 was called off:
    // https://platform.claude.com/docs/en/models/sonnet-5/overview
    line(
        A,
        "claude-sonnet-5",
        "claude-sonnet-5",
        128_000,
        anthropic(["2", "0.2", "2.5", "4", "10"]),
    ),
    line(
        A,
        "claude-opus-4-1",
        "claude-opus-4-1-20250805",
        32_000,
        anthropic(["15", "1.5", "18.75", "30", "75"]),
    ),
    line(A, "claude-opus-4-5", "claude-opus-4-5-20251101", 64_000, OPUS),
    line(A, "claude-opus-4-6", "claude-opus-4-6", 128_000, OPUS),
    line(A, "claude-opus-4-7", "claude-opus-4-7", 128_000, OPUS),
    line(A, "claude-opus-4-8", "claude-opus-4-8", 128_000, OPUS),
    line(A, "claude-opus-5", "claude-opus-5", 128_000, OPUS),
    line(
        A,
        "claude-fable-5",
        "claude-fable-5",
        128_000,
        anthropic(["10", "1", "12.5", "20", "50"]),
    ),
];

#[cfg(test)]
mod tests;
