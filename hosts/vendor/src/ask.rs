//! A request as the vendor reads it: what is asked, and how many tokens that is by its own count.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::weight::{Weight, bytes};

/// Bytes of text that make a token, by this vendor's count.
const BYTES_PER_TOKEN: u64 = 4;
/// Tokens around each message, and once around the call, as OpenAI's cookbook counts them.
const OVERHEAD_TOKENS: u64 = 3;
/// What any image costs: OpenAI's figure for 1024 × 1024 pixels in high detail.
const IMAGE_TOKENS: u64 = 765;

/// The fields of both dialects that matter; the rest is ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Ask<'a> {
    #[serde(borrow, default)]
    pub(crate) model: Cow<'a, str>,
    pub(crate) stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) max_completion_tokens: Option<u64>,
    pub(crate) n: Option<u64>,
    #[serde(borrow, default)]
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) best_of: Option<u64>,
    options: Option<Options>,
    /// What a completion goes on from, or what embeddings are of.
    #[serde(default)]
    prompt: Value,
    #[serde(default)]
    input: Value,
    #[serde(borrow, default)]
    system: Weight<'a>,
    #[serde(borrow, default)]
    tools: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// Ollama's settings of a model; a number below zero sets no limit.
#[derive(Debug, Deserialize)]
struct Options {
    num_predict: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Weight<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
    /// Ollama's, in base64.
    #[serde(default)]
    images: Vec<IgnoredAny>,
}

/// A tool's name, where OpenAI and where Anthropic put it.
#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl<'a> Ask<'a> {
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    pub(crate) fn include_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true))
    }

    /// The output cap where Ollama has it.
    pub(crate) fn num_predict(&self) -> Option<u64> {
        u64::try_from(self.options.as_ref()?.num_predict?).ok().filter(|cap| *cap > 0)
    }

    /// The text of the first user message.
    pub(crate) fn first_user_text(&self) -> Option<&str> {
        let first = self.messages.iter().find(|message| message.role == "user")?;
        first.content.first_text.as_deref()
    }

    /// The prompt's tokens: a quarter of the text's bytes and a little overhead, never more than
    /// the body has bytes; then the images.
    pub(crate) fn prompt_tokens(&self, body_bytes: usize) -> u64 {
        let raw = |json: Option<&RawValue>| json.map_or(0, |json| bytes(json.get()));
        let mut text = self.system.text_bytes + raw(self.tools);
        let mut images = self.system.images;
        let mut overhead = OVERHEAD_TOKENS;
        for message in &self.messages {
            text += message.content.text_bytes + raw(message.tool_calls);
            images += message.content.images + count(message.images.len());
            overhead += OVERHEAD_TOKENS;
        }
        let body_bytes = u64::try_from(body_bytes).unwrap_or(u64::MAX);
        (text.div_ceil(BYTES_PER_TOKEN) + overhead).min(body_bytes) + images * IMAGE_TOKENS
    }

    /// How many prompts a request without messages has, and their tokens: no overhead is counted.
    pub(crate) fn prompts(&self) -> (u64, u64) {
        let prompt = if self.prompt.is_null() { &self.input } else { &self.prompt };
        let Value::Array(items) = prompt else { return (1, tokens(prompt)) };
        let tokens = items.iter().map(tokens).sum();
        let ids = !items.is_empty() && items.iter().all(Value::is_number);
        (if ids { 1 } else { count(items.len()) }, tokens)
    }

    /// The name of the first tool on offer.
    pub(crate) fn first_tool(&self) -> Option<String> {
        let tools: Vec<Tool<'_>> = serde_json::from_str(self.tools?.get()).ok()?;
        let tool = tools.into_iter().next()?;
        tool.function.map(|function| function.name).or(tool.name).map(Cow::into_owned)
    }
}

/// Tokens of a text, or of their ids.
fn tokens(prompt: &Value) -> u64 {
    match prompt {
        Value::String(text) => bytes(text).div_ceil(BYTES_PER_TOKEN),
        Value::Array(ids) => count(ids.len()),
        Value::Number(_) => 1,
        Value::Null | Value::Bool(_) | Value::Object(_) => 0,
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
