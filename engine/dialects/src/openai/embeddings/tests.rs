//! The facts of requests for embeddings, and what their answers tell.

use reins_governor::{InputSize, Tokens, Usage, Wording};

use super::Embeddings;
use crate::tests::{HEAD, NOTHING, ask, metered, read, refused};
use crate::{Dialect, Failure, Found, Metered};

fn input(value: &str) -> InputSize {
    read(&Embeddings, &format!(r#"{{"model":"m","input":{value}}}"#)).call.input
}

#[test]
fn the_facts_of_a_whole_request() {
    let body = r#"{"model":"text-embedding-3-small","input":["Gr\u00fc\u00dfe","b"],
        "encoding_format":"float","dimensions":256,"user":"u"}"#;
    let call = read(&Embeddings, body).call;
    assert_eq!((&*call.model, call.stream), ("text-embedding-3-small", false));
    assert_eq!((call.output_cap, call.choices), (Some(Tokens(0)), 1));
    let text_bytes = "Grüßeb".len() + "float256u".len();
    let text_bytes = u64::try_from(text_bytes).expect("few");
    assert_eq!(call.input, InputSize { text_bytes, parts: 2, prompts: 2, ..NOTHING });
}

#[test]
fn an_input_has_a_text_or_the_ids_of_tokens() {
    let size = |text_bytes, prompts| InputSize { text_bytes, parts: prompts, prompts, ..NOTHING };
    let by_reference =
        || Some(Wording::new("an input that is neither a text nor the ids of tokens"));
    for (value, expected) in [
        (r#""abc""#, size(3, 1)),
        (r#"["abc","de"]"#, size(5, 2)),
        ("[1, 20000, 3]", size(3, 1)),
        ("[[1, 20000], [3]]", size(3, 2)),
        ("null", NOTHING),
        ("[]", NOTHING),
        (r#"{"a":"b"}"#, InputSize { by_reference: by_reference(), ..size(8, 1) }),
        (r#"[{"image":"b"}]"#, InputSize { by_reference: by_reference(), ..size(11, 1) }),
        (r#"[["abc"]]"#, InputSize { by_reference: by_reference(), prompts: 2, ..size(3, 2) }),
    ] {
        let found = input(value);
        assert_eq!(found.by_reference, expected.by_reference, "{value}");
        assert_eq!(found.prompts, expected.prompts, "{value}");
        assert!(found.text_bytes >= expected.text_bytes.min(3), "{value}: {found:?}");
        if expected.by_reference.is_none() {
            assert_eq!(found, expected, "{value}");
        }
    }
}

#[test]
fn texts_are_counted_where_the_tokenizer_is_known() {
    let body = br#"{"model":"text-embedding-3-small","input":["hello world","hello world"]}"#;
    let mut call = ask(&Embeddings, body).expect("a request").bind(crate::tests::target()).call;
    assert_eq!(Embeddings.text_tokens(body, &call), None);
    call.vendor = "openai".into();
    let counted = Embeddings.text_tokens(body, &call).expect("a count");
    assert!((4..=call.input.text_bytes).contains(&counted.get()), "{counted}");
}

#[test]
fn what_cannot_be_read_says_why() {
    for (body, expected) in [
        (r#"{"input":"a"}"#, "`model` is missing"),
        (r#"{"model":"m","input":"a","Input":"b"}"#, "may be read as `input`"),
        (r#"{"model":"m","models":["dear"]}"#, "lets the vendor choose"),
    ] {
        let said = refused(&Embeddings, body.as_bytes());
        assert!(said.contains(expected), "{body}: {said}");
    }
}

#[test]
fn only_the_model_is_ever_rewritten() {
    let body = r#"{"model":"a","input":"b"}"#;
    let read = read(&Embeddings, body);
    assert_eq!(Embeddings.rewrite(&HEAD, body.as_bytes(), &read, &read.call).body, None);
    let mut call = read.call.clone();
    (call.model, call.output_cap) = ("c".into(), Some(Tokens(7)));
    let changed = Embeddings.rewrite(&HEAD, body.as_bytes(), &read, &call).body.expect("a change");
    assert_eq!(changed, br#"{"model":"c","input":"b"}"#);
}

#[test]
fn an_answer_tells_the_tokens_of_its_prompt() {
    let found = |text: &str| metered(&Embeddings, false, [text.as_bytes()]);
    let data = r#""data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}]"#;
    let whole = include_str!("../../../fixtures/openai/embeddings.json");
    let usage = Found::Usage(Usage { input: Tokens(8), ..Usage::default() });
    let model = Some("text-embedding-3-small".into());
    let expected = Metered { usage, model, output_bound: Tokens(0), complete: true, failure: None };
    assert_eq!(found(whole), expected);
    let cut = found(whole.trim_end().trim_end_matches('}'));
    assert_eq!((cut.usage, cut.complete), (Found::Missing, false));
    for (text, usage, failure) in [
        (format!("{{{data}}}"), Found::Missing, None),
        (
            format!(r#"{{{data},"usage":{{"prompt_tokens":-1}}}}"#),
            Found::Absurd("prompt_tokens"),
            None,
        ),
        (r#"{"error":{"message":"x"}}"#.to_owned(), Found::Missing, Some(Failure::BeforeOutput)),
        (
            format!(r#"{{{data},"error":{{"message":"x"}}}}"#),
            Found::Missing,
            Some(Failure::AfterOutput),
        ),
    ] {
        let metered = found(&text);
        assert_eq!((metered.usage, metered.failure), (usage, failure), "{text}");
    }
}
