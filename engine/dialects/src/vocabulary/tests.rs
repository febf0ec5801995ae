//! What is counted is never less than what a tokenizer finds, however texts are joined.

use proptest::prelude::*;

use super::{RUN_MAX, TEXT_MAX, Vocabulary, seams};

fn vocabulary(model: &str) -> Vocabulary {
    Vocabulary::of("openai", model).expect(model)
}

/// The tokens of `text` alone.
fn tokens(model: &str, text: &str) -> u64 {
    vocabulary(model).tokenizer.encode_ordinary(text).len() as u64
}

#[test]
fn the_models_of_openai_have_theirs_and_nobody_else_has() {
    for (vendor, model, known) in [
        ("openai", "gpt-4o", true),
        ("openai", "gpt-4o-mini-2024-07-18", true),
        ("openai", "gpt-4-turbo", true),
        ("openai", "o3", true),
        ("azure", "gpt-5-mini", true),
        // A newer model may have a newer one.
        ("openai", "gpt-5.4", false),
        ("openai", "gpt-6-astra", false),
        ("openai", "gpt-4ox", false),
        ("groq", "gpt-4o", false),
        ("anthropic", "claude-haiku-4-5", false),
    ] {
        assert_eq!(Vocabulary::of(vendor, model).is_some(), known, "{vendor} {model}");
    }
    assert_eq!((tokens("gpt-4o", "hello world"), tokens("gpt-4", "hello world")), (2, 2));
    assert!(tokens("gpt-4o", "漢字を読む") < tokens("gpt-4", "漢字を読む"));
}

#[test]
fn prose_has_a_fraction_of_its_bytes() {
    let prose = "The quick brown fox jumps over the lazy dog, and then it rests. ".repeat(100);
    let most = vocabulary("gpt-4o").most(&prose);
    assert!(most >= tokens("gpt-4o", &prose) && most * 3 < prose.len() as u64, "{most}");
}

#[test]
fn what_would_take_long_counts_by_its_bytes() {
    for long in ["a".repeat(RUN_MAX + 1), " ".repeat(RUN_MAX + 1), "a ".repeat(TEXT_MAX / 2 + 1)] {
        assert_eq!(vocabulary("gpt-4o").most(&long), long.len() as u64);
    }
    let mut vocabulary = vocabulary("gpt-4o");
    let prose = "word ".repeat(TEXT_MAX / 10);
    let counted = vocabulary.most(&prose);
    assert!(counted < prose.len() as u64);
    assert_eq!(vocabulary.most(&prose), counted);
    assert_eq!(vocabulary.most(&prose), prose.len() as u64);
}

#[test]
fn what_may_be_joined_counts_by_its_bytes() {
    for (text, bytes) in [
        ("", 0),
        ("word", 4),
        ("two words", 9),
        // A word and its spaces at each end, and the words beside them.
        ("one two three four five", "one two".len() + "four five".len()),
        ("  one\n\ntwo three four ", "  one\n\n".len() + " four ".len()),
    ] {
        assert_eq!(seams(text), bytes as u64, "{text:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,9}",
        "[ \t\n\r]{1,4}",
        "[A-Z0-9]{1,6}",
        "[!-/:-@]{1,5}",
        "[é漢字ß🙂\u{200d}\u{3000}]{1,4}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_joint_has_more_tokens_than_its_parts_were_counted_with(
        parts in proptest::collection::vec(text(), 1..4),
        newer: bool,
    ) {
        let model = if newer { "gpt-4o" } else { "gpt-4" };
        let mut vocabulary = vocabulary(model);
        let counted: u64 = parts.iter().map(|part| vocabulary.most(part)).sum();
        prop_assert!(tokens(model, &parts.concat()) <= counted);
        prop_assert!(counted <= parts.iter().map(|part| part.len() as u64).sum());
    }
}
