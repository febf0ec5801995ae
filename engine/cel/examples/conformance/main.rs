//! Runs the conformance cases of CEL through the compile path that rules take, bounds and all, and
//! prints how many pass. A tool for developers, in no binary of users:
//!
//! ```sh
//! cargo run -p reins-cel --example conformance -- [--failed] FILE…
//! ```
//!
//! Each file has one case a line, as `engine/cel/tests/cases.jsonl` has; a case without `exp` (it
//! needs messages) is passed over.

#![expect(clippy::print_stdout, reason = "it is a command")]

mod cases;

use std::collections::BTreeMap;
use std::process::ExitCode;

use reins_cel::limits::Guard;
use serde_json::Value as Json;

use cases::{Outcome, run};

/// What came of all cases.
#[derive(Default)]
struct Sums {
    passed: usize,
    failed: Vec<String>,
    refused: BTreeMap<Guard, Vec<String>>,
}

fn main() -> ExitCode {
    let (flags, files): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let mut sums = Sums::default();
    for file in &files {
        match std::fs::read_to_string(file) {
            Ok(text) => text.lines().for_each(|line| sums.add(line)),
            Err(error) => {
                println!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    if flags.iter().any(|flag| flag == "--failed") {
        sums.failed.iter().for_each(|why| println!("{why}"));
    }
    for (guard, names) in &sums.refused {
        names.iter().for_each(|name| println!("refused by the bound on {}: {name}", guard.word()));
    }
    let refused: usize = sums.refused.values().map(Vec::len).sum();
    let Sums { passed, failed, .. } = sums;
    let total = passed + refused + failed.len();
    println!("{passed} of {total} passed, {refused} refused by a bound, {} failed", failed.len());
    ExitCode::SUCCESS
}

// === impl Sums ===

impl Sums {
    fn add(&mut self, line: &str) {
        let Ok(case) = serde_json::from_str::<Json>(line) else { return };
        if case.get("exp").is_none() {
            return;
        }
        let part =
            |field: &str| case.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
        let name = format!("{}/{}/{}", part("file"), part("section"), part("name"));
        match run(&case) {
            Outcome::Passed => self.passed += 1,
            Outcome::Refused(guard) => self.refused.entry(guard).or_default().push(name),
            Outcome::Failed(why) => {
                self.failed.push(format!("failed: {name}: {}: {why}", part("expr")));
            }
        }
    }
}
