//! Bodies that are refused, because two readers could read them in two ways.

use super::{dialects, read, refused};
use crate::{ChatCompletions, Dialect, Messages};

#[test]
fn what_is_not_one_json_object_is_refused() {
    let table: [(&[u8], &str); 14] = [
        (b"", "is not JSON at byte 0"),
        (b"[]", "`body` is a list at byte 0: it must be an object"),
        (b"null", "`body` is null"),
        (b"\"model\"", "`body` is a string"),
        (b"{\"model\":\"m\",\"max_tokens\":9}{}", "goes on after its object, at byte 28"),
        (b"{\"model\":\"m\",\"max_tokens\":9} x", "goes on after its object, at byte 29"),
        (b"{\"model\":\"m\"", "is not JSON at byte 12"),
        (b"\xef\xbb\xbf{\"model\":\"m\"}", "byte order mark"),
        (b"{\"model\":\"\xff\"}", "is not UTF-8 at byte 10"),
        (
            b"{\"model\":\"m\",\"messages\":[{\"content\":\"\xed\xa0\x80\"}]}",
            "is not UTF-8 at byte 37",
        ),
        (b"{\"model\":\"m\",\"temperature\":NaN}", "is not JSON at byte 27"),
        (b"{\"model\":\"m\",\"temperature\":Infinity}", "is not JSON at byte 27"),
        (b"{\"model\":\"m\",\"user\":\"a\nb\"}", "control characters"),
        (b"{\"model\":\"m\",}", "is not JSON at byte 13"),
    ];
    for dialect in dialects() {
        for (body, expected) in table {
            let said = refused(dialect, body);
            assert!(said.contains(expected), "{}: {said}", String::from_utf8_lossy(body));
        }
        let deep = format!(r#"{{"model":"m","x":{}}}"#, "[".repeat(200) + &"]".repeat(200));
        assert!(refused(dialect, deep.as_bytes()).contains("nested more than 128 deep"));
    }
}

/// Each governed field, with a value that is right by itself.
const OPENAI: [(&str, &str); 14] = [
    ("model", r#""m""#),
    ("messages", "[]"),
    ("stream", "true"),
    ("stream_options", "{}"),
    ("max_tokens", "5"),
    ("max_completion_tokens", "5"),
    ("n", "1"),
    ("service_tier", r#""flex""#),
    ("tools", "[]"),
    ("functions", "[]"),
    ("response_format", "{}"),
    ("web_search_options", "{}"),
    ("prediction", "{}"),
    ("models", "null"),
];

const ANTHROPIC: [(&str, &str); 12] = [
    ("model", r#""m""#),
    ("max_tokens", "5"),
    ("messages", "[]"),
    ("system", r#""s""#),
    ("stream", "true"),
    ("tools", "[]"),
    ("thinking", "{}"),
    ("service_tier", r#""auto""#),
    ("speed", r#""fast""#),
    ("mcp_servers", "[]"),
    ("container", "null"),
    ("cache_control", "{}"),
];

#[test]
fn a_governed_field_named_twice_is_refused() {
    for (field, value) in OPENAI {
        twice(&ChatCompletions, field, value);
    }
    for (field, value) in ANTHROPIC {
        twice(&Messages, field, value);
    }
}

fn twice(dialect: &dyn Dialect, field: &str, value: &str) {
    for again in [field.to_owned(), escaped(field)] {
        let body = format!(r#"{{"{field}":{value},"x":1,"{again}":{value}}}"#);
        let said = refused(dialect, body.as_bytes());
        assert!(said.contains(&format!("`{field}` is named twice")), "{body}: {said}");
    }
}

/// The last letter written as an escape.
fn escaped(field: &str) -> String {
    let (before, last) = field.split_at(field.len() - 1);
    format!("{before}\\u{:04X}", last.as_bytes()[0])
}

#[test]
fn another_spelling_of_a_governed_field_is_refused_even_alone() {
    for (dialect, spelling, field) in [
        (&ChatCompletions as &dyn Dialect, "Model", "model"),
        (&ChatCompletions, "MAX_TOKENS", "max_tokens"),
        (&ChatCompletions, "maxTokens", "max_tokens"),
        (&ChatCompletions, "max-completion-tokens", "max_completion_tokens"),
        (&ChatCompletions, "N", "n"),
        (&ChatCompletions, "\\u004Dodel", "model"),
        (&ChatCompletions, "max_to\u{212a}ens", "max_tokens"),
        (&ChatCompletions, "\u{17f}tream", "stream"),
        (&ChatCompletions, "max_complet\u{131}on_tokens", "max_completion_tokens"),
        (&ChatCompletions, "SERV\u{130}CE_TIER", "service_tier"),
        (&ChatCompletions, "max_tokens\\u0000x", "max_tokens"),
        (&Messages, "Max_Tokens", "max_tokens"),
        (&Messages, "serviceTier", "service_tier"),
        (&Messages, "Thinking", "thinking"),
    ] {
        let body = format!(r#"{{"model":"m","max_tokens":5,"{spelling}":1}}"#);
        let said = refused(dialect, body.as_bytes());
        assert!(said.contains(&format!("may be read as `{field}`")), "{body}: {said}");
    }
}

#[test]
fn nested_governed_fields_are_governed_as_well() {
    for (dialect, members, expected) in [
        (
            &ChatCompletions as &dyn Dialect,
            r#""stream_options":{"include_usage":true,"include_usage":false}"#,
            "`stream_options.include_usage` is named twice",
        ),
        (
            &ChatCompletions,
            r#""stream_options":{"includeUsage":true}"#,
            "may be read as `stream_options.include_usage`",
        ),
        (
            &ChatCompletions,
            r#""messages":[{"role":"user","content":"a","content":"b"}]"#,
            "`messages[].content` is named twice",
        ),
        (
            &ChatCompletions,
            r#""messages":[{"role":"user","content":[{"type":"text","Image_URL":{"url":"u"}}]}]"#,
            "may be read as `messages[].content[].image_url`",
        ),
        (
            &Messages,
            r#""thinking":{"type":"enabled","budget_tokens":1,"budget_tokens":9}"#,
            "`thinking.budget_tokens` is named twice",
        ),
        (
            &Messages,
            r#""messages":[{"role":"user","content":[{"type":"text","Source":{}}]}]"#,
            "may be read as `content[].source`",
        ),
        (&Messages, r#""tools":[{"Type":"web_search_20250305"}]"#, "may be read as `tools[].type`"),
    ] {
        let body = format!(r#"{{"model":"m","max_tokens":5,{members}}}"#);
        let said = refused(dialect, body.as_bytes());
        assert!(said.contains(expected), "{body}: {said}");
    }
}

#[test]
fn a_governed_field_of_another_type_is_refused() {
    for (dialect, members, expected) in [
        (
            &ChatCompletions as &dyn Dialect,
            r#""model":5"#,
            "`model` is a number at byte 9: it must be a string",
        ),
        (&ChatCompletions, r#""model":"""#, "`model` is ``"),
        (&ChatCompletions, r#""model":"\ud800""#, "half a character"),
        (&ChatCompletions, r#""model":null"#, "`model` is missing"),
        (&ChatCompletions, r#""stream":true"#, "`model` is missing"),
        (
            &ChatCompletions,
            r#""model":"m","max_tokens":"5""#,
            "`max_tokens` is a string at byte 26",
        ),
        (&ChatCompletions, r#""model":"m","max_tokens":-5"#, "`max_tokens` is `-5`"),
        (&ChatCompletions, r#""model":"m","max_tokens":5.0"#, "`max_tokens` is `5.0`"),
        (&ChatCompletions, r#""model":"m","max_tokens":5e3"#, "`max_tokens` is `5e3`"),
        (&ChatCompletions, r#""model":"m","max_tokens":1e400"#, "`max_tokens` is `1e400`"),
        (&ChatCompletions, r#""model":"m","max_tokens":0"#, "at least 1"),
        (&ChatCompletions, r#""model":"m","max_tokens":18446744073709551616"#, "a whole number"),
        (&ChatCompletions, r#""model":"m","max_tokens":true"#, "is true or false at byte 26"),
        (&ChatCompletions, r#""model":"m","max_tokens":1,"max_completion_tokens":2"#, "both named"),
        (&ChatCompletions, r#""model":"m","enable_search":"yes""#, "`enable_search` is a string"),
        (&ChatCompletions, r#""model":"m","n":0"#, "at least 1"),
        (&ChatCompletions, r#""model":"m","n":10001"#, "at most 10000"),
        (&ChatCompletions, r#""model":"m","stream":"true""#, "`stream` is a string"),
        (&ChatCompletions, r#""model":"m","stream":1"#, "`stream` is a number"),
        (&ChatCompletions, r#""model":"m","stream_options":[]"#, "`stream_options` is a list"),
        (&ChatCompletions, r#""model":"m","messages":{}"#, "`messages` is an object"),
        (&ChatCompletions, r#""model":"m","messages":["a"]"#, "`messages[]` is a string"),
        (&ChatCompletions, r#""model":"m","service_tier":"warp""#, "`service_tier` is `warp`"),
        (&ChatCompletions, r#""model":"m","models":["dear"]"#, "lets the vendor choose"),
        (&Messages, r#""model":"m""#, "`max_tokens` is missing"),
        (&Messages, r#""model":"m","max_tokens":null"#, "`max_tokens` is missing"),
        (
            &Messages,
            r#""model":"m","max_tokens":5,"service_tier":"flex""#,
            "`service_tier` is `flex`",
        ),
        (&Messages, r#""model":"m","max_tokens":5,"speed":"warp""#, "`speed` is `warp`"),
        (
            &Messages,
            r#""model":"m","max_tokens":5,"thinking":{"budget_tokens":-1}"#,
            "budget_tokens",
        ),
        (&Messages, r#""model":"m","max_tokens":5,"tools":[{"max_uses":1.5}]"#, "tools[].max_uses"),
    ] {
        let body = format!("{{{members}}}");
        let said = refused(dialect, body.as_bytes());
        assert!(said.contains(expected), "{body}: {said}");
    }
}

#[test]
fn a_long_value_is_not_repeated_in_full() {
    let body = format!(r#"{{"model":"{}"}}"#, "漢".repeat(5_000));
    let said = refused(&ChatCompletions, body.as_bytes());
    assert!(said.contains('…') && said.len() < 300, "{said}");
}

#[test]
fn fields_that_are_not_governed_may_have_any_name() {
    let body = r#"{"model":"m","max_tokens":5,"metadata":{"Model":1,"Model":2},"seed":1,"seed":2}"#;
    for dialect in dialects() {
        assert_eq!(&*read(dialect, body).call.model, "m");
    }
}
