//! Answers that say that they failed, in the ways that vendors and their clients know.

use super::{dialects, metered};
use crate::{ChatCompletions, Failure, Found, Messages};

const AFTER: Option<Failure> = Some(Failure::AfterOutput);
const BEFORE: Option<Failure> = Some(Failure::BeforeOutput);

const ERROR: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#;

fn openai(text: &str) -> Option<Failure> {
    metered(&ChatCompletions, true, [text.as_bytes()]).failure
}

fn anthropic(text: &str) -> Option<Failure> {
    metered(&Messages, true, [text.as_bytes()]).failure
}

#[test]
fn an_error_is_one_in_every_shape_and_dialect() {
    for text in [
        format!("data: {ERROR}\n\n"),
        format!("event: error\ndata: {ERROR}\n\n"),
        format!(": ping\n\ndata: {ERROR}\n\n"),
        format!("data: {ERROR}"),
        "event: error\ndata: {\"message\":\"x\"}\n\n".to_owned(),
        "data: {\"message\":\"x\"}\nevent: error\n\n".to_owned(),
        "event: error\ndata: Overloaded\n\n".to_owned(),
        "event: error\n\n".to_owned(),
        "data: {\"error\":\"Overloaded\"}\n\ndata: [DONE]\n\n".to_owned(),
        ERROR.to_owned(),
        format!(" \r\n\u{feff}{ERROR}\n"),
        r#"{"error":"Overloaded"}"#.to_owned(),
    ] {
        for dialect in dialects() {
            for stream in [true, false] {
                let metered = metered(dialect, stream, [text.as_bytes()]);
                let found = (metered.failure, metered.usage, metered.complete);
                assert_eq!(found, (BEFORE, Found::Missing, false), "{text}");
            }
        }
    }
}

#[test]
fn what_is_no_error_is_none() {
    let usage = r#""usage":{"prompt_tokens":1,"completion_tokens":1}"#;
    for member in [
        r#""error":null"#,
        r#""error":"""#,
        r#""error":false"#,
        r#""error":{}"#,
        r#""errors":[{"a":1}]"#,
        r#""choices":[{"message":{"content":"event: error"},"error":{"code":1}}]"#,
        r#""choices":[{"message":{"content":"\n\nevent: error\n\n\"error\":{\"a\":1}"}}]"#,
        r#""x":{"error":{"code":1}}"#,
    ] {
        let object = format!("{{{member},{usage}}}");
        assert_eq!(openai(&object), None, "{object}");
        assert_eq!(openai(&format!("data: {object}\n\ndata: [DONE]\n\n")), None, "{object}");
    }
    for text in ["event: ping\ndata: {\"type\":\"ping\"}\n\n", "data: {\"type\":\"x\"}\n\n"] {
        assert_eq!(anthropic(text), None, "{text}");
    }
}

/// What comes before an error, and whether that is output.
#[test]
fn output_is_a_piece_of_text_of_a_tool_call_or_of_reasoning() {
    for (delta, output) in [
        (r#"{"role":"assistant","content":"","refusal":null}"#, false),
        (r#"{"role":"assistant","content":null,"tool_calls":[]}"#, false),
        ("{}", false),
        (r#"{"content":"a"}"#, true),
        (r#"{"refusal":"No."}"#, true),
        (r#"{"reasoning_content":"Hm"}"#, true),
        (
            r#"{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f"}}]}"#,
            true,
        ),
    ] {
        let chunk = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n");
        let expected = if output { AFTER } else { BEFORE };
        assert_eq!(openai(&format!("{chunk}data: {ERROR}\n\n")), expected, "{delta}");
        // Output behind an error is output as well.
        assert_eq!(openai(&format!("data: {ERROR}\n\n{chunk}")), expected, "{delta}");
    }
    for (event, output) in [
        (r#""message_start","message":{"content":[],"usage":{"input_tokens":9}}"#, false),
        (r#""content_block_start","content_block":{"type":"text","text":""}"#, false),
        (r#""content_block_start","content_block":{"type":"thinking","thinking":""}"#, false),
        (r#""content_block_start","content_block":{"type":"tool_use","name":"f"}"#, true),
        (r#""content_block_delta","delta":{"type":"text_delta","text":"a"}"#, true),
        (r#""content_block_delta","delta":{"type":"thinking_delta","thinking":"a"}"#, true),
        (r#""content_block_delta","delta":{"type":"input_json_delta","partial_json":"{"}"#, true),
        (r#""content_block_delta","delta":{"type":"signature_delta","signature":"a"}"#, false),
        (r#""message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null}"#, false),
    ] {
        let text = format!("data: {{\"type\":{event}}}\n\nevent: error\ndata: {ERROR}\n\n");
        assert_eq!(anthropic(&text), if output { AFTER } else { BEFORE }, "{event}");
    }
}

#[test]
fn usage_that_tells_of_output_is_output_and_a_prompt_alone_is_none() {
    for (tokens, failure) in [(0, BEFORE), (7, AFTER)] {
        let usage = format!(r#""usage":{{"prompt_tokens":5,"completion_tokens":{tokens}}}"#);
        let text = format!("data: {{\"choices\":[],{usage}}}\n\ndata: {ERROR}\n\n");
        assert_eq!(openai(&text), failure, "{tokens}");
        assert_eq!(openai(&format!(r#"{{"error":{{"code":1}},{usage}}}"#)), failure, "{tokens}");
    }
}

#[test]
fn usage_that_output_came_after_is_not_that_of_a_failure() {
    let chunk = |text: &str, tokens: u64| {
        let usage = format!(r#"{{"prompt_tokens":5,"completion_tokens":{tokens}}}"#);
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}],\"usage\":{usage}}}\n\n"
        )
    };
    let plain = "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n";
    let error = format!("data: {ERROR}\n\n");
    let found = |text: String| metered(&ChatCompletions, true, [text.as_bytes()]).usage;
    let told = chunk("a", 1) + &chunk("b", 2) + &error;
    assert!(matches!(found(told), Found::Usage(usage) if usage.output == 2));
    assert_eq!(found(chunk("a", 1) + plain + &error), Found::Missing);
}

#[test]
fn an_answer_without_a_byte_is_empty_and_one_of_space_is_not() {
    for dialect in dialects() {
        for (pieces, failure) in [
            (&[][..], Some(Failure::Empty)),
            (&[&b""[..], b""][..], Some(Failure::Empty)),
            (&[&b"\n"[..]][..], None),
            (&[&b": ping\n\n"[..]][..], None),
            (&[&b"data: [DONE]\n\n"[..]][..], None),
        ] {
            let metered = metered(dialect, true, pieces.iter().copied());
            assert_eq!(metered.failure, failure, "{pieces:?}");
            assert_eq!(metered.usage, Found::Missing);
        }
    }
}

#[test]
fn an_error_in_what_cannot_be_followed_is_not_before_all_output() {
    for text in [
        format!("data: {ERROR}\n\ndata: nonsense\n\n"),
        format!("data: {ERROR}\n\ndata: {{\"choices\":[\"abc\"}}"),
        "event: error\ndata: {\"delta\":{\"text\":\"a\"]}}\n\n".to_owned(),
        "data: Overloaded\nevent: error\n\n".to_owned(),
    ] {
        for dialect in dialects() {
            let metered = metered(dialect, true, [text.as_bytes()]);
            assert_eq!((metered.failure, metered.output_bound), (AFTER, crate::OUTPUT_UNSEEN));
        }
    }
    // An object that is not closed has not said what it is about.
    for text in [r#"{"error":{"code":1}"#, r#"{"type":"error""#, r#"{"error":{"code":1}},"#] {
        assert_ne!(openai(text), BEFORE, "{text}");
        assert_ne!(anthropic(text), BEFORE, "{text}");
    }
}
