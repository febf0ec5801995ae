//! The facts of message requests, and usage as Anthropic writes it.

use reins_governor::{InputSize, ServiceTier, Tokens, Usage, Wording};

use super::Messages;
use crate::tests::{NOTHING, ask, read, refused};
use crate::{Anthropic, Dialect, Family, Found, OUTPUT_UNSEEN, Read};

fn with(members: &str) -> Read {
    read(&Messages, &format!(r#"{{"model":"m","max_tokens":9,{members}}}"#))
}

#[test]
fn the_facts_of_a_whole_request() {
    let body = r#"{
        "model": "claude-sonnet-4-5", "max_tokens": 2048, "stream": true,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "system": [{"type": "text", "text": "Be brief.\n", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "Gr\u00fc\u00dfe"},
            {"role": "assistant", "content": [
                {"type":"tool_use","id":"t","name":"f","input":{"a":1}}
            ]},
            {"role": "user", "content": [
                {"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"ok"}]}
            ]}
        ],
        "tools": [
            {"name":"f","input_schema":{}},
            {"type":"web_search_20250305","name":"web_search","max_uses":5}
        ]
    }"#;
    let call = read(&Messages, body).call;
    assert_eq!((&*call.vendor, &*call.connection), ("vendor", "connection"));
    assert_eq!((&*call.model, call.stream), ("claude-sonnet-4-5", true));
    assert_eq!(
        (call.output_cap, call.choices, call.thinking_budget),
        (Some(Tokens(2048)), 1, Tokens(1024))
    );
    assert_eq!((call.tier, call.tool_results), (ServiceTier::Standard, 1));
    assert_eq!((call.web_search, call.web_search_cap), (true, Some(5)));
    let text =
        "Be brief.\nGrüße".len() + r#"tf{"a":1}"#.len() + "tok".len() + "f{}web_search".len();
    let roles = 2 * "user".len() + "assistant".len();
    let expected = InputSize {
        text_bytes: (text + roles) as u64,
        parts: 9,
        by_reference: Some(Wording::new("what a tool of the vendor finds")),
        ..NOTHING
    };
    assert_eq!(call.input, expected);
}

#[test]
fn blocks_count_by_what_they_are() {
    let base64 = "A".repeat(4000);
    let (file_id, url) =
        (Some(Wording::new("file_id")), Some(Wording::new("the URL of a document")));
    let unknown = || Some(Wording::new("a block of content whose type is not known"));
    for (block, expected) in [
        (r#"{"type":"text","text":"\u6f22"}"#.to_owned(), InputSize { text_bytes: 3, ..NOTHING }),
        (format!(r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{base64}"}}}}"#), InputSize { images: 1, text_bytes: 9, ..NOTHING }),
        (r#"{"source":{"type":"url","url":"https://a.example/b.png"},"type":"image"}"#.to_owned(), InputSize { images: 1, ..NOTHING }),
        (r#"{"type":"image","source":{"type":"file","file_id":"file_1"}}"#.to_owned(), InputSize { images: 1, ..NOTHING }),
        (format!(r#"{{"type":"document","source":{{"type":"base64","media_type":"application/pdf","data":"{base64}"}}}}"#), InputSize { pages: 600, text_bytes: 15, ..NOTHING }),
        (r#"{"type":"document","source":{"data":"AAAA","type":"base64"}}"#.to_owned(), InputSize { pages: 3, ..NOTHING }),
        (r#"{"type":"document","title":"t","source":{"type":"text","data":"plain"}}"#.to_owned(), InputSize { text_bytes: 6, ..NOTHING }),
        (r#"{"type":"document","source":{"type":"content","content":[{"type":"image","source":{"type":"url","url":"u"}}]}}"#.to_owned(), InputSize { images: 1, parts: 1, ..NOTHING }),
        (r#"{"type":"document","source":{"type":"url","url":"https://a.example/b.pdf"}}"#.to_owned(), InputSize { by_reference: url, ..NOTHING }),
        (r#"{"type":"document","source":{"type":"file","file_id":"file_1"}}"#.to_owned(), InputSize { by_reference: file_id.clone(), ..NOTHING }),
        (r#"{"type":"container_upload","file_id":"file_1"}"#.to_owned(), InputSize { by_reference: file_id, ..NOTHING }),
        (r#"{"type":"thinking","thinking":"hm","signature":"sig"}"#.to_owned(), InputSize { text_bytes: 5, ..NOTHING }),
        (r#"{"type":"web_search_tool_result","content":[{"type":"web_search_result","encrypted_content":"abc"}]}"#.to_owned(), InputSize { text_bytes: 3, parts: 1, ..NOTHING }),
        (format!(r#"{{"type":"web_fetch_tool_result","content":{{"type":"web_fetch_result","content":{{"type":"document","source":{{"type":"base64","media_type":"application/pdf","data":"{base64}"}}}}}}}}"#),
            InputSize { pages: 600, text_bytes: 15, parts: 2, by_reference: unknown(), ..NOTHING }),
        (r#"{"type":"hologram","data":"abc"}"#.to_owned(), InputSize { text_bytes: 3, by_reference: unknown(), ..NOTHING }),
        (r#"{"text":"abc"}"#.to_owned(), InputSize { text_bytes: 3, by_reference: unknown(), ..NOTHING }),
        (r#""abc""#.to_owned(), InputSize { text_bytes: 3, ..NOTHING }),
    ] {
        let (parts, text_bytes) = (expected.parts + 2, expected.text_bytes + 4);
        let expected = InputSize { parts, text_bytes, ..expected };
        let found = with(&format!(r#""messages":[{{"role":"user","content":[{block}]}}]"#)).call.input;
        assert_eq!(found, expected, "{block}");
    }
}

#[test]
fn tools_of_the_vendor_search_as_often_as_they_may() {
    let search = |limit: &str| format!(r#"{{"type":"web_search_20250305"{limit}}}"#);
    for (tools, expected) in [
        (vec![], (false, None)),
        (vec![search(r#","max_uses":3"#)], (true, Some(3))),
        (vec![search(r#","max_uses":3"#), search(r#","max_uses":4"#)], (true, Some(7))),
        (vec![search(r#","max_uses":3"#), search("")], (true, None)),
        (vec![search(r#","max_uses":0"#)], (true, Some(0))),
        (vec![r#"{"type":"custom","name":"f","max_uses":3}"#.to_owned()], (false, None)),
    ] {
        let call = with(&format!(r#""tools":[{}]"#, tools.join(","))).call;
        assert_eq!((call.web_search, call.web_search_cap), expected, "{tools:?}");
    }
}

#[test]
fn what_the_vendor_adds_on_its_own_is_not_bounded_by_the_request() {
    for (members, by_reference) in [
        (
            r#""tools":[{"type":"code_execution_20250825"}]"#,
            Some("what a tool of the vendor finds"),
        ),
        (r#""mcp_servers":[{"url":"https://a.example"}]"#, Some("mcp_servers")),
        (r#""mcp_servers":[]"#, None),
        (r#""container":"c""#, Some("container")),
        (r#""container":null"#, None),
        (r#""tools":[{"type":"custom"},{"name":"f"}]"#, None),
    ] {
        assert_eq!(
            with(members).call.input.by_reference,
            by_reference.map(Wording::new),
            "{members}"
        );
    }
    let described = with(r#""tools":[{"type":"computer_20250124"}]"#).call.input;
    assert_eq!((described.text_bytes, described.by_reference), (2000, None));
}

#[test]
fn tools_of_the_vendor_read_the_input_again() {
    let tool = |is: &str| format!(r#""tools":[{{"type":"{is}"}}]"#);
    for (members, rereads) in [
        (tool("web_search_20250305"), 0),
        (tool("web_search_20260318"), 9),
        (tool("web_fetch_20260318"), 9),
        (tool("tool_search_tool_bm25_20251119"), 9),
        (tool("mcp_toolset"), 9),
        (tool("computer_20250124"), 0),
        (tool("custom"), 0),
        (r#""mcp_servers":[{"url":"https://a.example"}]"#.to_owned(), 9),
        (r#""mcp_servers":[]"#.to_owned(), 0),
    ] {
        assert_eq!(with(&members).call.input.rereads, rereads, "{members}");
    }
}

#[test]
fn what_has_no_price_is_known_as_such() {
    let message = |block: &str| {
        format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":[{block}]}}]}}"#
        )
    };
    let added = |is: &str| {
        let definition = format!(r#"{{"type":"{is}","name":"t"}}"#);
        message(&format!(
            r#"{{"type":"tool_addition","tool":{{"type":"tool_definition","definition":{definition}}}}}"#
        ))
    };
    let fee = |body: &str| read(&Messages, body).call.extra_fee.is_some();
    assert!(with(r#""tools":[{"type":"code_execution_20260521"}]"#).call.extra_fee.is_some());
    assert!(with(r#""hologram":{"type":"on"}"#).call.extra_fee.is_some());
    assert!(with(r#""temperature":1,"top_p":0.9,"metadata":{}"#).call.extra_fee.is_none());
    assert!(fee(&added("code_execution_20260521")));
    assert!(!fee(&added("custom")));
    let searching = read(&Messages, &added("web_search_20260318")).call;
    assert_eq!((searching.web_search, searching.input.rereads), (true, 9));
    let advised = refused(&Messages, added("advisor_20260301").as_bytes());
    assert!(advised.contains("advisor_20260301"), "{advised}");
}

#[test]
fn what_is_not_in_the_request_or_not_in_the_totals_is_refused() {
    let said = |members: &str| {
        let body = format!(r#"{{"model":"m","max_tokens":9,"messages":[],{members}}}"#);
        refused(&Messages, body.as_bytes())
    };
    for (members, part) in [
        (r#""thread":{"type":"continue","previous_message_id":"msg_1"}"#, "`continue`"),
        (r#""thread":{"previous_message_id":"msg_1"}"#, "whole conversation"),
        (r#""fallbacks":[{"model":"claude-opus-4-8","max_tokens":128000}]"#, "another model"),
        (r#""fallbacks":"default""#, "another model"),
        (r#""compaction":{"type":"summarize"}"#, "summary"),
    ] {
        let said = said(members);
        assert!(said.contains(part), "{members}: {said}");
    }
    for members in [r#""thread":{"type":"create"}"#, r#""thread":null,"fallbacks":null"#] {
        assert_eq!(with(members).call.input.by_reference, None, "{members}");
    }
}

#[test]
fn a_request_may_ask_for_no_answer() {
    let read = read(&Messages, r#"{"model":"m","max_tokens":0,"messages":[]}"#);
    assert_eq!(read.call.output_cap, Some(Tokens(0)));
}

#[test]
fn fast_mode_is_dearer() {
    assert_eq!(with(r#""speed":"fast""#).call.tier, ServiceTier::Priority);
    assert_eq!(with(r#""speed":"standard""#).call.tier, ServiceTier::Standard);
    assert_eq!(with(r#""service_tier":"standard_only""#).call.tier, ServiceTier::Standard);
}

#[test]
fn thoughts_may_be_billed_and_not_shown() {
    const ADAPTIVE: &str = r#""thinking":{"type":"adaptive"}"#;
    const BUDGET: &str = r#""thinking":{"type":"enabled","budget_tokens":1024}"#;
    const DISABLED: &str = r#""thinking":{"type":"disabled"}"#;
    for (model, members, unseen) in [
        ("claude-sonnet-4-5", r#""thinking":null"#, false),
        ("claude-opus-4-8", "", false),
        ("anthropic/claude-3-haiku-20240307", "", false),
        ("claude-sonnet-4-5", ADAPTIVE, true),
        ("claude-sonnet-4-5", BUDGET, true),
        ("claude-fable-5", "", true),
        ("claude-opus-5-5", r#""thinking":null"#, true),
        ("claude-opus-5", DISABLED, false),
        ("another-one", "", true),
    ] {
        let comma = if members.is_empty() { "" } else { "," };
        let body = format!(r#"{{"model":"{model}","max_tokens":9,"stream":true{comma}{members}}}"#);
        let read = read(&Messages, &body);
        let found = Messages.meter(&read, &read.call).finish().output_bound;
        assert_eq!(found, if unseen { OUTPUT_UNSEEN } else { Tokens(0) }, "{body}");
    }
}

#[test]
fn a_write_that_is_not_split_lives_as_long_as_was_asked() {
    let hour = r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#;
    let short = r#""cache_control":{"type":"ephemeral","ttl":"5m"}"#;
    let block = format!(r#""system":[{{"type":"text","text":"a",{hour}}}]"#);
    let tool = format!(r#""tools":[{{"name":"f",{hour}}}]"#);
    for (members, expected) in
        [(hour, (0, 7)), (block.as_str(), (0, 7)), (tool.as_str(), (0, 7)), (short, (7, 0))]
    {
        let read = with(members);
        let mut meter = Messages.meter(&read, &read.call);
        meter.feed(br#"{"type":"message","usage":{"input_tokens":1,"output_tokens":1,"cache_creation_input_tokens":7}}"#);
        let Found::Usage(usage) = meter.finish().usage else { panic!("{members}") };
        assert_eq!((usage.cache_write.get(), usage.cache_write_1h.get()), expected, "{members}");
    }
}

#[test]
fn usage_is_believed_missing_or_absurd() {
    let zero = Usage::default();
    let used = Usage { input: Tokens(5), output: Tokens(2), ..zero };
    for (json, expected) in [
        (r#"{"input_tokens":0,"output_tokens":0}"#, Found::Usage(zero)),
        (
            r#"{"input_tokens":5,"output_tokens":2,"cache_read_input_tokens":9}"#,
            Found::Usage(Usage { cached: Tokens(9), ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"cache_creation_input_tokens":9}"#,
            Found::Usage(Usage { cache_write: Tokens(9), ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":3}}"#,
            Found::Usage(Usage { cache_write: Tokens(6), cache_write_1h: Tokens(3), ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":3}}"#,
            Found::Usage(Usage { cache_write: Tokens(1), cache_write_1h: Tokens(3), ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"server_tool_use":{"web_search_requests":4}}"#,
            Found::Usage(Usage { web_searches: 4, ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"service_tier":"priority"}"#,
            Found::Usage(Usage { tier: ServiceTier::Priority, ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"service_tier":"batch"}"#,
            Found::Usage(Usage { tier: ServiceTier::Batch, ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"speed":"fast","service_tier":"standard"}"#,
            Found::Usage(Usage { tier: ServiceTier::Priority, ..used }),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"inference_geo":"not_available"}"#,
            Found::Usage(used),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"inference_geo":"us"}"#,
            Found::Absurd("inference_geo"),
        ),
        (r#"{"input_tokens":5}"#, Found::Missing),
        (r#"{"input_tokens":null,"output_tokens":2}"#, Found::Missing),
        (r#"{"input_tokens":-5,"output_tokens":2}"#, Found::Absurd("input_tokens")),
        (r#"{"input_tokens":5,"output_tokens":"2"}"#, Found::Absurd("output_tokens")),
        (r#"{"input_tokens":5,"output_tokens":2.0}"#, Found::Absurd("output_tokens")),
        (
            r#"{"input_tokens":5,"output_tokens":2,"cache_read_input_tokens":-1}"#,
            Found::Absurd("cache_read_input_tokens"),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"cache_creation_input_tokens":2,"cache_creation":{"ephemeral_1h_input_tokens":3}}"#,
            Found::Absurd("cache_creation_input_tokens"),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"server_tool_use":{"web_search_requests":1e400}}"#,
            Found::Absurd("usage"),
        ),
        (
            r#"{"input_tokens":5,"output_tokens":2,"server_tool_use":7}"#,
            Found::Absurd("server_tool_use"),
        ),
    ] {
        assert_eq!(Anthropic.usage(json.as_bytes()), expected, "{json}");
    }
}

#[test]
fn what_is_billed_beside_the_totals_is_refused() {
    for (members, expected) in [
        (r#""context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}"#, None),
        (r#""context_management":null,"inference_geo":"global""#, None),
        (
            r#""context_management":{"edits":[{"trigger":{},"type":"compact_20260112"}]}"#,
            Some("`context_management.edits[].type` is `compact_20260112`"),
        ),
        (r#""inference_geo":"us""#, Some("`inference_geo` is `us`")),
        (
            r#""tools":[{"type":"advisor_20260301","name":"advisor","model":"claude-opus-5"}]"#,
            Some("`tools[].type` is `advisor_20260301`"),
        ),
    ] {
        let body = format!(r#"{{"model":"m","max_tokens":9,{members}}}"#);
        let refused = ask(&Messages, body.as_bytes()).err().map(|no| no.reason());
        let told = refused.as_deref().unwrap_or_default();
        assert!(told.contains(expected.unwrap_or_default()), "{members}: {told}");
        assert_eq!(refused.is_some(), expected.is_some(), "{members}: {told}");
    }
}

#[test]
fn totals_that_leave_passes_out_are_not_believed() {
    let told = |passes: &str| {
        let usage = format!(r#"{{"input_tokens":23,"output_tokens":1,"iterations":{passes}}}"#);
        Anthropic.usage(usage.as_bytes())
    };
    let message = r#"{"type":"message","input_tokens":23,"output_tokens":1}"#;
    assert!(matches!(told(&format!("[{message}]")), Found::Usage(_)));
    let compacted = r#"{"type":"compaction","input_tokens":180000,"output_tokens":3500}"#;
    let found = told(&format!("[{compacted},{message}]"));
    assert_eq!(found, Found::Absurd("iterations"));
}
