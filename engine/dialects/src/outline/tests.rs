//! Objects in pieces: what is kept, what is measured, what is let go.

use super::{KEPT_BYTES_MAX, Outline, Shape};

const SHAPE: Shape = Shape {
    kept: &["usage", "model"],
    measured: &["choices"],
    error: "error",
    finish: "finish_reason",
    no_output: &["role"],
};

/// What an outline says, for comparing.
#[derive(Debug, PartialEq)]
struct Said {
    usage: Option<String>,
    model: Option<String>,
    text_bytes: u64,
    size: u64,
    empty: bool,
    closed: bool,
}

fn said(pieces: &[&[u8]]) -> Said {
    let mut outline = Outline::new(&SHAPE);
    pieces.iter().for_each(|piece| outline.feed(piece));
    Said {
        usage: outline.kept("usage").map(|kept| String::from_utf8_lossy(kept).into_owned()),
        model: outline.word("model"),
        text_bytes: outline.text_bytes(),
        size: outline.size(),
        empty: outline.measured_is_empty(),
        closed: outline.is_closed(),
    }
}

const ANSWER: &str = r#" { "id": "x{", "model" :"m\u0061", "choices": [ {"role": "assistant",
    "text": "a \"b\" é", "usage": {"no": 1}, "n": 12 } ] , "usage": {"a": [1, {"b": "}"}]} } "#;

#[test]
fn members_are_kept_and_measured() {
    let expected = Said {
        usage: Some(r#"{"a":[1,{"b":"}"}]}"#.to_owned()),
        model: Some("ma".to_owned()),
        text_bytes: r#"a "b" é"#.len() as u64,
        size: r#"[{"role":"assistant","text":"a \"b\" é","usage":{"no":1},"n":12}]"#.len() as u64,
        empty: false,
        closed: true,
    };
    assert_eq!(said(&[ANSWER.as_bytes()]), expected);
}

#[test]
fn it_does_not_matter_how_an_object_is_cut() {
    let whole = said(&[ANSWER.as_bytes()]);
    for at in 0..ANSWER.len() {
        let (before, after) = ANSWER.as_bytes().split_at(at);
        assert_eq!(said(&[before, after]), whole, "cut at {at}");
    }
    let bytes: Vec<&[u8]> = ANSWER.as_bytes().chunks(1).collect();
    assert_eq!(said(&bytes), whole);
}

#[test]
fn a_name_with_an_escape_is_another_name() {
    for name in ["\\choices", "choi\\ces", "\\u0063hoices"] {
        let answer = format!(r#"{{"{name}":[],"usage":{{}}}}"#);
        assert!(!said(&[answer.as_bytes()]).empty, "{answer}");
        assert!(!said(&answer.as_bytes().chunks(1).collect::<Vec<_>>()).empty, "{answer}");
    }
    assert!(said(&[br#"{"choices":[],"usage":{}}"#]).empty);
}

#[test]
fn the_last_of_two_members_counts() {
    let said = said(&[br#"{"usage":{"a":1},"usage":{"a":2},"choices":[]}"#]);
    assert_eq!((said.usage.as_deref(), said.empty), (Some(r#"{"a":2}"#), true));
}

#[test]
fn a_member_that_two_readers_may_see_differently_is_ambiguous() {
    let escaped = r"\u0075\u0073\u0061\u0067\u0065";
    for (members, ambiguous) in [
        (r#""usage":1,"model":2"#.to_owned(), false),
        (r#""usage":1,"usage":2"#.to_owned(), true),
        (r#""usage":null,"usage":2"#.to_owned(), true),
        (r#""usage":1,"us\u0061ge":2"#.to_owned(), true),
        (format!(r#""{escaped}":1"#), true),
        (r#""choices":[],"choices":[],"error":1,"error":2"#.to_owned(), false),
        (r#""us\u0061ges":1,"\ud800":1,"a\"usage":1"#.to_owned(), false),
        (r#""choices":[{"usage":1,"usage":2,"us\u0061ge":3}]"#.to_owned(), false),
    ] {
        let text = format!("{{{members}}}");
        for pieces in [vec![text.as_bytes()], text.as_bytes().chunks(1).collect()] {
            let mut outline = Outline::new(&SHAPE);
            pieces.iter().for_each(|piece| outline.feed(piece));
            assert_eq!((outline.is_ambiguous(), outline.is_closed()), (ambiguous, true), "{text}");
            outline.clear();
            assert!(!outline.is_ambiguous());
        }
    }
}

#[test]
fn an_error_is_more_than_what_stands_for_none() {
    for (value, error) in [
        ("null", false),
        ("false", false),
        ("0", false),
        (r#""""#, false),
        ("{ }", false),
        ("[ \n ]", false),
        ("true", true),
        ("1", true),
        (r#""x""#, true),
        (r#"{"message":null}"#, true),
        ("[{}]", true),
        (r#""a message that is longer than what is kept of it""#, true),
    ] {
        for text in [format!(r#"{{"a":1,"error" : {value} }}"#), format!(r#"{{"error":{value}}}"#)]
        {
            let mut outline = Outline::new(&SHAPE);
            text.as_bytes().chunks(1).for_each(|byte| outline.feed(byte));
            assert_eq!((outline.says_error(), outline.is_closed()), (error, true), "{text}");
            outline.clear();
            assert!(!outline.says_error());
        }
    }
    let mut outline = Outline::new(&SHAPE);
    outline.feed(br#"{"choices":[{"error":{"a":1}}],"text":"\"error\":{}"}"#);
    assert!(!outline.says_error(), "an error inside of another member");
}

#[test]
fn an_answer_is_finished_once_a_measured_member_says_why() {
    for (text, finished) in [
        (r#"{"choices":[{"finish_reason":null}]}"#, false),
        (r#"{"choices":[{"text":"finish_reason"}]}"#, false),
        (r#"{"finish_reason":"stop"}"#, false),
        (r#"{"choices":[{"index":0,"finish_reason" : "stop","logprobs":null}]}"#, true),
    ] {
        let mut outline = Outline::new(&SHAPE);
        outline.feed(text.as_bytes());
        assert_eq!(outline.says_finished(), finished, "{text}");
        outline.clear();
        assert!(!outline.says_finished());
    }
    assert_eq!(said(&[br#"{"choices":[{"finish_reason":"stop"}]}"#]).text_bytes, 0);
}

#[test]
fn null_and_absent_are_nothing() {
    for text in [r#"{"usage": null}"#, r#"{}"#, r#"{"usages":1}"#, r#"{"a":{"usage":{}}}"#] {
        let said = said(&[text.as_bytes()]);
        assert_eq!((said.usage, said.empty, said.closed), (None, false, true), "{text}");
    }
}

#[test]
fn what_is_no_object_is_never_closed() {
    for text in
        ["", "[]", "[DONE]", "1", "\"{}\"", "{", "{]", "{}x", "{\"a\":[}", "{\"a\"", "{}}", "}"]
    {
        assert!(!said(&[text.as_bytes()]).closed, "{text}");
    }
    assert!(!said(&[br#"{"a":"#, "[".repeat(1000).as_bytes()]).closed);
}

#[test]
fn a_colon_that_follows_no_name_breaks_the_object() {
    for text in [
        r#"{"x":1:"usage":{"a":1}}"#,
        r#"{"x":"y"usage":{"a":1}}"#,
        r#"{"x":{}"usage":{"a":1}}"#,
        r#"{"x":[1:2],"usage":{"a":1}}"#,
    ] {
        let said = said(&[text.as_bytes()]);
        assert_eq!((said.usage, said.closed), (None, false), "{text}");
    }
}

#[test]
fn a_member_too_long_to_keep_breaks_the_object() {
    let long = format!(r#"{{"usage":"{}"}}"#, "x".repeat(KEPT_BYTES_MAX));
    let said = said(&[long.as_bytes()]);
    assert_eq!(
        (said.closed, said.usage.map(|kept| kept.len() <= KEPT_BYTES_MAX)),
        (false, Some(true))
    );
}

#[test]
fn what_is_held_stays_small() {
    let mut outline = Outline::new(&SHAPE);
    outline.feed(br#"{"choices":[{"text":""#);
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        outline.feed(&megabyte);
    }
    let held: usize = outline.kept.iter().map(Vec::capacity).sum();
    assert_eq!((outline.text_bytes(), held), (64 << 20, 0));
    assert!(outline.name.capacity() < 128, "{}", outline.name.capacity());
}
