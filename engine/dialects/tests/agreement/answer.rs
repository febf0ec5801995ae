//! What is metered of an answer: the same however it is cut, and never more than can be believed.

use jiter::JsonValue;
use reins_dialects::{Dialect, Failure, Family, Found, Head, Metered, Read, Target};
use reins_governor::Usage;

use crate::second::{
    Verdict, ensure, member, members, named_once, number, object, values, whole_characters, word,
};

/// More than any count of tokens that is believed, sums included.
const BELIEVED_MAX: u64 = 1 << 34;

/// A request whose answer is metered.
fn asked(dialect: &dyn Dialect, stream: bool) -> Option<Read> {
    let model =
        if dialect.family().name() == "openai" { "gpt-4o-mini" } else { "claude-sonnet-4-5" };
    let body = format!(r#"{{"model":"{model}","max_tokens":9,"stream":{stream}}}"#);
    let to = Target { vendor: "vendor".into(), connection: "connection".into() };
    let head = Head { path: dialect.path(), query: None };
    Some(dialect.read(&head, body.as_bytes()).ok()?.bind(to))
}

/// However the answer is cut, it tells the same, and that can be believed.
pub(crate) fn holds(dialect: &dyn Dialect, answer: &[u8]) -> Verdict {
    for stream in [false, true] {
        let read = asked(dialect, stream).ok_or("the request is refused")?;
        let meter = |pieces: &[&[u8]]| metered(dialect, &read, pieces);
        let whole = meter(&[answer]);
        for pieces in [bytes(answer), odd(answer)] {
            let cut = meter(&pieces);
            ensure(cut == whole, || format!("in one piece {whole:?}, in pieces {cut:?}"))?;
        }
        believable(&whole)?;
        seen_alike(dialect, answer, &whole)?;
        let (part, _) = answer.split_at(answer.len() / 2);
        let broken = meter(&[part]);
        believable(&broken)?;
        // Another model than the one named first may think unseen.
        let grows = broken.model != whole.model || broken.output_bound <= whole.output_bound;
        ensure(grows, || format!("the output shrinks from {broken:?} to {whole:?}"))?;
    }
    Ok(())
}

fn metered(dialect: &dyn Dialect, read: &Read, pieces: &[&[u8]]) -> Metered {
    let mut meter = dialect.meter(read, &read.call);
    pieces.iter().for_each(|piece| meter.feed(piece));
    meter.finish()
}

/// The bytes one by one.
pub(crate) fn bytes(answer: &[u8]) -> Vec<&[u8]> {
    answer.chunks(1).collect()
}

/// The bytes in pieces whose sizes depend on what is in them.
pub(crate) fn odd(mut answer: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some(first) = answer.first() {
        let size = usize::from(first % 23) + 1;
        let (piece, rest) = answer.split_at(size.min(answer.len()));
        pieces.push(piece);
        answer = rest;
    }
    pieces
}

fn believable(metered: &Metered) -> Verdict {
    let ends = metered.failure.is_none() || !metered.complete;
    ensure(ends, || format!("it failed, and came to its end: {metered:?}"))?;
    let Found::Usage(usage) = &metered.usage else { return Ok(()) };
    let last = metered.complete || metered.failure.is_some();
    ensure(last, || format!("not at its end, and believed: {metered:?}"))?;
    let free = metered.failure == Some(Failure::BeforeOutput) && usage.total_output() > 0;
    ensure(!free, || format!("output is told, and it failed before any: {metered:?}"))?;
    believed(usage)
}

/// No count is larger than any there is, and no part larger than its whole.
pub(crate) fn believed(usage: &Usage) -> Verdict {
    let counts = [usage.total_input(), usage.total_output(), usage.web_searches];
    let small = counts.into_iter().all(|count| count <= BELIEVED_MAX);
    ensure(small && usage.reasoning <= usage.output, || format!("believed: {usage:?}"))
}

/// What is metered of an answer in one piece, the second reader sees in it: the usage, each member
/// of it once, and an error where it failed. Where it sees no JSON, there is nothing to compare.
fn seen_alike(dialect: &dyn Dialect, answer: &[u8], metered: &Metered) -> Verdict {
    let text = whole_characters(answer);
    let Ok(seen) = object(&text) else { return Ok(()) };
    if metered.failure.is_some() {
        let mut members = members(&seen).iter();
        let error = members.any(|(name, value)| name == "error" && says_something(value));
        let named = dialect.family().name() == "anthropic" && word(&seen, "type") == Some("error");
        ensure(error || named, || format!("it failed out of nothing: {metered:?}"))?;
    }
    let Found::Usage(usage) = &metered.usage else { return Ok(()) };
    named_once(&seen, &["usage"])?;
    tokens_are(dialect.family(), member(&seen, "usage").ok_or("usage out of nothing")?, usage)
}

/// Whether a value is more than what vendors write where there is no error.
fn says_something(value: &JsonValue<'_>) -> bool {
    match value {
        JsonValue::Null | JsonValue::Bool(false) => false,
        JsonValue::Str(text) => !text.is_empty(),
        JsonValue::Array(_) => !values(value).is_empty(),
        JsonValue::Object(_) => !members(value).is_empty(),
        _ => true,
    }
}

/// A usage has as many tokens as the second reader sees in the vendor's object.
pub(crate) fn tokens_are(family: &dyn Family, seen: &JsonValue<'_>, usage: &Usage) -> Verdict {
    each_named_once(seen)?;
    let count = |name| number(seen, name);
    let (input, output) = if family.name() == "openai" {
        let input = count("prompt_tokens").or(count("input_tokens"));
        (input, count("completion_tokens").or(count("output_tokens")))
    } else {
        let cached = count("cache_read_input_tokens").unwrap_or(0) + written(seen);
        (count("input_tokens").map(|input| input + cached), count("output_tokens"))
    };
    let all = input == Some(usage.total_input())
        && output.map_or(usage.total_output() == 0, |output| output <= usage.total_output());
    ensure(all, || format!("{input:?} and {output:?} are read as {usage:?}"))
}

/// No member of an object is named twice, at any depth.
fn each_named_once(value: &JsonValue<'_>) -> Verdict {
    for (name, inner) in members(value) {
        named_once(value, &[name])?;
        each_named_once(inner)?;
    }
    values(value).iter().try_for_each(each_named_once)
}

/// Tokens written to Anthropic's cache: their sum, or what is split.
fn written(seen: &JsonValue<'_>) -> u64 {
    let split = || {
        let split = member(seen, "cache_creation")?;
        let lives = ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"];
        Some(lives.into_iter().filter_map(|life| number(split, life)).sum())
    };
    number(seen, "cache_creation_input_tokens").or_else(split).unwrap_or(0)
}
