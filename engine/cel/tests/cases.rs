//! Our own conformance cases, by the same measure as those of the specification.

#![cfg(test)]

#[path = "../examples/conformance/cases.rs"]
mod cases;

use cases::{Outcome, run};

#[test]
fn every_case_passes() {
    for line in include_str!("cases.jsonl").lines() {
        match run(&serde_json::from_str(line).expect(line)) {
            Outcome::Passed => {}
            Outcome::Refused(guard) => panic!("refused by the bound on {}: {line}", guard.word()),
            Outcome::Failed(why) => panic!("{why}: {line}"),
        }
    }
}

#[test]
fn a_case_can_fail() {
    for (expr, exp) in [("1", r#"{"t": "uint", "v": "1"}"#), ("1", r#"{"t": "error"}"#)] {
        let case = format!(r#"{{"expr": "{expr}", "exp": {exp}}}"#);
        let outcome = run(&serde_json::from_str(&case).expect("JSON"));
        assert!(matches!(outcome, Outcome::Failed(_)), "{case}");
    }
    let long = format!(r#"{{"expr": "{}1", "exp": {{"t": "any"}}}}"#, "(".repeat(50));
    let outcome = run(&serde_json::from_str(&long).expect("JSON"));
    assert!(matches!(outcome, Outcome::Refused(_)), "{long}");
}
