//! Usage as `OpenAI` and its kin write it: cached tokens are inside the prompt's, reasoning inside
//! the completion's, and where a total counts more, the rest was thought.

use reins_governor::{ServiceTier, Usage};
use serde_json::Value;

use crate::Found;
use crate::tokens::{Absurd, Object, count, count_in, first, object};

/// The members of a usage that are read, and those of the objects in it.
pub(super) const FIELDS: [&str; 15] = [
    "prompt_tokens",
    "input_tokens",
    "completion_tokens",
    "output_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "input_tokens_details",
    "completion_tokens_details",
    "output_tokens_details",
    "cached_tokens",
    "cache_write_tokens",
    "audio_tokens",
    "reasoning_tokens",
    "prompt_cache_hit_tokens",
    "service_tier",
];

/// The tier that a word names; `None` for a word that is not known.
pub(super) fn tier(word: &str) -> Option<ServiceTier> {
    match word {
        "auto" | "default" | "standard" | "scale" | "on_demand" => Some(ServiceTier::Standard),
        "flex" => Some(ServiceTier::Flex),
        "priority" | "fast" => Some(ServiceTier::Priority),
        "batch" => Some(ServiceTier::Batch),
        _ => None,
    }
}

/// The usage that an object tells, whichever of the endpoints it comes from: one whose total is its
/// prompt has no output.
pub(super) fn from_json(json: &[u8]) -> Found {
    let told = |usage: &Object| {
        let total = count(usage, "total_tokens")?;
        let is_prompt = total.is_some() && total == count(usage, "prompt_tokens")?;
        if is_prompt { read_input(usage) } else { read(usage) }
    };
    object(json).and_then(|usage| usage.as_ref().map_or(Ok(None), told)).into()
}

/// The usage of an answer with output.
pub(super) fn read(usage: &Object) -> Result<Option<Usage>, Absurd> {
    read_or(usage, None)
}

/// The usage of an answer that has no output of its own to count.
pub(super) fn read_input(usage: &Object) -> Result<Option<Usage>, Absurd> {
    read_or(usage, Some(0))
}

/// `unsaid` stands for the output where no count of it is there.
fn read_or(usage: &Object, unsaid: Option<u64>) -> Result<Option<Usage>, Absurd> {
    let prompt = first([count(usage, "prompt_tokens"), count(usage, "input_tokens")])?;
    let completion = first([count(usage, "completion_tokens"), count(usage, "output_tokens")])?;
    let (Some(prompt), Some(completion)) = (prompt, completion.or(unsaid)) else {
        return Ok(None);
    };
    let input = input(usage, prompt)?;
    let output = output(usage, prompt, completion)?;
    let word = usage.get("service_tier").and_then(Value::as_str);
    Ok(Some(Usage {
        output: output.output,
        reasoning: output.reasoning,
        audio_output: output.audio_output,
        tier: word.and_then(tier).unwrap_or_default(),
        ..input
    }))
}

/// Audio that was cached is charged as audio: a prompt counts it in both.
fn input(usage: &Object, prompt: u64) -> Result<Usage, Absurd> {
    let detail = |field| {
        let details = ["prompt_tokens_details", "input_tokens_details"];
        first(details.map(|within| count_in(usage, within, field)))
    };
    let cached = first([detail("cached_tokens"), count(usage, "prompt_cache_hit_tokens")])?;
    let cached = cached.unwrap_or(0);
    let cache_write = detail("cache_write_tokens")?.unwrap_or(0);
    let audio_input = detail("audio_tokens")?.unwrap_or(0);
    let new = prompt.checked_sub(cached).ok_or(Absurd("cached_tokens"))?;
    let new = new.checked_sub(cache_write).ok_or(Absurd("cache_write_tokens"))?;
    let text = prompt.checked_sub(audio_input).ok_or(Absurd("audio_tokens"))?;
    let cached = cached.min(text);
    let cache_write = cache_write.min(text.saturating_sub(cached));
    let input = new.min(text.saturating_sub(cached).saturating_sub(cache_write));
    Ok(Usage { input, cached, cache_write, audio_input, ..Usage::default() })
}

fn output(usage: &Object, prompt: u64, completion: u64) -> Result<Usage, Absurd> {
    let details = ["completion_tokens_details", "output_tokens_details"];
    let reasoning = first(details.map(|within| count_in(usage, within, "reasoning_tokens")))?;
    let reasoning = reasoning.unwrap_or(0);
    let audio = count_in(usage, "completion_tokens_details", "audio_tokens")?.unwrap_or(0);
    let total = count(usage, "total_tokens")?.unwrap_or(0);
    let completion = completion.max(total.saturating_sub(prompt));
    let output = completion.checked_sub(audio).ok_or(Absurd("audio_tokens"))?;
    if reasoning > output {
        return Err(Absurd("reasoning_tokens"));
    }
    Ok(Usage { output, reasoning, audio_output: audio, ..Usage::default() })
}
