//! How files may be named: for the thing they hold.

use crate::source::{Source, hold};

/// Names that hold anything, so nothing.
const EMPTY: [&str; 9] =
    ["util", "common", "helpers", "prelude", "manager", "service", "handler", "data", "info"];

fn empty_name(source: &Source) -> Vec<String> {
    let code = source.is(&[".rs", ".py", ".mjs", ".js", ".ts", ".sh"]);
    let words = source.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    let is_empty = |word: &&str| {
        let word = word.to_ascii_lowercase();
        EMPTY.iter().any(|empty| word == *empty || word == format!("{empty}s"))
    };
    let found = words.filter(|_| code).find(is_empty);
    let say = |word| source.finding(1, format!("`{word}` says nothing: name the thing it holds"));
    found.map(say).into_iter().collect()
}

#[test]
fn files_are_named_for_what_they_hold() {
    hold(empty_name);
}

#[test]
fn an_empty_name_is_seen() {
    for path in ["engine/a/src/utils.rs", "hosts/b/src/handlers/chat.rs", "tests/common.py"] {
        assert_eq!(empty_name(&Source::sample(path, "")).len(), 1, "{path}");
    }
    assert!(empty_name(&Source::sample("engine/a/src/database.rs", "")).is_empty());
}
