//! What is read of a request to a declared endpoint, and what is written into it.

use reins_governor::{Call, InputSize, Tokens, Wording};

use super::{dialect, pointer, rules};
use crate::Read;
use crate::tests::{HEAD, NOTHING, read, refused, target};

fn of(body: &str) -> Read {
    read(&*dialect(rules()), body)
}

fn input(members: &str) -> InputSize {
    of(&format!(r#"{{"model":"m",{members}}}"#)).call.input
}

#[test]
fn the_facts_of_a_whole_request() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Gr\u00fc\u00dfe"},
        {"role":"tool","calls":[{"name":"f","x":[1]}],"images":["aGk=","aGk="]}],
        "options":{"limits":{"num_predict":7},"top_k":3},"n":2,"stream":false}"#;
    let call = of(body).call;
    assert_eq!((&*call.model, call.stream), ("m", false));
    assert_eq!((call.output_cap, call.choices), (Some(Tokens(7)), 2));
    let text = ["user", "Grüße", "tool", r#"[{"name":"f","x":[1]}]"#, "3"].concat();
    let text_bytes = u64::try_from(text.len()).expect("few");
    assert_eq!(call.input, InputSize { text_bytes, parts: 2, images: 2, ..NOTHING });
}

#[test]
fn what_is_not_said_is_as_the_rules_say() {
    let call = of(r#"{"model":"m"}"#).call;
    assert_eq!((call.stream, call.output_cap, call.choices), (true, None, 1));
    assert_eq!(dialect(rules()).default_cap(), Some(Tokens(512)));
    let nulls = r#"{"model":"m","stream":null,"options":null,"max_tokens":null,"n":null}"#;
    let call = of(nulls).call;
    assert_eq!((call.stream, call.output_cap, call.choices), (true, None, 1));
}

#[test]
fn a_part_of_a_message_that_no_rule_is_for_may_be_of_any_size() {
    let undeclared = Some(Wording::new("a part of a message that the dialect does not declare"));
    for messages in [
        r#"[{"content":[{"text":"a"}]}]"#,
        r#"[{"content":{"url":"https://example.com/a.png"}}]"#,
        r#"[{"picture":"https://example.com/a.png"}]"#,
        r#"[["a"]]"#,
        r#"["a"]"#,
        r#"{"content":"a"}"#,
        r#""a""#,
        r#"[{"images":"a"}]"#,
    ] {
        let size = input(&format!(r#""messages":{messages}"#));
        assert_eq!(size.by_reference, undeclared, "{messages}");
    }
    let images = input(r#""messages":[{"images":[["a","b","c"]]}]"#);
    assert!(images.by_reference.is_some(), "a list in place of an image");
    assert!(input(r#""files":["f"]"#).by_reference.is_some());
    assert_eq!(
        input(r#""messages":[{"content":null,"images":null}]"#),
        InputSize { parts: 1, ..NOTHING }
    );
}

#[test]
fn whatever_no_rule_is_for_outside_of_messages_counts_as_text() {
    let size = input(r#""tools":[{"name":"f"}],"keep_alive":"5m","options":{"a":{"b":"c"}}"#);
    let text_bytes = r#"[{"name":"f"}]5m{"b":"c"}"#.len();
    assert_eq!(size.text_bytes, u64::try_from(text_bytes).expect("few"));
    assert_eq!(size.by_reference, None);
}

#[test]
fn without_messages_each_byte_may_be_a_prompt() {
    let mut all = rules();
    all.request.messages = None;
    all.request.text.clear();
    all.request.images.clear();
    let call = read(&*dialect(all.clone()), r#"{"model":"m","texts":["a","b"]}"#).call;
    assert_eq!((call.input.prompts, call.choices), (call.input.text_bytes + 1, 1));
    all.request.prompts = Some(pointer("/texts"));
    for (texts, prompts) in [("\"a\"", 1), (r#"["a","b"]"#, 2), ("[[1,2],[3]]", 2), ("[]", 0)] {
        let body = format!(r#"{{"model":"m","n":3,"texts":{texts}}}"#);
        let call = read(&*dialect(all.clone()), &body).call;
        assert_eq!((call.input.prompts, call.choices), (prompts, 3 * prompts.max(1)), "{texts}");
    }
    for texts in [r#"[{"image":"u"}]"#, r#"[[{"image":"u"}]]"#, r#"{"image":"u"}"#, "[[[1]]]"] {
        let body = format!(r#"{{"model":"m","texts":{texts}}}"#);
        let input = read(&*dialect(all.clone()), &body).call.input;
        assert!(input.by_reference.is_some(), "{texts}");
    }
    all.request.cap = None;
    let call = read(&*dialect(all), r#"{"model":"m","texts":"a"}"#).call;
    assert_eq!(call.output_cap, Some(Tokens(0)), "there is no output");
}

#[test]
fn what_costs_extra_is_said_where_it_asks_for_anything() {
    for (search, has_fee) in [
        ("true", true),
        ("false", false),
        ("null", false),
        ("[]", false),
        ("[1]", true),
        ("{}", true),
        ("\"on\"", true),
        ("1", true),
    ] {
        let call = of(&format!(r#"{{"model":"m","search":{search}}}"#)).call;
        assert_eq!(call.extra_fee.is_some(), has_fee, "{search}");
    }
}

#[test]
fn a_cap_cannot_be_smuggled_past() {
    let dialect = dialect(rules());
    for (members, says) in [
        (r#""max_tokens":1,"max_tokens":9"#, "`max_tokens` is named twice"),
        (r#""max_tokens":1,"max\u005ftokens":9"#, "`max_tokens` is named twice"),
        (r#""maxTokens":9"#, "`maxTokens` at byte"),
        (r#""MAX_TOKENS":9"#, "`MAX_TOKENS` at byte"),
        (r#""options":{},"options":{"limits":{}}"#, "`options` is named twice"),
        (r#""Options":{"limits":{"num_predict":9}}"#, "`Options` at byte"),
        (r#""options":{"limits":{},"limits":{}}"#, "`options.limits` is named twice"),
        (
            r#""options":{"limits":{"num_predict":1,"num_predict":2}}"#,
            "`options.limits.num_predict` is named twice",
        ),
        (r#""options":{"limits":{"numPredict":9}}"#, "may be read as `options.limits.num_predict`"),
        (r#""options":[]"#, "`options` is a list at byte"),
        (r#""options":{"limits":"9"}"#, "`options.limits` is a string at byte"),
        (r#""max_tokens":1,"options":{"limits":{"num_predict":2}}"#, "with two numbers"),
        (r#""max_tokens":-1,"options":{"limits":{"num_predict":2}}"#, "with two numbers"),
        (r#""max_tokens":0"#, "it must be at least 1"),
        (r#""max_tokens":-0"#, "`max_tokens` is `-0`"),
        (r#""max_tokens":1.5"#, "`max_tokens` is `1.5`"),
        (r#""max_tokens":-1.5"#, "`max_tokens` is `-1.5`"),
        (r#""max_tokens":1e3"#, "`max_tokens` is `1e3`"),
        (r#""max_tokens":"9""#, "`max_tokens` is a string"),
        (r#""n":10001"#, "at most 10000 answers"),
        (r#""n":1,"N":9"#, "`N` at byte"),
        (r#""stream":"yes""#, "`stream` is a string"),
        (r#""models":["a"]"#, "`models` at byte"),
        (r#""model":"b""#, "`model` is named twice"),
    ] {
        let said = refused(&*dialect, format!(r#"{{"model":"m",{members}}}"#).as_bytes());
        assert!(said.contains(says), "{members}: {said}");
    }
    assert!(refused(&*dialect, b"[]").contains("must be an object"));
    assert!(refused(&*dialect, br#"{"messages":[]}"#).contains("`model` is missing"));
}

/// The body that is sent once the cap is 5.
fn capped(body: &str) -> Option<String> {
    let (dialect, read) = (dialect(rules()), of(body));
    let call = Call { output_cap: Some(Tokens(5)), ..read.call.clone() };
    let sent = dialect.rewrite(&HEAD, body.as_bytes(), &read, &call).body?;
    let sent = String::from_utf8(sent).expect("UTF-8");
    let again = dialect.read(&HEAD, sent.as_bytes()).expect(&sent).bind(target());
    assert_eq!(again.call.output_cap, Some(Tokens(5)), "{sent}");
    assert_eq!(dialect.rewrite(&HEAD, sent.as_bytes(), &again, &again.call).body, None, "{sent}");
    Some(sent)
}

#[test]
fn a_cap_is_written_wherever_the_vendor_reads_it() {
    const OPTIONS: &str = r#""options":{"limits":{"num_predict":5}}"#;
    for (members, sent) in [
        (r#""max_tokens":5"#, None),
        (r#""max_tokens":7"#, Some(r#""max_tokens":5"#)),
        (r#""max_tokens":-1"#, Some(r#""max_tokens":5"#)),
        (r#""options":{"limits":{"num_predict":7}}"#, Some(OPTIONS)),
        (r#""options":{"limits":{"num_predict":-2}}"#, Some(OPTIONS)),
        (r#""options":{"limits":{"num_predict":null}}"#, Some(OPTIONS)),
        (r#""options":{"limits":null}"#, Some(OPTIONS)),
        (r#""options":null"#, Some(OPTIONS)),
        (r#""options":{"limits":{}}"#, Some(OPTIONS)),
        (r#""options":{}"#, Some(OPTIONS)),
        (r#""options":{"a":1}"#, Some(r#""options":{"limits":{"num_predict":5},"a":1}"#)),
        (
            r#""options":{"a":1,"limits":{"b":2}}"#,
            Some(r#""options":{"a":1,"limits":{"num_predict":5,"b":2}}"#),
        ),
        (
            r#""max_tokens":7,"options":{"limits":{"num_predict":7}}"#,
            Some(r#""max_tokens":5,"options":{"limits":{"num_predict":5}}"#),
        ),
    ] {
        let whole = |members: &str| format!(r#"{{"model":"m",{members}}}"#);
        assert_eq!(capped(&whole(members)), sent.map(whole), "{members}");
    }
    let sent = format!(r#"{{{OPTIONS},"model":"m"}}"#);
    assert_eq!(capped(r#"{"model":"m"}"#), Some(sent));
    let null = format!(r#"{{{OPTIONS},"model":"m","max_tokens":null}}"#);
    assert_eq!(capped(r#"{"model":"m","max_tokens":null}"#), Some(null));
}

#[test]
fn what_is_not_changed_goes_out_as_it_came() {
    let (dialect, body) = (dialect(rules()), r#" {"model" : "m", "max_tokens":-1 }"#);
    let read = of(body);
    assert_eq!(dialect.rewrite(&HEAD, body.as_bytes(), &read, &read.call).body, None);
    let call = Call { model: "other \"1\"".into(), ..read.call.clone() };
    let sent = dialect.rewrite(&HEAD, body.as_bytes(), &read, &call).body.expect("a change");
    assert_eq!(sent, br#" {"model" : "other \"1\"", "max_tokens":-1 }"#);
}
