//! Usage as Anthropic writes it: cached tokens stand beside the input's, writes are split by how
//! long they live.

use reins_governor::{ServiceTier, Tokens, Usage};
use serde_json::Value;

use crate::Found;
use crate::tokens::{Absurd, Object, count, count_in, object};

/// The members of a usage that are read, and those of the objects in it.
pub(super) const FIELDS: [&str; 15] = [
    "input_tokens",
    OUTPUT,
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens",
    "output_tokens_details",
    "thinking_tokens",
    "server_tool_use",
    "web_search_requests",
    "speed",
    "service_tier",
    ITERATIONS,
    PLACE,
];

/// The tokens of output.
pub(super) const OUTPUT: &str = "output_tokens";

/// Where the model ran, which the vendor's workspace may have chosen.
const PLACE: &str = "inference_geo";

/// Each pass of a model. The totals count those that wrote the message, and no others.
const ITERATIONS: &str = "iterations";

/// Tokens written to the cache, by how long they live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    short: u64,
    hour: u64,
}

/// The usage that an object tells.
pub(super) fn from_json(json: &[u8]) -> Found {
    object(json).and_then(|usage| read(&usage.unwrap_or_default(), false)).into()
}

/// The usage of an answer. `hour_cache` says how long a write lives that is not split.
pub(super) fn read(usage: &Object, hour_cache: bool) -> Result<Option<Usage>, Absurd> {
    let input = count(usage, "input_tokens")?;
    let output = count(usage, OUTPUT)?;
    let cached = count(usage, "cache_read_input_tokens")?.unwrap_or(0);
    let written = written(usage, hour_cache)?;
    let reasoning = count_in(usage, "output_tokens_details", "thinking_tokens")?.unwrap_or(0);
    let searches = count_in(usage, "server_tool_use", "web_search_requests")?.unwrap_or(0);
    let (Some(input), Some(output)) = (input, output) else { return Ok(None) };
    if has_passes_beside(usage) {
        return Err(Absurd(ITERATIONS));
    }
    if is_elsewhere(usage) {
        return Err(Absurd(PLACE));
    }
    if reasoning > output {
        return Err(Absurd("thinking_tokens"));
    }
    Ok(Some(Usage {
        input: Tokens(input),
        cached: Tokens(cached),
        cache_write: Tokens(written.short),
        cache_write_1h: Tokens(written.hour),
        output: Tokens(output),
        reasoning: Tokens(reasoning),
        web_searches: searches,
        tier: tier(usage),
        ..Usage::default()
    }))
}

/// Whether a pass is told that wrote no message, such as a compaction or another model's advice.
fn has_passes_beside(usage: &Object) -> bool {
    let passes = usage.get(ITERATIONS).and_then(Value::as_array);
    let is_message = |pass: &Value| pass.get("type").and_then(Value::as_str) == Some("message");
    passes.is_some_and(|passes| !passes.iter().all(is_message))
}

/// Whether the model ran where it is dearer than the prices say.
fn is_elsewhere(usage: &Object) -> bool {
    let place = usage.get(PLACE).and_then(Value::as_str);
    place.is_some_and(|place| !matches!(place, "global" | "not_available"))
}

fn written(usage: &Object, hour_cache: bool) -> Result<Written, Absurd> {
    const TOTAL: &str = "cache_creation_input_tokens";
    let total = count(usage, TOTAL)?;
    let short = count_in(usage, "cache_creation", "ephemeral_5m_input_tokens")?;
    let hour = count_in(usage, "cache_creation", "ephemeral_1h_input_tokens")?;
    match (total, short, hour) {
        (None, short, hour) => Ok(Written { short: short.unwrap_or(0), hour: hour.unwrap_or(0) }),
        (Some(total), None, None) if hour_cache => Ok(Written { short: 0, hour: total }),
        (Some(total), _, hour) => {
            let hour = hour.unwrap_or(0);
            let short = total.checked_sub(hour).ok_or(Absurd(TOTAL))?;
            Ok(Written { short, hour })
        }
    }
}

/// Fast mode is dearer whatever the tier.
fn tier(usage: &Object) -> ServiceTier {
    let word = |field| usage.get(field).and_then(Value::as_str);
    match (word("speed"), word("service_tier")) {
        (Some("fast"), _) | (_, Some("priority")) => ServiceTier::Priority,
        (_, Some("batch")) => ServiceTier::Batch,
        _ => ServiceTier::Standard,
    }
}
