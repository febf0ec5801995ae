//! What every crate's manifest says alike.

use crate::source::{Source, hold};

/// Lines that each manifest of a crate has.
const LINES: [(&str, &str); 4] = [
    ("[lints]\nworkspace = true\n", "the lints of the workspace"),
    ("version.workspace = true\n", "the version of the workspace"),
    ("license.workspace = true\n", "the licence of the workspace"),
    ("publish.workspace = true\n", "that nothing is published by accident"),
];

fn missing(source: &Source) -> Vec<String> {
    if !source.path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    let text = format!("{}\n", source.text.trim_end());
    LINES
        .iter()
        .filter(|(lines, _)| !text.contains(lines))
        .map(|(lines, what)| {
            let lines = lines.trim_end().replace('\n', " / ");
            source.finding(1, format!("add `{lines}`: {what}"))
        })
        .collect()
}

/// Versions are written once, in the workspace.
fn own_versions(source: &Source) -> Vec<String> {
    if !source.path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    let versioned = |line: &str| {
        let (_, value) = line.split_once('=').unwrap_or_default();
        value.contains("version = \"") || value.contains("path = \"../")
    };
    let say = |number| source.finding(number, "put the version in the workspace's Cargo.toml");
    source.lines().filter(|(_, line)| versioned(line)).map(|(number, _)| say(number)).collect()
}

#[test]
fn manifests_say_what_all_say() {
    hold(missing);
}

#[test]
fn versions_are_written_once() {
    hold(own_versions);
}

#[test]
fn a_lonely_manifest_is_seen() {
    let source = Source::sample("engine/a/Cargo.toml", "[package]\nname = \"a\"\n");
    assert_eq!(missing(&source).len(), LINES.len());
    let source = Source::sample("engine/a/Cargo.toml", "serde = { version = \"1\" }\n");
    assert_eq!(own_versions(&source).len(), 1);
}
