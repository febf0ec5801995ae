//! Counts of one answer: they never fall, and what is named twice is no count.

use reins_governor::Usage;

use super::{dialects, metered};
use crate::{ChatCompletions, Dialect, Found, Messages, usage_from_json};

fn openai(usages: &[&str]) -> Found {
    let chunk = |usage: &&str| format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n");
    let text: String = usages.iter().map(chunk).collect();
    metered(&ChatCompletions, true, [(text + "data: [DONE]\n\n").as_bytes()]).usage
}

fn anthropic(start: &str, usages: &[&str]) -> Found {
    let event =
        |usage: &&str| format!("data: {{\"type\":\"message_delta\",\"usage\":{usage}}}\n\n");
    let deltas: String = usages.iter().map(event).collect();
    let start =
        format!("data: {{\"type\":\"message_start\",\"message\":{{\"usage\":{start}}}}}\n\n");
    let text = start + &deltas + "data: {\"type\":\"message_stop\"}\n\n";
    metered(&Messages, true, [text.as_bytes()]).usage
}

#[test]
fn a_smaller_count_takes_nothing_back() {
    let used = |input, cached, output, reasoning| {
        Found::Usage(Usage { input, cached, output, reasoning, ..Usage::default() })
    };
    let full = r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}"#;
    let zero = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}"#;
    for (usages, expected) in [
        (&[full, zero][..], used(6, 4, 5, 2)),
        (&[zero, full], used(6, 4, 5, 2)),
        (&[full, "{}", "null"], used(6, 4, 5, 2)),
        (&[full, r#"{"prompt_tokens":10,"completion_tokens":9}"#], used(6, 4, 9, 2)),
        (
            &[full, r#"{"prompt_tokens":10,"completion_tokens":-1}"#],
            Found::Absurd("completion_tokens"),
        ),
        (&[r#"{"prompt_tokens":-1,"completion_tokens":1}"#, full], Found::Absurd("prompt_tokens")),
        (&[full, r#"{"prompt_tokens":"0"}"#, full], Found::Absurd("prompt_tokens")),
        (
            &[full, r#"{"prompt_tokens_details":{"cached_tokens":[]}}"#, full],
            Found::Absurd("cached_tokens"),
        ),
        (
            &[full, r#"{"prompt_tokens_details":0}"#],
            Found::Usage(Usage {
                input: 6,
                cached: 4,
                output: 5,
                reasoning: 2,
                ..Usage::default()
            }),
        ),
        (&["[]", full], Found::Absurd("usage")),
    ] {
        assert_eq!(openai(usages), expected, "{usages:?}");
    }
}

#[test]
fn a_start_and_its_deltas_come_to_the_largest_of_each_count() {
    let full = r#"{"input_tokens":10,"cache_read_input_tokens":7,"output_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":3}}"#;
    let zero = r#"{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0,"cache_creation":{"ephemeral_1h_input_tokens":0}}"#;
    let all = Usage { input: 10, cached: 7, cache_write_1h: 3, output: 5, ..Usage::default() };
    for (start, deltas) in [
        (full, &[r#"{"output_tokens":5}"#][..]),
        (zero, &[full]),
        (full, &[full, zero]),
        ("null", &[full, zero]),
        (full, &[r#"{"output_tokens":1}"#, r#"{"output_tokens":5}"#, r#"{"output_tokens":4}"#]),
    ] {
        assert_eq!(anthropic(start, deltas), Found::Usage(all), "{start} {deltas:?}");
    }
    // The start's own count of output is a placeholder, however large.
    let most = r#"{"input_tokens":10,"output_tokens":900}"#;
    let found = anthropic(most, &[r#"{"output_tokens":5}"#]);
    assert!(matches!(found, Found::Usage(usage) if usage.output == 5), "{found:?}");
}

/// A usage in each dialect, with a mark where a member may be put in.
const USAGES: [(&dyn Dialect, &str, &str); 2] = [
    (
        &ChatCompletions,
        r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14@}"#,
        "completion_tokens",
    ),
    (
        &Messages,
        r#"{"input_tokens":9,"output_tokens":5,"service_tier":"standard"@}"#,
        "output_tokens",
    ),
];

#[test]
fn a_count_that_is_named_twice_is_none() {
    for (dialect, usage, output) in USAGES {
        let escaped = output.replacen('_', r"\u005f", 1);
        let all: String = output.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for name in [output, &escaped, &all] {
            for value in ["0", "5", "null"] {
                let twice = usage.replace('@', &format!(r#","{name}":{value}"#));
                let found = usage_from_json(dialect.family().name(), twice.as_bytes());
                assert_eq!(found, Found::Absurd("usage"), "{twice}");
                let whole = format!(r#"{{"type":"message","usage":{twice}}}"#);
                assert_eq!(metered(dialect, false, [whole.as_bytes()]).usage, found, "{whole}");
            }
        }
        let nested = usage.replace('@', r#","details":{"a":1,"a":1}"#);
        assert_eq!(dialect.family().usage(nested.as_bytes()), Found::Absurd("usage"), "{nested}");
        let once = usage.replace('@', r#","details":{"a":1,"b":1},"other":{"a":1}"#);
        assert!(matches!(dialect.family().usage(once.as_bytes()), Found::Usage(_)), "{once}");
    }
    let twice = r#"{"input_tokens":9,"output_tokens":5,"output_tokens":0}"#;
    let right = r#"{"input_tokens":9,"output_tokens":5}"#;
    assert_eq!(anthropic("{}", &[twice]), Found::Absurd("usage"));
    assert_eq!(anthropic("{}", &[twice, right]), Found::Absurd("usage"));
    assert_eq!(
        anthropic(r#"{"input_tokens":9,"input_tokens":1}"#, &[right]),
        Found::Absurd("message")
    );
}

#[test]
fn a_usage_that_is_there_twice_is_none() {
    for dialect in dialects() {
        let usage = r#"{"input_tokens":9,"output_tokens":5}"#;
        let zero = r#"{"input_tokens":0,"output_tokens":0}"#;
        for again in [r#""usage""#, r#""us\u0061ge""#] {
            for (one, other) in [(usage, zero), (zero, usage), ("null", usage)] {
                let whole = format!(r#"{{"type":"message","usage":{one},{again}:{other}}}"#);
                let found = metered(dialect, false, [whole.as_bytes()]).usage;
                assert_eq!(found, Found::Absurd("usage"), "{whole}");
            }
        }
    }
}

#[test]
fn an_answer_comes_in_the_shape_it_has_whatever_was_asked() {
    let used = Found::Usage(Usage { input: 9, output: 5, ..Usage::default() });
    for (dialect, usage, _) in USAGES {
        let usage = usage.replace('@', "");
        let whole = format!(r#"{{"type":"message","choices":[],"usage":{usage}}}"#);
        let start = r#"data: {"type":"message_start","message":{}}"#;
        let delta = format!(r#"data: {{"type":"message_delta","choices":[],"usage":{usage}}}"#);
        let events = format!(
            "{start}\n\n{delta}\n\ndata: {{\"type\":\"message_stop\"}}\n\ndata: [DONE]\n\n"
        );
        for text in [format!("\n {whole}"), whole, events] {
            for stream in [true, false] {
                let metered = metered(dialect, stream, [text.as_bytes()]);
                assert_eq!((metered.usage, metered.complete), (used, true), "{text}");
            }
        }
    }
}

/// Usage beside the reason for which a choice finished is that of all choices only where there is
/// one.
#[test]
fn usage_at_the_finish_of_one_of_several_choices_is_not_final() {
    let usage = r#""usage":{"prompt_tokens":9,"completion_tokens":5}"#;
    let chunk = |index, delta: &str, finish: &str| {
        format!(
            r#"data: {{"choices":[{{"index":{index},"delta":{delta},"finish_reason":{finish}}}],{usage}}}"#
        ) + "\n\n"
    };
    let finished = chunk(0, r#"{"content":"a"}"#, "\"stop\"");
    for (n, more, expected) in [
        (1, "", true),
        (2, "", false),
        (1, "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n", false),
        (1, "data: {\"choices\":[{\"delta\":{}}]}\n\n", true),
        (2, "data: [DONE]\n\n", true),
    ] {
        let read = super::read(
            &ChatCompletions,
            &format!(r#"{{"model":"gpt-4o","stream":true,"n":{n}}}"#),
        );
        let mut meter = ChatCompletions.meter(&read, &read.call);
        meter.feed((finished.clone() + more).as_bytes());
        let metered = meter.finish();
        let found = (matches!(metered.usage, Found::Usage(_)), metered.complete);
        assert_eq!(found, (expected, expected), "{n} {more}");
    }
    let mut running = chunk(0, r#"{"content":"a"}"#, "null");
    assert_eq!(metered(&ChatCompletions, true, [running.as_bytes()]).usage, Found::Missing);
    running += &chunk(0, "{}", "\"length\"");
    assert!(matches!(metered(&ChatCompletions, true, [running.as_bytes()]).usage, Found::Usage(_)));
}
