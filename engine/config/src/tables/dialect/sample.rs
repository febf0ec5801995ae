//! `[[dialect.endpoint.sample]]`: answers of the vendor, by which the rules are checked whenever
//! the file is read.

use reins_dialects::{EndpointRules, Found, Pointer, sample_usage};
use reins_governor::{Tokens, Usage};

use crate::reader::{Reader, Spellings};
use crate::value::Value;

/// Counts that a sample may say.
const COUNTS: [Spellings; 4] = [&["input"], &["output"], &["cached"], &["reasoning"]];

/// More tokens than any answer has.
const TOKENS_MAX: u64 = 1 << 32;

/// What a sample says of itself.
struct Sample<'a> {
    answer: Value<'a>,
    stream: bool,
    usage: Usage,
}

/// Checks the samples: one in one piece, and one of a stream where there can be any.
pub(super) fn check(
    endpoint: &Reader<'_>,
    samples: Option<&Value<'_>>,
    rules: &EndpointRules,
    error: &Pointer,
) -> Option<()> {
    let streams = rules.stream.is_some();
    let tables = samples.map(Value::tables).unwrap_or_default();
    let all = tables.len();
    let read: Vec<_> = tables.into_iter().filter_map(sample).collect();
    if read.len() < all {
        return None;
    }
    for (stream, kind) in [(false, "in one piece"), (true, "that is a stream")] {
        if (!stream || streams) && !read.iter().any(|sample| sample.stream == stream) {
            let what = format!("no sample shows an answer {kind}");
            let hint = format!(
                "add one from the vendor's documentation: [[dialect.endpoint.sample]] {}answer = \
                 '''…''' usage = {{ input = 5, output = 418 }}",
                if stream { "stream = true " } else { "" }
            );
            endpoint.place.at_odds(what, hint);
            return None;
        }
    }
    let right: Vec<_> = read.iter().filter_map(|sample| holds(sample, rules, error)).collect();
    (right.len() == all).then_some(())
}

fn sample(mut table: Reader<'_>) -> Option<Sample<'_>> {
    let hint = "show an answer of the vendor, as it comes: answer = '''{…}'''";
    let answer = table.required(&["answer"], hint, |value| value.text().map(|_| value.clone()));
    let stream = table.defaulted(&["stream"], false, Value::flag);
    let hint = "say what is charged for it: usage = { input = 5, output = 418 }";
    let usage = table.required(&["usage"], hint, usage);
    Some(Sample { answer: answer?, stream: stream?, usage: usage? })
}

/// Counts as they are charged: `input` without what was cached.
fn usage(value: &Value<'_>) -> Option<Usage> {
    let mut table = value.table()?;
    let tokens = |value: &Value<'_>| value.whole(0..=TOKENS_MAX).map(Tokens);
    let count = |spellings| table.defaulted(spellings, Tokens::default(), tokens);
    let [input, output, cached, reasoning] = COUNTS.map(count);
    let (input, output, cached, reasoning) = (input?, output?, cached?, reasoning?);
    Some(Usage { input, output, cached, reasoning, ..Usage::default() })
}

/// What the rules read must be what the sample says.
fn holds(sample: &Sample<'_>, rules: &EndpointRules, error: &Pointer) -> Option<()> {
    let answer = sample.answer.as_text()?.as_bytes();
    let read = match sample_usage(rules, error, sample.stream, answer) {
        Ok(Found::Usage(usage)) if usage == sample.usage => return Some(()),
        Ok(Found::Usage(usage)) => format!("the rules read {}", shown(&usage)),
        Ok(Found::Missing) => "the rules read no usage out of it".to_owned(),
        Ok(Found::Absurd(count)) => format!("the rules read no believable `{count}` out of it"),
        Err(error) => return sample.answer.bad(error.to_string(), error.hint()),
    };
    let what = format!("{read}, and the sample says {}", shown(&sample.usage));
    let hint = if sample.stream {
        "see whether `stream` names the last piece, and where that has its counts"
    } else {
        "see whether the pointers in `usage` lead to where this answer has its counts"
    };
    sample.answer.bad(what, hint)
}

fn shown(usage: &Usage) -> String {
    let Usage { input, output, cached, reasoning, .. } = usage;
    let mut text = format!("input = {input}, output = {output}");
    for (name, count) in [("cached", cached), ("reasoning", reasoning)] {
        if count.get() > 0 {
            text.push_str(&format!(", {name} = {count}"));
        }
    }
    text
}
