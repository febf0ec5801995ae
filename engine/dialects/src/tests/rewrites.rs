//! Bodies that are changed: only where they must, and to what was decided.

use proptest::prelude::*;
use reins_governor::{Call, Tokens};
use serde_json::Value;

use super::{HEAD, ask, read, target};
use crate::{ChatCompletions, Dialect, Messages};

fn rewritten(dialect: &dyn Dialect, body: &str, change: impl FnOnce(&mut Call)) -> Option<String> {
    let read = read(dialect, body);
    let mut call = read.call.clone();
    change(&mut call);
    let bytes = dialect.rewrite(&HEAD, body.as_bytes(), &read, &call).body?;
    Some(String::from_utf8(bytes).expect("UTF-8"))
}

#[test]
fn what_is_not_changed_goes_out_as_it_came() {
    let body = r#" {"model" : "m", "max_tokens":5 } "#;
    assert_eq!(rewritten(&ChatCompletions, body, |_| {}), None);
    assert_eq!(rewritten(&Messages, body, |_| {}), None);
    let streams = r#"{"model":"m","max_tokens":5,"stream":true}"#;
    assert_eq!(rewritten(&Messages, streams, |_| {}), None);
    let asks = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    assert_eq!(rewritten(&ChatCompletions, asks, |_| {}), None);
}

#[test]
fn a_downgrade_replaces_the_value_of_the_model_alone() {
    let to = |call: &mut Call| call.model = "small \"é\"".into();
    for (body, expected) in [
        (
            r#"{"messages":[{"content":"the model: \"model\":\"m\""}], "model"  :"m" ,"max_tokens":5}"#,
            r#"{"messages":[{"content":"the model: \"model\":\"m\""}], "model"  :"small \"é\"" ,"max_tokens":5}"#,
        ),
        (
            r#"{"max_tokens":5,"mod\u0065l":"\u006d"}"#,
            r#"{"max_tokens":5,"mod\u0065l":"small \"é\""}"#,
        ),
    ] {
        assert_eq!(rewritten(&ChatCompletions, body, to).as_deref(), Some(expected));
        assert_eq!(rewritten(&Messages, body, to).as_deref(), Some(expected));
    }
}

#[test]
fn a_cap_goes_where_the_client_had_one_or_in_front() {
    for (vendor, body, expected) in [
        ("openai", r#"{"model":"m","max_tokens": 50}"#, r#"{"model":"m","max_tokens": 7}"#),
        ("other", r#"{"model":"m","max_tokens": 50}"#, r#"{"model":"m","max_tokens": 7}"#),
        (
            "openai",
            r#"{"max_completion_tokens":50,"model":"m"}"#,
            r#"{"max_completion_tokens":7,"model":"m"}"#,
        ),
        // Whether others read the newer name is not known: the older one is put beside it.
        (
            "other",
            r#"{"max_completion_tokens":50,"model":"m"}"#,
            r#"{"max_tokens":7,"max_completion_tokens":7,"model":"m"}"#,
        ),
        (
            "other",
            r#"{"model":"m","max_completion_tokens":9,"max_tokens":null}"#,
            r#"{"model":"m","max_completion_tokens":7,"max_tokens":7}"#,
        ),
        ("other", r#"{"model":"m","max_tokens":null}"#, r#"{"model":"m","max_tokens":7}"#),
        (
            "openai",
            r#"{"max_tokens":null,"model":"m","max_completion_tokens":9}"#,
            r#"{"max_tokens":null,"model":"m","max_completion_tokens":7}"#,
        ),
        ("openai", r#"{ "model":"gpt-4o"}"#, r#"{"max_tokens":7, "model":"gpt-4o"}"#),
        ("openai", r#"{"model":"gpt-5"}"#, r#"{"max_completion_tokens":7,"model":"gpt-5"}"#),
        ("azure", r#"{"model":"o3"}"#, r#"{"max_completion_tokens":7,"model":"o3"}"#),
        // What copies OpenAI need not know the newer name, whatever the model is called.
        ("openrouter", r#"{"model":"openai/o3"}"#, r#"{"max_tokens":7,"model":"openai/o3"}"#),
        ("other", r#"{"model":"gpt-5"}"#, r#"{"max_tokens":7,"model":"gpt-5"}"#),
        ("openai", r#"{"model":"gpt-oss-120b"}"#, r#"{"max_tokens":7,"model":"gpt-oss-120b"}"#),
        ("openai", r#"{"model":"olmo"}"#, r#"{"max_tokens":7,"model":"olmo"}"#),
    ] {
        let clip = |call: &mut Call| {
            call.vendor = vendor.into();
            call.output_cap = Some(Tokens(7));
        };
        assert_eq!(
            rewritten(&ChatCompletions, body, clip).as_deref(),
            Some(expected),
            "{vendor} {body}"
        );
    }
    let body = r#"{"model":"m","max_tokens":1024,"messages":[]}"#;
    let expected = r#"{"model":"m","max_tokens":7,"messages":[]}"#;
    let clip = |call: &mut Call| call.output_cap = Some(Tokens(7));
    assert_eq!(rewritten(&Messages, body, clip).as_deref(), Some(expected));
}

#[test]
fn two_caps_that_say_the_same_go_on_saying_the_same() {
    let body = r#"{"model":"m","max_tokens":9,"max_completion_tokens":9}"#;
    let clipped = r#"{"model":"m","max_tokens":7,"max_completion_tokens":7}"#;
    for vendor in ["openai", "other"] {
        let sent = |cap| {
            rewritten(&ChatCompletions, body, |call| {
                call.vendor = vendor.into();
                call.output_cap = Some(cap);
            })
        };
        assert_eq!(
            (sent(Tokens(9)), sent(Tokens(7)).as_deref()),
            (None, Some(clipped)),
            "{vendor}"
        );
    }
}

proptest! {
    /// A vendor that reads one of the two names alone, whichever it is known to read, never sees a
    /// higher cap than the one the bound rests on.
    #[test]
    fn every_vendor_obeys_the_cap_that_was_counted(
        older in prop::option::of(prop::option::of(1_u64..4)),
        newer in prop::option::of(prop::option::of(1_u64..4)),
        clipped in prop::option::of(1_u64..100),
        known: bool,
    ) {
        let member = |name: &str, value: Option<Option<u64>>| {
            let written = value.map(|value| value.map_or("null".to_owned(), |cap| cap.to_string()));
            written.map_or(String::new(), |written| format!(r#","{name}":{written}"#))
        };
        let older_member = member("max_tokens", older);
        let newer_member = member("max_completion_tokens", newer);
        let body = format!(r#"{{"model":"m"{older_member}{newer_member}}}"#);
        let Ok(first) = ask(&ChatCompletions, body.as_bytes()) else {
            // Two that differ could be read in two ways.
            prop_assert!(older != newer);
            return Ok(());
        };
        let first = first.bind(target());
        let mut call = first.call.clone();
        call.vendor = if known { "groq" } else { "other" }.into();
        call.output_cap = clipped.map(Tokens).or(call.output_cap);
        let sent = ChatCompletions.rewrite(&HEAD, body.as_bytes(), &first, &call).body;
        let sent = sent.unwrap_or_else(|| body.clone().into_bytes());
        let sent: Value = serde_json::from_slice(&sent).expect("JSON");
        let (older, newer) = (sent["max_tokens"].as_u64(), sent["max_completion_tokens"].as_u64());
        let cap = call.output_cap.map(Tokens::get);
        if known {
            // It reads both names, the newer one first.
            prop_assert_eq!(newer.or(older), cap);
        }
        prop_assert!(older.is_none() || older == cap);
        prop_assert!(newer.is_none() || newer == cap);
        prop_assert!(known || older == cap, "it reads the older name alone");
    }
}

#[test]
fn a_stream_is_made_to_tell_its_usage() {
    for (options, expected) in [
        ("", r#""stream_options":{"include_usage":true},|"#),
        (r#","stream_options":null"#, r#"|,"stream_options":{"include_usage":true}"#),
        (r#","stream_options":{}"#, r#"|,"stream_options":{"include_usage":true}"#),
        (r#","stream_options": { } "#, r#"|,"stream_options": {"include_usage":true } "#),
        (
            r#","stream_options":{"include_obfuscation":false}"#,
            r#"|,"stream_options":{"include_usage":true,"include_obfuscation":false}"#,
        ),
        (
            r#","stream_options":{"a":1,"include_usage":false}"#,
            r#"|,"stream_options":{"a":1,"include_usage":true}"#,
        ),
        (
            r#","stream_options":{"include_usage":null}"#,
            r#"|,"stream_options":{"include_usage":true}"#,
        ),
    ] {
        let members = r#""model":"m","stream":true"#;
        let body = format!("{{{members}{options}}}");
        let expected = format!("{{{}}}", expected.replace('|', members));
        assert_eq!(rewritten(&ChatCompletions, &body, |_| {}), Some(expected), "{body}");
    }
}

#[test]
fn everything_can_change_at_once() {
    let body = r#"{"stream":true,"model":"gpt-4o","messages":[]}"#;
    let expected = r#"{"max_tokens":7,"stream_options":{"include_usage":true},"stream":true,"model":"m","messages":[]}"#;
    let changed = rewritten(&ChatCompletions, body, |call| {
        call.model = "m".into();
        call.output_cap = Some(Tokens(7));
    });
    assert_eq!(changed.as_deref(), Some(expected));
}

/// A request in which the governed members stand in some order.
fn body() -> impl Strategy<Value = String> {
    let options = prop::sample::select(vec![
        "\"user\":\"u\"",
        "\"stream_options\":{}",
        "\"stream_options\" : null",
        "\"stream_options\":{ \"include_usage\" : false}",
        "\"stream_options\":{\"x\":[{}]}",
    ]);
    let cap = prop::sample::select(vec![
        "\"x\":{\"max_tokens\":3}",
        "\"max_tokens\" :\n12",
        "\"max_completion_tokens\":null",
        "\"max_completion_tokens\":34 ",
    ]);
    let stream = any::<bool>().prop_map(|stream| format!("\"stream\":{stream}"));
    let content = any::<String>().prop_map(|text| {
        format!("\"messages\":[{{\"role\":\"user\",\"content\":{}}}]", Value::from(text))
    });
    let model =
        any::<String>().prop_map(|name| format!("\"model\":{}", Value::from(format!("m{name}"))));
    (options, cap, stream, content, model).prop_flat_map(
        |(options, cap, stream, content, model)| {
            Just(vec![options.to_owned(), cap.to_owned(), stream, content, model])
                .prop_shuffle()
                .prop_map(|members| format!(" {{ {} }}\n", members.join(" , ")))
        },
    )
}

proptest! {
    #[test]
    fn a_changed_body_says_what_was_decided_and_nothing_else_new(
        body in body(),
        model in prop::option::of("[ -~é漢]{1,20}"),
        cap in prop::option::of(1_u64..1_000_000),
    ) {
        let first = read(&ChatCompletions, &body);
        let mut call = first.call.clone();
        call.model = model.map_or(call.model, Into::into);
        call.output_cap = cap.map(Tokens).or(call.output_cap);
        let sent = ChatCompletions.rewrite(&HEAD, body.as_bytes(), &first, &call);
        let Some(changed) = sent.body else {
            prop_assert_eq!(&call, &first.call);
            prop_assert!(ChatCompletions.filter(&first).is_none());
            return Ok(());
        };
        let changed = String::from_utf8(changed).expect("UTF-8");
        let second = read(&ChatCompletions, &changed);
        prop_assert!(ChatCompletions.filter(&second).is_none(), "usage is still not asked for");
        // The caps and options of a request count as no input, so nothing else may differ.
        prop_assert_eq!(&second.call, &call);
        let again = ChatCompletions.rewrite(&HEAD, changed.as_bytes(), &second, &call).body;
        prop_assert!(again.is_none());

        let strip = |text: &str| {
            let mut value: Value = serde_json::from_str(text).expect("JSON");
            let object = value.as_object_mut().expect("an object");
            for name in ["model", "max_tokens", "max_completion_tokens", "stream_options"] {
                object.remove(name);
            }
            value
        };
        prop_assert_eq!(strip(&body), strip(&changed));
    }
}
