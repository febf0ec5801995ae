//! What the vendor is going to generate for one call, settled before the first byte is written.

use std::ops::Range;

use crate::ask::Ask;
use crate::bill::Usage;
use crate::claim::Claim;
use crate::clock::epoch_seconds;
use crate::desk::Desk;
use crate::dialect::Dialect;
use crate::prices::{self, Model};
use crate::refusal::Refusal;
use crate::script::Script;

/// The most chunks of one answer: more than any real one has, few enough to keep in memory.
const MOST_CHUNKS: u64 = 100_000;

/// One call's answer.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) dialect: Dialect,
    /// The part of every id of this call that no other call has.
    pub(crate) unique: String,
    pub(crate) created: u64,
    /// The model as asked for.
    pub(crate) asked: String,
    /// The model that answers, and is billed.
    pub(crate) model: &'static Model,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// The truth, over all choices.
    pub(crate) usage: Usage,
    pub(crate) claim: Claim,
    pub(crate) choices: u64,
    /// Tokens of one choice: first those spent on reasoning, then those written.
    pub(crate) reasoning: u64,
    pub(crate) visible: u64,
    pub(crate) finish: Finish,
    pub(crate) chunks: u64,
}

/// Why an answer ends.
#[derive(Debug)]
pub(crate) enum Finish {
    Stop,
    /// The cap was reached.
    Length,
    /// It is a call of this tool; the name is JSON, quotes included.
    Tool(String),
}

impl Plan {
    pub(crate) fn make(
        desk: &Desk,
        dialect: Dialect,
        ask: &Ask<'_>,
        script: &Script,
        body_bytes: usize,
    ) -> Result<Self, Refusal> {
        let asked = prices::find(dialect.maker(), &ask.model)
            .ok_or_else(|| dialect.unknown_model(&ask.model))?;
        let wanted =
            script.output.unwrap_or(desk.options.output_tokens).saturating_add(script.reasoning);
        let total = wanted.min(dialect.cap(ask, asked)?);
        let reasoning = script.reasoning.min(total);
        let choices = dialect.choices(ask);
        Ok(Self {
            dialect,
            unique: desk.unique(),
            created: epoch_seconds(),
            asked: ask.model.clone().into_owned(),
            model: answering(dialect, script, asked)?,
            stream: dialect.streams(ask),
            include_usage: ask.include_usage(),
            usage: Usage {
                output: total.saturating_mul(dialect.made(ask)),
                reasoning: reasoning.saturating_mul(choices),
                ..prompt(script, dialect.input(ask, body_bytes))
            },
            claim: script.claim,
            choices,
            reasoning,
            visible: total - reasoning,
            finish: finish(script, ask, wanted > total),
            chunks: script.chunks.unwrap_or(desk.options.chunks).clamp(1, MOST_CHUNKS),
        })
    }

    /// The id of the call.
    pub(crate) fn id(&self) -> String {
        self.dialect.call_id(&self.unique)
    }

    /// The tokens of each content chunk of a choice; none is empty.
    pub(crate) fn chunk_tokens(&self) -> impl Iterator<Item = Range<u64>> {
        let (visible, chunks) = (self.visible, self.chunks.min(self.visible));
        // Written in two steps: `visible × chunk` need not fit.
        let (each, rest) = (visible / chunks.max(1), visible % chunks.max(1));
        let start = move |chunk: u64| chunk * each + chunk.min(rest);
        (0..chunks).map(move |chunk| start(chunk)..start(chunk + 1))
    }

    /// Tokens generated over all choices once each has written this many.
    pub(crate) fn generated(&self, visible: u64) -> u64 {
        self.reasoning.saturating_add(visible).saturating_mul(self.choices)
    }
}

/// A script may have another model answer than was asked for.
fn answering(
    dialect: Dialect,
    script: &Script,
    asked: &'static Model,
) -> Result<&'static Model, Refusal> {
    let Some(name) = &script.model else { return Ok(asked) };
    prices::find(dialect.maker(), name).ok_or_else(|| dialect.unknown_model(name))
}

/// Splits the prompt into kinds: cached and written tokens are part of it, never beyond it.
fn prompt(script: &Script, counted: u64) -> Usage {
    let mut input = script.input.unwrap_or(counted);
    let mut take = |wanted: u64| {
        let taken = wanted.min(input);
        input -= taken;
        taken
    };
    let cached = take(script.cached);
    let cache_write_5m = take(script.cache_write_5m);
    let cache_write_1h = take(script.cache_write_1h);
    Usage { input, cached, cache_write_5m, cache_write_1h, output: 0, reasoning: 0 }
}

fn finish(script: &Script, ask: &Ask<'_>, capped: bool) -> Finish {
    if capped {
        return Finish::Length;
    }
    if !script.tool {
        return Finish::Stop;
    }
    let name = ask.first_tool().unwrap_or_else(|| "get_weather".to_owned());
    Finish::Tool(serde_json::Value::String(name).to_string())
}
