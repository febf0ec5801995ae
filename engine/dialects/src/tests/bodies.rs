//! Bodies that are refused, because two readers could read them in two ways.

use super::{DIALECTS, read, refused};
use crate::{Anthropic, Dialect, OpenAi};

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
    for dialect in DIALECTS {
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
        twice(&OpenAi, field, value);
    }
    for (field, value) in ANTHROPIC {
        twice(&Anthropic, field, value);
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
        (&OpenAi as &dyn Dialect, "Model", "model"),
        (&OpenAi, "MAX_TOKENS", "max_tokens"),
        (&OpenAi, "maxTokens", "max_tokens"),
        (&OpenAi, "max-completion-tokens", "max_completion_tokens"),
        (&OpenAi, "N", "n"),
        (&OpenAi, "\\u004Dodel", "model"),
        (&OpenAi, "max_to\u{212a}ens", "max_tokens"),
        (&OpenAi, "\u{17f}tream", "stream"),
        (&OpenAi, "max_complet\u{131}on_tokens", "max_completion_tokens"),
        (&OpenAi, "SERV\u{130}CE_TIER", "service_tier"),
        (&OpenAi, "max_tokens\\u0000x", "max_tokens"),
        (&Anthropic, "Max_Tokens", "max_tokens"),
        (&Anthropic, "serviceTier", "service_tier"),
        (&Anthropic, "Thinking", "thinking"),
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
            &OpenAi as &dyn Dialect,
            r#""stream_options":{"include_usage":true,"include_usage":false}"#,
            "`stream_options.include_usage` is named twice",
        ),
        (
            &OpenAi,
            r#""stream_options":{"includeUsage":true}"#,
            "may be read as `stream_options.include_usage`",
        ),
        (
            &OpenAi,
            r#""messages":[{"role":"user","content":"a","content":"b"}]"#,
            "`messages[].content` is named twice",
        ),
        (
            &OpenAi,
            r#""messages":[{"role":"user","content":[{"type":"text","Image_URL":{"url":"u"}}]}]"#,
            "may be read as `messages[].content[].image_url`",
        ),
        (
            &Anthropic,
            r#""thinking":{"type":"enabled","budget_tokens":1,"budget_tokens":9}"#,
            "`thinking.budget_tokens` is named twice",
        ),
        (
            &Anthropic,
            r#""messages":[{"role":"user","content":[{"type":"text","Source":{}}]}]"#,
            "may be read as `content[].source`",
        ),
        (
            &Anthropic,
            r#""tools":[{"Type":"web_search_20250305"}]"#,
            "may be read as `tools[].type`",
        ),
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
            &OpenAi as &dyn Dialect,
            r#""model":5"#,
            "`model` is a number at byte 9: it must be a string",
        ),
        (&OpenAi, r#""model":"""#, "`model` is ``"),
        (&OpenAi, r#""model":"\ud800""#, "half a character"),
        (&OpenAi, r#""model":null"#, "`model` is missing"),
        (&OpenAi, r#""stream":true"#, "`model` is missing"),
        (&OpenAi, r#""model":"m","max_tokens":"5""#, "`max_tokens` is a string at byte 26"),
        (&OpenAi, r#""model":"m","max_tokens":-5"#, "`max_tokens` is `-5`"),
        (&OpenAi, r#""model":"m","max_tokens":5.0"#, "`max_tokens` is `5.0`"),
        (&OpenAi, r#""model":"m","max_tokens":5e3"#, "`max_tokens` is `5e3`"),
        (&OpenAi, r#""model":"m","max_tokens":1e400"#, "`max_tokens` is `1e400`"),
        (&OpenAi, r#""model":"m","max_tokens":0"#, "at least 1"),
        (&OpenAi, r#""model":"m","max_tokens":18446744073709551616"#, "a whole number"),
        (&OpenAi, r#""model":"m","max_tokens":true"#, "is true or false at byte 26"),
        (&OpenAi, r#""model":"m","max_tokens":1,"max_completion_tokens":2"#, "both named"),
        (&OpenAi, r#""model":"m","enable_search":"yes""#, "`enable_search` is a string"),
        (&OpenAi, r#""model":"m","n":0"#, "at least 1"),
        (&OpenAi, r#""model":"m","n":10001"#, "at most 10000"),
        (&OpenAi, r#""model":"m","stream":"true""#, "`stream` is a string"),
        (&OpenAi, r#""model":"m","stream":1"#, "`stream` is a number"),
        (&OpenAi, r#""model":"m","stream_options":[]"#, "`stream_options` is a list"),
        (&OpenAi, r#""model":"m","messages":{}"#, "`messages` is an object"),
        (&OpenAi, r#""model":"m","messages":["a"]"#, "`messages[]` is a string"),
        (&OpenAi, r#""model":"m","service_tier":"warp""#, "`service_tier` is `warp`"),
        (&OpenAi, r#""model":"m","models":["dear"]"#, "lets the vendor choose"),
        (&Anthropic, r#""model":"m""#, "`max_tokens` is missing"),
        (&Anthropic, r#""model":"m","max_tokens":null"#, "`max_tokens` is missing"),
        (
            &Anthropic,
            r#""model":"m","max_tokens":5,"service_tier":"flex""#,
            "`service_tier` is `flex`",
        ),
        (&Anthropic, r#""model":"m","max_tokens":5,"speed":"warp""#, "`speed` is `warp`"),
        (
            &Anthropic,
            r#""model":"m","max_tokens":5,"thinking":{"budget_tokens":-1}"#,
            "budget_tokens",
        ),
        (
            &Anthropic,
            r#""model":"m","max_tokens":5,"tools":[{"max_uses":1.5}]"#,
            "tools[].max_uses",
        ),
    ] {
        let body = format!("{{{members}}}");
        let said = refused(dialect, body.as_bytes());
        assert!(said.contains(expected), "{body}: {said}");
    }
}

#[test]
fn a_long_value_is_not_repeated_in_full() {
    let body = format!(r#"{{"model":"{}"}}"#, "漢".repeat(5_000));
    let said = refused(&OpenAi, body.as_bytes());
    assert!(said.contains('…') && said.len() < 300, "{said}");
}

#[test]
fn fields_that_are_not_governed_may_have_any_name() {
    let body = r#"{"model":"m","max_tokens":5,"metadata":{"Model":1,"Model":2},"seed":1,"seed":2}"#;
    for dialect in DIALECTS {
        assert_eq!(&*read(dialect, body).call.model, "m");
    }
}
