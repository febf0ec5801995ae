//! Whatever bytes come: nothing stops, nothing is read in two ways.

use bytes::Bytes;
use proptest::prelude::*;
use reins_governor::Tokens;
use serde_json::{Map, Value, json};

use super::{HEAD, ask, asked, dialects, read, target};
use crate::{ChatCompletions, Dialect, Found, usage_from_json};

/// Bytes that look like what vendors send.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "[ -~\r\n]{0,20}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "data: ",
            "\n\n",
            "\r\n\r\n",
            "\r",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ":",
            ",",
            "[DONE]",
            r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":-2}}"#,
            r#""usage":{"input_tokens":1e400}"#,
            r#"{"type":"message_stop"}"#,
            r#""model":"m""#,
            r#""messages":[{"content":"#,
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..30)
}

/// Values that a governed field may be given.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3000).prop_map(Value::from),
        prop::sample::select(vec![json!(0.5), json!(1.0), json!(1e30)]),
        "[a-z]{0,3}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ]
}

/// An object of some governed fields, in some order.
fn request() -> impl Strategy<Value = Map<String, Value>> {
    let names = ["max_tokens", "max_completion_tokens", "n", "stream", "x", "temperature"];
    let member = (prop::sample::select(names.to_vec()), value());
    (prop::collection::vec(member, 0..6), "[a-z]{1,5}").prop_map(|(members, model)| {
        let mut request = Map::from_iter([("model".to_owned(), Value::from(model))]);
        request.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
        request
    })
}

/// Whether another parser finds nothing to object to.
fn is_fine(request: &Map<String, Value>) -> bool {
    let at = |name: &str| request.get(name).cloned().unwrap_or_default();
    let positive = |name: &str| at(name).is_null() || at(name).as_u64().is_some_and(|n| n > 0);
    let caps = (at("max_tokens").as_u64(), at("max_completion_tokens").as_u64());
    let differ = matches!(caps, (Some(older), Some(newer)) if older != newer);
    let counts = ["max_tokens", "max_completion_tokens", "n"].into_iter().all(positive);
    counts && !differ && (at("stream").is_null() || at("stream").is_boolean())
}

proptest! {
    #[test]
    fn no_request_stops_a_dialect(pieces in pieces()) {
        let bytes = pieces.concat();
        for dialect in dialects() {
            if let Ok(asked) = ask(dialect, &bytes) {
                let read = asked.bind(target());
                prop_assert!(serde_json::from_slice::<Map<String, Value>>(&bytes).is_ok());
                let _ = dialect.rewrite(&HEAD, &bytes, &read, &read.call);
            }
        }
    }

    #[test]
    fn no_answer_stops_a_meter(pieces in pieces(), stream in any::<bool>()) {
        for dialect in dialects() {
            let read = asked(dialect, stream);
            let meter = || dialect.meter(&read, &read.call);
            let (mut whole, mut cut) = (meter(), meter());
            whole.feed(&pieces.concat());
            pieces.iter().for_each(|piece| cut.feed(piece));
            prop_assert_eq!(whole.finish(), cut.finish());
        }
    }

    #[test]
    fn no_answer_stops_a_filter(pieces in pieces()) {
        let read = asked(&ChatCompletions, true);
        let filter = || ChatCompletions.filter(&read).unwrap();
        let (mut whole, mut cut) = (filter(), filter());
        let mut seen = Vec::new();
        for piece in &pieces {
            seen.extend_from_slice(&cut.pass(Bytes::copy_from_slice(piece)));
        }
        seen.extend_from_slice(&cut.flush());
        let bytes = Bytes::from(pieces.concat());
        let told = memchr::memmem::find(&bytes, b"\"usage\"").is_some();
        let mut seen_whole = whole.pass(bytes.clone()).to_vec();
        seen_whole.extend_from_slice(&whole.flush());
        prop_assert_eq!(&seen, &seen_whole);
        prop_assert!(told || seen == bytes);
    }

    #[test]
    fn no_usage_is_more_than_can_be_believed(
        bytes in prop::collection::vec(any::<u8>(), 0..50),
        tokens in prop_oneof![any::<i128>(), -9..9_i128, (1_i128 << 32) - 9..(1 << 32) + 9],
    ) {
        let object = format!(r#"{{"prompt_tokens":{tokens},"completion_tokens":1,"input_tokens":{tokens},"output_tokens":1}}"#);
        for vendor in ["openai", "anthropic"] {
            prop_assert!(!matches!(usage_from_json(vendor, &bytes), Found::Usage(_)));
            let believed = (0..=1 << 32).contains(&tokens);
            let found = usage_from_json(vendor, object.as_bytes());
            let read = if let Found::Usage(usage) = found { Some(usage.input) } else { None };
            prop_assert_eq!(read.map(|read| i128::from(read.get())), believed.then_some(tokens));
            prop_assert_eq!(!believed, matches!(found, Found::Absurd(_)));
        }
    }

    /// A request is refused when another parser would object, and only then; what is read is what
    /// the other parser reads.
    #[test]
    fn a_request_says_the_same_to_another_parser(request in request()) {
        let body = Value::from(request.clone()).to_string();
        let fine = is_fine(&request);
        prop_assert_eq!(ask(&ChatCompletions, body.as_bytes()).is_ok(), fine, "{}", &body);
        if fine {
            let call = read(&ChatCompletions, &body).call;
            let number = |name: &str| request.get(name).and_then(Value::as_u64);
            let caps = ["max_tokens", "max_completion_tokens"];
            let cap = caps.into_iter().filter_map(number).min();
            let stream = request.get("stream").and_then(Value::as_bool);
            prop_assert_eq!(Some(&*call.model), request["model"].as_str());
            prop_assert_eq!(call.output_cap, cap.map(Tokens));
            prop_assert_eq!(call.choices, number("n").unwrap_or(1));
            prop_assert_eq!(call.stream, stream.unwrap_or(false));
        }
    }
}
