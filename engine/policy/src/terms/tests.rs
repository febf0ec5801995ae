//! The table of names: every example is true, and `policies/CEL.md` says the same.

use std::fmt::Write as _;
use std::path::Path;

use jiff::tz::TimeZone;
use reins_governor::{Budgets, Judge, Readings, Window};

use super::{NAMES, READERS, Term};
use crate::sample::{Scene, budget, flag, policy, reading, rule, scene, trace};
use crate::{Conditions, Rule, compile};

const PAGE: &str = "../../policies/CEL.md";

/// The call of which every example is true, with $4.00 spent and $0.05 held whatever is read.
fn sample(reads: usize) -> Scene {
    let mut scene = scene();
    scene.identity.metadata = Some(r#"{"ticket": "A-1"}"#.into());
    scene.readings = Some(Readings((0..reads).map(|_| reading("4.00", "0.05", 12)).collect()));
    scene
}

fn examples() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|term| term.example).chain(READERS.iter().map(|term| term.example))
}

#[test]
fn every_example_is_true_of_the_sample_call() {
    let budgets =
        Budgets::new(vec![budget("support bot, a day", "support-*", "5.00", Window::Daily)]);
    for example in examples() {
        let when = Conditions { cel: Some(example.into()), ..Conditions::default() };
        let policy = policy("p", vec![Rule { when, ..rule("r", flag()) }]);
        let (rules, _) = compile(&[policy], &budgets, &TimeZone::UTC).expect(example);
        let said = trace(&sample(rules.reads().len()).judge(&rules).1);
        assert!(said.starts_with("p/r yes: the rule's cel holds"), "{example}: {said}");
    }
}

#[test]
fn every_example_uses_its_name() {
    for (path, example) in NAMES
        .iter()
        .map(|term| (term.path, term.example))
        .chain(READERS.iter().map(|term| (term.path, term.example)))
    {
        assert!(example.contains(path), "{path}: {example}");
    }
}

fn row(page: &mut String, [path, kind, about, example]: [&str; 4]) {
    let example = example.replace('|', "\\|");
    let _ = writeln!(page, "| `{path}` | {kind} | {about} | `{example}` |");
}

/// The page: what stands in `page.md`, with the tables put in.
fn page() -> String {
    let head = "| | | what it is | an example that is true |\n|---|---|---|---|\n";
    let (mut names, mut readers) = (head.to_owned(), head.to_owned());
    for Term { path, kind, about, example, has, .. } in NAMES {
        let path = if has.is_some() { format!("{path}`, `has({path})") } else { path.to_owned() };
        row(&mut names, [&path, kind.word(), about, example]);
    }
    for term in READERS {
        row(&mut readers, [term.written, term.kind.word(), term.about, term.example]);
    }
    include_str!("page.md").replace("{names}\n", &names).replace("{readers}\n", &readers)
}

#[test]
fn the_page_is_made_of_the_table() {
    let at = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let made = page();
    let found = std::fs::read_to_string(&at).unwrap_or_default();
    if found != made {
        let fresh = std::env::temp_dir().join("CEL.md");
        std::fs::write(&fresh, made).expect("the fresh page can be written");
        panic!("policies/CEL.md is stale: `cp {} policies/CEL.md`", fresh.display());
    }
}
