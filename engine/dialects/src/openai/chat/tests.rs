//! The facts of chat requests, and usage as vendors write it.

use reins_governor::{Call, InputSize, ServiceTier, Tokens, Usage, Wording};

use super::ChatCompletions;
use crate::tests::{NOTHING, read};
use crate::{Dialect, Family, Found, Messages, OUTPUT_UNSEEN, OpenAi};

fn input(members: &str) -> InputSize {
    read(&ChatCompletions, &format!(r#"{{"model":"m",{members}}}"#)).call.input
}

fn message(content: &str) -> InputSize {
    input(&format!(r#""messages":[{{"role":"user","content":{content}}}]"#))
}

#[test]
fn the_facts_of_a_whole_request() {
    let body = r#"{
        "model": "gpt-4o", "stream": true, "stream_options": {"include_usage": true},
        "max_completion_tokens": 500, "n": 3, "service_tier": "flex", "temperature": 0.5,
        "web_search_options": {},
        "messages": [
            {"role": "system", "content": "Be brief.\n"},
            {"role": "user", "content": "Gr\u00fc\u00dfe"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}
            ]},
            {"role": "tool", "tool_call_id": "c", "content": "ok"}
        ],
        "tools": [{"type":"function"}, {"type":"function"}]
    }"#;
    let call = read(&ChatCompletions, body).call;
    assert_eq!(
        (&*call.vendor, &*call.connection, &*call.model),
        ("vendor", "connection", "gpt-4o")
    );
    assert_eq!((call.stream, call.output_cap, call.choices), (true, Some(Tokens(500)), 3));
    assert_eq!((call.tier, call.tool_results), (ServiceTier::Flex, 1));
    assert_eq!((call.web_search, call.web_search_cap), (true, Some(1)));
    let tool_calls = r#"[{"id":"c","function":{"name":"f","arguments":"{"a":1}"}}]"#;
    let text = "Be brief.\nGrüßecok".len()
        + tool_calls.len()
        + 2 * r#"{"type":"function"}"#.len()
        + "0.5".len();
    let expected = InputSize { text_bytes: text as u64, parts: 6, ..NOTHING };
    assert_eq!(call.input, expected);
}

#[test]
fn the_parts_of_a_message_count_by_what_they_are() {
    let base64 = "A".repeat(400);
    let (file_id, url) = (Some(Wording::new("file_id")), Some(Wording::new("the URL of a file")));
    let unknown = || Some(Wording::new("a part of a message whose type is not known"));
    for (content, expected) in [
        (r#""\u6f22\n""#.to_owned(), InputSize { text_bytes: 4, ..NOTHING }),
        (r#"[{"type":"text","text":"ab"},{"text":"c","type":"text"}]"#.to_owned(), InputSize { text_bytes: 3, parts: 2, ..NOTHING }),
        (r#"[{"type":"image_url","image_url":{"url":"https://a.example/b.png","detail":"low"}}]"#.to_owned(), InputSize { images: 1, parts: 1, ..NOTHING }),
        (format!(r#"[{{"image_url":{{"url":"data:image/png;base64,{base64}"}},"type":"image_url"}}]"#), InputSize { images: 1, parts: 1, ..NOTHING }),
        (format!(r#"[{{"type":"input_audio","input_audio":{{"data":"{base64}","format":"wav"}}}}]"#), InputSize { audio_bytes: 300, text_bytes: 3, parts: 1, ..NOTHING }),
        (r#"[{"type":"file","file":{"file_id":"file-1"}}]"#.to_owned(), InputSize { by_reference: file_id, parts: 1, ..NOTHING }),
        (format!(r#"[{{"type":"file","file":{{"filename":"a.pdf","file_data":"data:application/pdf;base64,{base64}"}}}}]"#), InputSize { pages: 100, text_bytes: 5, parts: 1, ..NOTHING }),
        (r#"[{"type":"file","file":{"file_data":"AAAA","file_id":null}}]"#.to_owned(), InputSize { pages: 3, parts: 1, ..NOTHING }),
        (r#"[{"type":"file","file":{"file_data":"https://a.example/b.pdf"}}]"#.to_owned(), InputSize { by_reference: url, parts: 1, ..NOTHING }),
        (r#"[{"type":"video_url","video_url":{"url":"u"}}]"#.to_owned(), InputSize { by_reference: unknown(), text_bytes: 11, parts: 1, ..NOTHING }),
        (r#"[{"text":"ab"}]"#.to_owned(), InputSize { by_reference: unknown(), text_bytes: 2, parts: 1, ..NOTHING }),
    ] {
        let expected = InputSize { parts: expected.parts + 1, ..expected };
        assert_eq!(message(&content), expected, "{content}");
    }
}

#[test]
fn whatever_else_is_in_a_request_counts_as_text() {
    for (members, text_bytes) in [
        (r#""response_format":{"type":"json_object"}"#, 22),
        (r#""an_unknown_field":{"prompt":"\"\""}"#, 15),
        (r#""messages":[{"role":"user","content":"ab","name":"cd"}]"#, 4),
        (r#""messages":[{"role":"user","content":{"odd":1}}]"#, 9),
        (r#""messages":[{"role":"assistant","audio":null}]"#, 0),
        (r#""messages":null,"tools":null"#, 0),
    ] {
        assert_eq!(input(members).text_bytes, text_bytes, "{members}");
    }
    let earlier = input(r#""messages":[{"role":"assistant","audio":{"id":"audio_1"}}]"#);
    assert_eq!(earlier.by_reference, Some(Wording::new("the id of an earlier audio answer")));
}

#[test]
fn a_prediction_may_be_billed_as_one_more_answer() {
    let call =
        read(&ChatCompletions, r#"{"model":"m","prediction":{"type":"content","content":"abc"}}"#)
            .call;
    assert_eq!(call.choices, 2);
    assert!(call.input.text_bytes > 0);
    assert_eq!(read(&ChatCompletions, r#"{"model":"m","prediction":null}"#).call.choices, 1);
}

#[test]
fn a_model_that_always_searches_is_known_by_its_name() {
    let call = read(&ChatCompletions, r#"{"model":"gpt-4o-search-preview"}"#).call;
    assert_eq!((call.web_search, call.searches()), (false, Some(1)));
    let body = r#"{"model":"gpt-4o","web_search_options":null}"#;
    assert_eq!(read(&ChatCompletions, body).call.searches(), Some(0));
}

#[test]
fn what_follows_from_the_model_follows_from_the_one_that_was_sent() {
    let read = read(&ChatCompletions, r#"{"model":"gpt-4o","stream":true}"#);
    let told =
        b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n";
    for (sent, answered, searches) in [
        ("gpt-4o", None, 0),
        ("gpt-4o-search-preview", None, 1),
        ("gpt-4o-search-preview", Some("gpt-4o-2024-08-06"), 1),
        ("gpt-4o", Some("gpt-4o-search-preview-2025-03-11"), 1),
    ] {
        let mut meter =
            ChatCompletions.meter(&read, &Call { model: sent.into(), ..read.call.clone() });
        if let Some(model) = answered {
            meter.feed(format!("data: {{\"model\":\"{model}\",\"choices\":[]}}\n\n").as_bytes());
        }
        meter.feed(told);
        meter.feed(b"data: [DONE]\n\n");
        let Found::Usage(usage) = meter.finish().usage else { panic!("no usage of {sent}") };
        assert_eq!(usage.web_searches, searches, "{sent} {answered:?}");
    }
    // A model that thinks unseen was sent, though one that does not was asked for.
    let thinks = Call { model: "o3".into(), ..read.call.clone() };
    assert_eq!(ChatCompletions.meter(&read, &thinks).finish().output_bound, OUTPUT_UNSEEN);
    assert_eq!(ChatCompletions.meter(&read, &read.call).finish().output_bound, Tokens(0));
}

#[test]
fn what_costs_extra_and_has_no_price_is_noted() {
    for (members, noted) in [
        (r#""search_parameters":{"mode":"auto"}"#, true),
        (r#""search_parameters":null"#, false),
        (r#""plugins":[{"id":"web"}]"#, true),
        (r#""plugins":[]"#, false),
        (r#""plugins":null"#, false),
        (r#""preset":"researcher""#, true),
        (r#""enable_search":true"#, true),
        (r#""enable_search":false"#, false),
        (r#""modalities":["text","image"]"#, true),
        (r#""modalities":["text","audio"]"#, false),
        (r#""tools":[{"type":"function","function":{}},{"type":"custom"}]"#, false),
        (r#""tools":[{"function":{"name":"f"}}]"#, false),
        (r#""tools":[{"type":"function"},{"type":"live_search"}]"#, true),
        (r#""tools":[{"google_search":{}}]"#, true),
        (r#""tools":[{"type":"builtin_function","function":{"name":"$web_search"}}]"#, true),
        (r#""web_search_options":{}"#, false),
        (r#""messages":[{"role":"user","content":"plugins","plugins":[1]}]"#, false),
    ] {
        let call = read(&ChatCompletions, &format!(r#"{{"model":"m",{members}}}"#)).call;
        assert_eq!(call.unpriced_fee().is_some(), noted, "{members}");
    }
    assert!(
        read(&ChatCompletions, r#"{"model":"openai/gpt-4o:online"}"#).call.unpriced_fee().is_some()
    );
}

#[test]
fn a_tool_counts_as_it_is_written_without_space_and_escapes() {
    for (tool, text_bytes) in [
        (r#"{"type":"function"}"#, 19),
        (r#" { "type" : "function" } "#, 19),
        (r#"{"type":"fun\u0063tion"}"#, 19),
        (r#"{"type":"function","function":{"description":"a\nb"}}"#, 19 + 33),
        (r#""odd""#, 3),
    ] {
        assert_eq!(input(&format!(r#""tools":[{tool}]"#)).text_bytes, text_bytes, "{tool}");
    }
}

#[test]
fn a_search_is_charged_though_the_usage_does_not_name_it() {
    let read = read(&ChatCompletions, r#"{"model":"gpt-4o","web_search_options":{}}"#);
    let mut meter = ChatCompletions.meter(&read, &read.call);
    meter.feed(br#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#);
    let usage = Usage { input: Tokens(1), output: Tokens(2), web_searches: 1, ..Usage::default() };
    assert_eq!(meter.finish().usage, Found::Usage(usage));
}

#[test]
fn the_tier_of_the_answer_counts_before_the_one_asked_for() {
    for (told, tier) in [
        ("", ServiceTier::Priority),
        (r#""service_tier":null,"#, ServiceTier::Priority),
        (r#""service_tier":"default","#, ServiceTier::Standard),
        (r#""service_tier":"flex","#, ServiceTier::Flex),
        (r#""service_tier":"a new one","#, ServiceTier::Priority),
    ] {
        let read = read(&ChatCompletions, r#"{"model":"gpt-4o","service_tier":"priority"}"#);
        let mut meter = ChatCompletions.meter(&read, &read.call);
        let answer = format!(r#"{{{told}"usage":{{"prompt_tokens":0,"completion_tokens":0}}}}"#);
        meter.feed(answer.as_bytes());
        let usage = Usage { tier, ..Usage::default() };
        assert_eq!(meter.finish().usage, Found::Usage(usage), "{told}");
    }
}

#[test]
fn what_a_model_thinks_unseen_has_no_bound() {
    for (model, unseen) in [
        ("gpt-4o", false),
        ("openai/gpt-4.1", false),
        ("o3", true),
        ("gpt-5", true),
        ("grok-4", true),
    ] {
        let read = read(&ChatCompletions, &format!(r#"{{"model":"{model}","stream":true}}"#));
        let mut meter = ChatCompletions.meter(&read, &read.call);
        meter.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"ab\"}}]}\n\n");
        let expected = if unseen { OUTPUT_UNSEEN } else { Tokens(2) };
        assert_eq!(meter.finish().output_bound, expected, "{model}");
    }
}

#[test]
fn a_model_that_thinks_unseen_may_answer_for_another() {
    let read = read(&ChatCompletions, r#"{"model":"gpt-4o","stream":true}"#);
    let mut meter = ChatCompletions.meter(&read, &read.call);
    meter.feed(b"data: {\"model\":\"o4-mini-2025-04-16\",\"choices\":[]}\n\n");
    assert_eq!(meter.finish().output_bound, OUTPUT_UNSEEN);
}

/// Believed: plain input, cached, output, reasoning.
fn used(tokens: [u64; 4]) -> Found {
    let [input, cached, output, reasoning] = tokens.map(Tokens);
    Found::Usage(Usage { input, cached, output, reasoning, ..Usage::default() })
}

#[test]
fn usage_is_believed_missing_or_absurd() {
    for (json, expected) in [
        (r#"{"prompt_tokens":0,"completion_tokens":0}"#, used([0, 0, 0, 0])),
        (r#"{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}"#, used([9, 0, 1, 0])),
        (
            r#"{"input_tokens":9,"output_tokens":4,"input_tokens_details":{"cached_tokens":8},"output_tokens_details":{"reasoning_tokens":3}}"#,
            used([1, 8, 4, 3]),
        ),
        (
            r#"{"prompt_tokens":9,"completion_tokens":1,"prompt_cache_hit_tokens":5,"prompt_cache_miss_tokens":4}"#,
            used([4, 5, 1, 0]),
        ),
        (
            r#"{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}"#,
            used([9, 0, 1, 0]),
        ),
        (
            r#"{"prompt_tokens":9,"completion_tokens":1,"total_tokens":30,"completion_tokens_details":{"reasoning_tokens":20}}"#,
            used([9, 0, 21, 20]),
        ),
        (r#"{"prompt_tokens":4294967296,"completion_tokens":0}"#, used([1 << 32, 0, 0, 0])),
        (r#"{}"#, Found::Missing),
        (r#"null"#, Found::Missing),
        (r#"[1]"#, Found::Absurd("usage")),
        (r#"{"prompt_tokens":9"#, Found::Absurd("usage")),
        (r#"{"prompt_tokens":9}"#, Found::Missing),
        (r#"{"prompt_tokens":9,"completion_tokens":null}"#, Found::Missing),
        (r#"{"prompt_tokens":-1,"completion_tokens":1}"#, Found::Absurd("prompt_tokens")),
        (r#"{"prompt_tokens":"9","completion_tokens":1}"#, Found::Absurd("prompt_tokens")),
        (r#"{"prompt_tokens":1.5,"completion_tokens":1}"#, Found::Absurd("prompt_tokens")),
        (r#"{"prompt_tokens":true,"completion_tokens":1}"#, Found::Absurd("prompt_tokens")),
        (
            r#"{"prompt_tokens":9223372036854775808,"completion_tokens":1}"#,
            Found::Absurd("prompt_tokens"),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":4294967297}"#,
            Found::Absurd("completion_tokens"),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}"#,
            Found::Absurd("cached_tokens"),
        ),
        (
            r#"{"prompt_tokens":3,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":2}}"#,
            Found::Absurd("cache_write_tokens"),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"audio_tokens":2}}"#,
            Found::Absurd("audio_tokens"),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":[]}"#,
            Found::Absurd("prompt_tokens_details"),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":2}}"#,
            Found::Absurd("reasoning_tokens"),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":1,"completion_tokens_details":{"audio_tokens":2}}"#,
            Found::Absurd("audio_tokens"),
        ),
    ] {
        assert_eq!(OpenAi.usage(json.as_bytes()), expected, "{json}");
    }
}

#[test]
fn every_prompt_token_is_counted_once_however_its_details_overlap() {
    for (cached, written, audio) in
        [(0, 0, 0), (100, 0, 100), (60, 40, 100), (30, 20, 60), (0, 0, 100), (50, 50, 50)]
    {
        let json = format!(
            r#"{{"prompt_tokens":100,"completion_tokens":0,"prompt_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written},"audio_tokens":{audio}}}}}"#
        );
        let Found::Usage(usage) = OpenAi.usage(json.as_bytes()) else { panic!("{json}") };
        assert_eq!((usage.total_input().get(), usage.audio_input.get()), (100, audio), "{json}");
    }
}

#[test]
fn closing_a_stream_stops_the_bill_where_that_is_known() {
    assert!(OpenAi.billing("openai").closing_stops_streams);
    assert!(!OpenAi.billing("mistral").closing_stops_streams);
    assert!(!OpenAi.billing("openai").closing_stops_whole);
}

#[test]
fn a_text_may_be_counted_where_its_bytes_are_too_many() {
    let prose = "Agents make thousands of paid calls a minute. ".repeat(40);
    let body = format!(
        r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"{prose}"}},
        {{"role":"user","content":[{{"type":"text","text":"{prose}"}}]}}],
        "tools":[{{"type":"function","function":{{"description":"{prose}"}}}}]}}"#
    );
    let mut call = read(&ChatCompletions, &body).call;
    let bytes = call.input.text_bytes;
    assert_eq!(ChatCompletions.text_tokens(body.as_bytes(), &call), None, "an unknown vendor");
    call.vendor = "openai".into();
    let counted = ChatCompletions.text_tokens(body.as_bytes(), &call).expect("a vocabulary");
    // The vendor writes tools down in its own way: their bytes count.
    let tool = prose.len() as u64;
    assert!(
        counted > Tokens(tool) && counted < Tokens(tool + (bytes - tool) / 3),
        "{counted} of {bytes}"
    );
    call.model = "gpt-6-astra".into();
    assert_eq!(ChatCompletions.text_tokens(body.as_bytes(), &call), None, "an unknown tokenizer");
    assert_eq!(Messages.text_tokens(b"{}", &call), None);
}
