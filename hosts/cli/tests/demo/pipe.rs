//! Into a pipe: a line for each event, and the reckoning.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use tempfile::TempDir;

use super::{assert_empty, demo};

/// The lines that tell of one agent.
fn lines_of<'a>(text: &'a str, agent: &str) -> Vec<&'a str> {
    text.lines()
        .take_while(|line| !line.starts_with("agent"))
        .filter(|line| line.starts_with(agent))
        .collect()
}

/// How often each action stands in these lines, behind the model.
fn actions<'a>(lines: &[&'a str]) -> BTreeMap<&'a str, usize> {
    const ACTIONS: [&str; 7] = ["pass", "warn", "downgrade", "clip", "block", "left", "charged"];
    let mut counted = BTreeMap::new();
    for line in lines {
        let action = line.split_whitespace().find(|word| ACTIONS.contains(word));
        *counted.entry(action.expect(line)).or_default() += 1;
    }
    counted
}

#[test]
fn shows_each_kind_of_event_and_ends_with_equal_books() {
    let folder = TempDir::new().expect("a folder");
    let Output { status, stdout, stderr } = demo(folder.path()).output().expect("it starts");
    let (text, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{text}\n{told}");
    assert_eq!(told, "");
    for (agent, expected) in [
        ("support-bot", vec![("block", 1), ("pass", 5), ("warn", 1)]),
        ("researcher", vec![("clip", 1), ("pass", 3)]),
        ("night-batch", vec![("downgrade", 3)]),
        ("trial-chat", vec![("block", 1), ("pass", 1)]),
        ("writer", vec![("charged", 1), ("left", 1), ("pass", 1)]),
    ] {
        let expected = BTreeMap::from_iter(expected);
        assert_eq!(actions(&lines_of(&text, agent)), expected, "{agent}\n{text}");
    }
    let race = actions(&lines_of(&text, "swarm"));
    assert_eq!(race.values().sum::<usize>(), 20, "{text}");
    assert!(race["pass"] >= 1 && race["block"] >= 1, "{text}");
    assert!(text.contains("equal, to the nano-dollar"), "{text}");
    assert!(!text.contains("NOT EQUAL") && !text.contains('\u{1b}'), "{text}");
    assert_empty(folder.path());
}

#[test]
fn whoever_has_seen_enough_may_stop_reading() {
    let folder = TempDir::new().expect("a folder");
    let mut child = demo(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut first = String::new();
    let lines = child.stdout.take().expect("its output");
    BufReader::new(lines).read_line(&mut first).expect("a line");
    assert_eq!(first, "5 agents at work, through the gateway\n");
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    assert!(status.success() && stderr.is_empty(), "{status}");
    assert_empty(folder.path());
}

/// The amount and the calls in the line that begins so.
fn side(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.expect(name).trim().to_owned()
}

#[test]
fn the_two_sides_name_the_same_amount() {
    let folder = TempDir::new().expect("a folder");
    let output = demo(folder.path()).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let billed = side(&text, "vendor's books");
    assert_eq!(billed, side(&text, "our ledger"));
    assert!(billed.starts_with("$0.1") && billed.ends_with("calls"), "{billed}");
}
