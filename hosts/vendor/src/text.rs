//! The words the vendor answers with: one word, one token. None needs escaping in JSON, and some
//! have characters of two, three and four bytes, so that a split can fall inside one.

use std::ops::Range;

const WORDS: [&str; 16] = [
    "Hello", " from", " the", " pretend", " vendor", ",", " café", " and", " 東京", " say", " yes",
    " 🦀", " to", " every", " call", ".",
];

/// Appends the words of a range of tokens.
pub(crate) fn push(out: &mut String, tokens: Range<u64>) {
    let start = usize::try_from(tokens.start % 16).unwrap_or(0);
    let count = usize::try_from(tokens.end.saturating_sub(tokens.start)).unwrap_or(0);
    for word in WORDS.iter().cycle().skip(start).take(count) {
        out.push_str(word);
    }
}

/// The pieces of a tool call's arguments, as they stand inside a JSON string.
pub(crate) const ARGUMENTS: [&str; 4] = [r#"{\"city"#, r#"\":\""#, "Paris", r#"\"}"#];
/// The arguments in one piece, as JSON.
pub(crate) const ARGUMENTS_JSON: &str = r#"{"city":"Paris"}"#;
