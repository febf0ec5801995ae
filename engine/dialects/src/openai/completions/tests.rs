//! The facts of requests for completions, and what their answers tell.

use reins_governor::{InputSize, Tokens, Usage};

use super::Completions;
use crate::tests::{HEAD, NOTHING, metered, read, refused};
use crate::{Dialect, Found};

const STREAM: &str = include_str!("../../../fixtures/openai/completion.sse");

#[test]
fn the_facts_of_a_whole_request() {
    let body = r#"{"model":"gpt-3.5-turbo-instruct","prompt":["Say this","and that"],"n":2,
        "best_of":3,"max_tokens":7,"stream":true,"suffix":"end","stream_options":null}"#;
    let call = read(&Completions, body).call;
    assert_eq!((&*call.model, call.stream), ("gpt-3.5-turbo-instruct", true));
    assert_eq!((call.output_cap, call.choices), (Some(Tokens(7)), 6));
    let text_bytes = 8 + 8 + 3;
    assert_eq!(call.input, InputSize { text_bytes, parts: 2, prompts: 2, ..NOTHING });
}

#[test]
fn a_prompt_and_a_cap_may_be_left_out() {
    for (members, cap, choices) in [
        ("", 16, 1),
        (r#","prompt":null,"max_tokens":null,"n":null,"best_of":null"#, 16, 1),
        (r#","prompt":[1,2,3],"max_tokens":0,"echo":true"#, 0, 1),
        (r#","prompt":[[1],[2],[3]],"n":2"#, 16, 6),
        (r#","prompt":"a","best_of":20,"n":2"#, 16, 20),
    ] {
        let call = read(&Completions, &format!(r#"{{"model":"m"{members}}}"#)).call;
        assert_eq!((call.output_cap, call.choices), (Some(Tokens(cap)), choices), "{members}");
    }
}

#[test]
fn what_has_no_price_is_named() {
    for (member, fee) in [
        (r#""tools":[{}]"#, true),
        (r#""web_search_options":{}"#, true),
        (r#""plugins":[{"id":"web"}]"#, true),
        (r#""tools":null"#, false),
    ] {
        let call = read(&Completions, &format!(r#"{{"model":"m",{member}}}"#)).call;
        assert_eq!(call.extra_fee.is_some(), fee, "{member}");
    }
    let said = refused(&Completions, br#"{"model":"m","models":["dear"]}"#);
    assert!(said.contains("lets the vendor choose"), "{said}");
}

/// The cap that a vendor reads, and whether it is one that the bound rests on.
#[test]
fn every_vendor_obeys_the_cap_that_was_counted() {
    for (vendor, members, cap, expected) in [
        ("openai", "", 16, None),
        ("openai", "", 9, Some(r#"{"max_tokens":9,"model":"m"}"#)),
        ("other", "", 16, Some(r#"{"max_tokens":16,"model":"m"}"#)),
        ("other", r#","max_tokens":20"#, 20, None),
        ("openai", r#","max_tokens":20"#, 16, Some(r#"{"model":"m","max_tokens":16}"#)),
        ("openai", r#","max_tokens":null"#, 16, None),
        ("other", r#","max_tokens":null"#, 16, Some(r#"{"model":"m","max_tokens":16}"#)),
    ] {
        let body = format!(r#"{{"model":"m"{members}}}"#);
        let read = read(&Completions, &body);
        let mut call = read.call.clone();
        (call.vendor, call.output_cap) = (vendor.into(), Some(Tokens(cap)));
        let sent = Completions.rewrite(&HEAD, body.as_bytes(), &read, &call).body;
        let sent = sent.map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        assert_eq!(sent.as_deref(), expected, "{vendor} {body}");
    }
}

#[test]
fn a_stream_tells_its_usage_and_hides_what_was_not_asked_for() {
    let used = Found::Usage(Usage { input: Tokens(5), output: Tokens(7), ..Usage::default() });
    for size in [1, 7, STREAM.len()] {
        let found = metered(&Completions, true, STREAM.as_bytes().chunks(size));
        assert_eq!((found.usage, found.complete), (used, true), "in pieces of {size}");
        assert_eq!(found.output_bound, Tokens(15), "bytes of text");
    }
    let cut = STREAM.find("\"usage\":{").expect("usage");
    let found = metered(&Completions, true, [&STREAM.as_bytes()[..cut]]);
    assert_eq!((found.usage, found.complete), (Found::Missing, false));
    let read = read(&Completions, r#"{"model":"gpt-3.5-turbo-instruct","stream":true}"#);
    let mut filter = Completions.filter(&read).expect("usage was not asked for");
    let seen = [filter.pass(STREAM.into()), filter.flush()].concat();
    let seen = String::from_utf8(seen).expect("UTF-8");
    assert!(!seen.contains("prompt_tokens") && seen.ends_with("data: [DONE]\n\n"), "{seen}");
}
