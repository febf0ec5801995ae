//! The properties on bytes that are nearly what people and vendors send.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reins_dialects::{ChatCompletions, Dialect, Head, Messages};
use serde_json::Value;

use crate::second::{object, once, whole_characters};
use crate::{answer, request, shown};

/// Fields, each with values of which the first is right.
const OPENAI: [(&str, &[&str]); 13] = [
    ("max_tokens", &["5", "null", "18446744073709551615", "1e3"]),
    ("max_completion_tokens", &["null", "9", "0"]),
    ("stream", &["true", "false", "null", "1"]),
    ("stream_options", &["{}", "null", r#"{"include_usage":true}"#, r#"{"include_usage" :null}"#]),
    ("stream_options", &[r#"{"x":[{}],"include_usage":false}"#, r#"{"includeUsage":true}"#]),
    ("n", &["1", "3", "null", "-1"]),
    ("service_tier", &[r#""flex""#, r#""auto""#, r#""fl\u0065x""#, "[]"]),
    ("tools", &["[]", r#"[{"type":"function"}]"#, "{}"]),
    ("prediction", &[r#"{"content":"a"}"#, "null"]),
    ("web_search_options", &["{}", "null"]),
    ("messages", &["[]", r#"[{"role":"tool","content":"a"}]"#, r#"[{"content":"","Content":""}]"#]),
    ("messages", &[r#"[{"role":"user","content":[{"type":"text","text":"\ud83e\udd80"}]}]"#]),
    ("temperature", &["1e400", "0.5", r#""\ud800""#, "nan"]),
];

const ANTHROPIC: [(&str, &[&str]); 10] = [
    ("max_tokens", &["5", "1024", "null"]),
    ("stream", &["true", "false", "null"]),
    ("system", &[r#""s""#, r#"[{"type":"text","text":"s"}]"#, "null"]),
    ("thinking", &[r#"{"type":"enabled","budget_tokens":1024}"#, r#"{"type":"disabled"}"#]),
    ("thinking", &[r#"{"budget_tokens":1,"budget_tokens":2}"#, r#"{"budget\u005ftokens":3}"#]),
    ("service_tier", &[r#""auto""#, r#""standard_only""#, r#""flex""#]),
    ("speed", &[r#""fast""#, r#""standard""#, "null"]),
    ("tools", &[r#"[{"type":"web_search_20250305","max_uses":2}]"#, r#"[{"name":"f"}]"#]),
    ("messages", &[r#"[{"role":"user","content":"a"}]"#, "[]", r#"[{"content":[{"type":"x"}]}]"#]),
    ("metadata", &[r#"{"Model":1,"Model":2}"#, "{}"]),
];

const OPENAI_ANSWERS: [&[u8]; 11] = [
    include_bytes!("../../fixtures/openai/stream.sse"),
    include_bytes!("../../fixtures/openai/stream_crlf.sse"),
    include_bytes!("../../fixtures/openai/stream_tools.sse"),
    include_bytes!("../../fixtures/openai/stream_two.sse"),
    include_bytes!("../../fixtures/openai/whole.json"),
    include_bytes!("../../fixtures/openai/whole_audio.json"),
    include_bytes!("../../fixtures/openai/whole_error.json"),
    include_bytes!("../../fixtures/openai/failed_at_role.sse"),
    include_bytes!("../../fixtures/openai/failed_after_usage.sse"),
    include_bytes!("../../fixtures/openai/stream_null_error.sse"),
    include_bytes!("../../fixtures/openai/stream_falling.sse"),
];

const ANTHROPIC_ANSWERS: [&[u8]; 8] = [
    include_bytes!("../../fixtures/anthropic/stream.sse"),
    include_bytes!("../../fixtures/anthropic/stream_search.sse"),
    include_bytes!("../../fixtures/anthropic/stream_thinking.sse"),
    include_bytes!("../../fixtures/anthropic/whole_cache.json"),
    include_bytes!("../../fixtures/anthropic/whole_error.json"),
    include_bytes!("../../fixtures/anthropic/failed_at_start.sse"),
    include_bytes!("../../fixtures/anthropic/failed_after_usage.sse"),
    include_bytes!("../../fixtures/anthropic/stream_falling.sse"),
];

/// What may stand in an answer where it should not.
const STRANGE: [&[u8]; 20] = [
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\ndata: ",
    b"data: [DONE]\n\n",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"]",
    b":",
    b"-1",
    b"1e9",
    b"null",
    b",\"usage\":null",
    b",\"error\":{}",
    b",\"error\":\"x\"",
    b",\"output_tokens\":0,\"completion\\u005ftokens\":0",
    b"event: error\n",
    b"\xef\xbb\xbf",
];

/// A name in one of the ways in which it may be written.
fn spelt(name: &'static str) -> impl Strategy<Value = String> {
    let letter = |write: fn(char) -> String| {
        (0..name.len()).prop_map(move |at| {
            let write = |(each, c): (usize, char)| if each == at { write(c) } else { c.into() };
            name.chars().enumerate().map(write).collect::<String>()
        })
    };
    prop_oneof![
        12 => Just(name.to_owned()),
        2 => letter(|c| format!("\\u{:04x}", u32::from(c))),
        1 => letter(|c| c.to_uppercase().to_string()),
        1 => Just(name.replace('_', "-")),
        1 => Just(name.replace('i', "\u{131}")),
        1 => Just(format!("{name}\\u0000")),
    ]
}

/// A request of some of these fields, after what must be there.
fn body(
    required: &'static str,
    fields: &'static [(&'static str, &'static [&'static str])],
) -> impl Strategy<Value = String> {
    let member = prop::sample::select(fields).prop_flat_map(|(name, values)| {
        (spelt(name), prop::sample::select(values))
            .prop_map(|(name, value)| format!("\"{name}\" : {value}"))
    });
    let text = any::<String>().prop_map(|text| format!("\"user\":{}", Value::from(text)));
    let members = prop::collection::vec(prop_oneof![6 => member, 1 => text], 0..6);
    members.prop_map(move |members| {
        let members = [vec![required.to_owned()], members].concat();
        format!(" {{{}}}\n", members.join(",\n"))
    })
}

/// An answer that is no longer quite what the vendor sent.
fn spoilt(answers: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let place = any::<prop::sample::Index>();
    let strange = prop::sample::select(&STRANGE[..]);
    let changes = prop::collection::vec((place, strange, 0..3_usize), 0..4);
    (prop::sample::select(answers), changes).prop_map(|(answer, changes)| {
        let mut spoilt = answer.to_vec();
        for (place, strange, gone) in changes {
            let at = place.index(spoilt.len());
            let end = (at + gone).min(spoilt.len());
            spoilt.splice(at..end, strange.iter().copied());
        }
        spoilt
    })
}

proptest! {
    #[test]
    fn a_chat_is_read_as_another_parser_reads_it(body in body(r#""model":"m""#, &OPENAI)) {
        prop_assert_eq!(request::agrees(&ChatCompletions, body.as_bytes()), Ok(()), "{}", body);
    }

    #[test]
    fn a_message_is_read_as_another_parser_reads_it(
        body in body(r#""model":"m","max_tokens":8"#, &ANTHROPIC),
    ) {
        prop_assert_eq!(request::agrees(&Messages, body.as_bytes()), Ok(()), "{}", body);
    }

    #[test]
    fn a_spoilt_chat_answer_tells_one_thing(answer in spoilt(&OPENAI_ANSWERS)) {
        let text = String::from_utf8_lossy(&answer);
        prop_assert_eq!(answer::holds(&ChatCompletions, &answer), Ok(()), "{}", text);
        prop_assert_eq!(shown::hides_no_more(&answer), Ok(()), "{}", text);
    }

    #[test]
    fn a_spoilt_message_tells_one_thing(answer in spoilt(&ANTHROPIC_ANSWERS)) {
        let text = String::from_utf8_lossy(&answer);
        prop_assert_eq!(answer::holds(&Messages, &answer), Ok(()), "{}", text);
    }
}

/// The generated requests are worth little if nearly all of them are refused, or none.
#[test]
fn requests_of_both_kinds_are_generated() {
    let mut runner = TestRunner::deterministic();
    let mut read = 0;
    for _ in 0..200 {
        let tree = body(r#""model":"m""#, &OPENAI).new_tree(&mut runner).expect("a body");
        let body = tree.current();
        let head = Head { path: ChatCompletions.path(), query: None };
        read += u32::from(ChatCompletions.read(&head, body.as_bytes()).is_ok());
    }
    assert!((40..160).contains(&read), "{read} of 200 were read");
}

#[test]
fn the_second_reader_sees_what_is_there_twice() {
    for again in
        ["model", "mod\\u0065l", "model\\u0000x", "MODEL", "Model", "mo_del", "\\u004dodel"]
    {
        let body = format!(r#"{{"model":1,"x":2,"{again}":3}}"#);
        let seen = object(body.as_bytes()).expect(&body);
        assert!(once(&seen, &["model"]).is_err(), "{body}");
        assert_eq!(once(&seen, &["x"]), Ok(()));
    }
    for spelling in ["serv\u{131}ce_tier", "SERV\u{130}CE_TIER", "\u{17f}erviceTier"] {
        let body = format!(r#"{{"service_tier":1,"{spelling}":3}}"#);
        assert!(once(&object(body.as_bytes()).expect(&body), &["service_tier"]).is_err(), "{body}");
    }
}

#[test]
fn halves_of_characters_are_replaced_and_nothing_else() {
    for (text, whole) in [
        (r#""\ud800""#, r#""\ufffd""#),
        (r#""\udc00\ud83e\udd80\ud83e""#, r#""\ufffd\ud83e\udd80\ufffd""#),
        (r#""\\ud800 \u0041\n""#, r#""\\ud800 \u0041\n""#),
        (r#""\ud800\ud83e\udd80""#, r#""\ufffd\ud83e\udd80""#),
        (r#""\ud8"#, r#""\ud8"#),
    ] {
        assert_eq!(whole_characters(text.as_bytes()), whole.as_bytes());
    }
}
