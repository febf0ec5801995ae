//! That the gateway's page tells of every header and metric that users see, and of no other.

use std::collections::BTreeSet;

use crate::source::{Source, all, none};

/// Where users read of them.
const PAGE: &str = "hosts/gateway/README.md";
/// How the names begin that are told of.
const BEGINNINGS: [&str; 3] = ["x-reins-", "x-vendor", "reins_"];
/// Where they are made.
const MAKERS: [&str; 4] = [
    "engine/flight/src/",
    "engine/runtime/src/",
    "engine/store/src/jumps.rs",
    "hosts/gateway/src/",
];

/// What stands between two `mark`s, in every line above a file's tests.
fn quoted(source: &Source, mark: char) -> impl Iterator<Item = &str> {
    let lines = source.text.lines().take_while(|line| !line.contains("#[cfg(test)]"));
    lines.flat_map(move |line| line.split(mark).skip(1).step_by(2))
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
    BEGINNINGS.iter().any(|start| text.starts_with(start)) && text.chars().all(plain)
}

/// The names that the code makes. Crates and prefixes of headers are none.
fn made(sources: &[Source]) -> BTreeSet<&str> {
    let ours = |source: &&Source| {
        let tests = source.path.contains("/tests");
        MAKERS.iter().any(|at| source.path.starts_with(at)) && source.is(&[".rs"]) && !tests
    };
    let names = sources.iter().filter(ours).flat_map(|source| quoted(source, '"'));
    names.filter(|name| is_name(name) && !name.ends_with('-')).collect()
}

fn differences(sources: &[Source]) -> Vec<String> {
    let Some(page) = sources.iter().find(|source| source.path == PAGE) else {
        return vec![format!("{PAGE}: write it")];
    };
    let told: BTreeSet<&str> = quoted(page, '`').filter(|name| is_name(name)).collect();
    let made = made(sources);
    let missing = made.difference(&told).map(|name| format!("`{name}` is not told of"));
    let gone = told.difference(&made).map(|name| format!("`{name}` is not made any more"));
    missing.chain(gone).map(|what| page.finding(1, what)).collect()
}

#[test]
fn every_header_and_metric_is_told_of() {
    none(&differences(&all()));
}

#[test]
fn what_is_not_told_or_not_made_is_seen() {
    let code = "const A: &str = \"x-reins-cost\";\ncounter!(\"reins_calls_total\");\n\
                #[cfg(test)]\nmod tests { const B: &str = \"x-reins-other\"; }\n";
    let code = || Source::sample("engine/runtime/src/answer_headers.rs", code);
    let page = |text| Source::sample(PAGE, text);
    let both = page("| `x-reins-cost` | `reins_calls_total` |");
    assert_eq!(differences(&[code(), both]), Vec::<String>::new());
    assert_eq!(differences(&[code(), page("`x-reins-cost`")]).len(), 1);
    assert_eq!(differences(&[code(), page("")]).len(), 2);
    assert_eq!(differences(&[page("`reins_gone_total`")]).len(), 1);
}
