//! Words that are nowhere in the repository: work put off, tests switched off, and the workshop the
//! files were made in.

use crate::source::{Source, hold};

/// A word, and what to do about it. Written in two pieces, so that this file is under the rule.
const BANNED: [(&str, &str); 16] = [
    (concat!("TO", "DO"), "do it, or leave it out"),
    (concat!("FIX", "ME"), "mend it now"),
    (concat!("XX", "X"), "say what it is"),
    (concat!("todo", "!("), "write it, or leave it out"),
    (concat!("unimplemented", "!("), "write it, or leave it out"),
    (concat!("#[ig", "nore"), "make the test pass, or delete it"),
    (concat!("#[should", "_panic"), "test the error that is returned"),
    (concat!("mark.", "skip"), "make the test pass, or delete it"),
    (concat!("mark.", "xfail"), "make the test pass, or delete it"),
    (concat!("test.", "skip"), "make the test pass, or delete it"),
    (concat!("test.", "todo"), "write the test, or leave it out"),
    (concat!("thread::", "sleep"), "wait for the thing itself, not for a while"),
    (concat!("../", "shared"), "the repository stands alone: say it here"),
    (concat!("/tmp/", "brief"), "the repository stands alone: say it here"),
    (concat!("Claude", " Code"), "leave the tools out that wrote it"),
    (concat!("Co", "pilot"), "leave the tools out that wrote it"),
];

/// Files made by tools, where any letters may stand beside each other.
const GENERATED: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// The lint table must name what it forbids.
const TABLES: [&str; 2] = ["clippy.toml", "Cargo.toml"];

fn banned(source: &Source) -> Vec<String> {
    if source.is(&GENERATED) || TABLES.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        for (word, mend) in BANNED.iter().filter(|(word, _)| stands_alone(line, word)) {
            findings.push(source.finding(number, format!("`{word}`: {mend}")));
        }
    }
    findings
}

/// Whether the word is in the line and is not a piece of a longer one.
fn stands_alone(line: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let glued = |edge: Option<char>, beside| letter(edge) && letter(beside);
        !glued(word.chars().next(), before) && !glued(word.chars().next_back(), after)
    })
}

#[test]
fn nothing_is_put_off_or_switched_off() {
    hold(banned);
}

#[test]
fn each_word_is_seen() {
    for (word, _) in BANNED {
        let source = Source::sample("a.rs", &format!("ok\n// {word} later\n"));
        let found = banned(&source);
        assert!(found.iter().any(|found| found.starts_with("a.rs:2: ")), "{word}: {found:?}");
    }
    assert!(banned(&Source::sample("a.rs", concat!("let MAX", "XX", "X = 1;"))).is_empty());
}
