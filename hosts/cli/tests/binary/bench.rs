//! `reins bench`, whether it works: how fast is for machines that do nothing else.

use std::collections::HashSet;

use serde_json::Value;

use crate::place::Place;

/// Figures that are there of each target that calls are sent to.
const OF_TARGETS: [&str; 8] = [
    "one_client_p50",
    "one_client_p99",
    "ten_clients_rate",
    "ten_clients_p50",
    "ten_clients_p99",
    "streams_rate",
    "streams_first_chunk_p50",
    "long_prompt_p50",
];
/// Those less the vendor's own.
const ADDED: [&str; 3] = ["one_client_p50_added", "one_client_p99_added", "long_prompt_p50_added"];
/// Those of one gateway.
const OF_ONE: [&str; 10] = [
    "ready",
    "memory_at_start",
    "memory_calls",
    "memory_after_calls",
    "memory_sessions",
    "memory_after_sessions",
    "disk_a_call",
    "written_a_call",
    "disk_among_policies",
    "written_among_policies",
];

fn expected() -> HashSet<(String, String)> {
    let (vendor, process, power) = ("vendor", "reins, process", "reins, power");
    let mut all = HashSet::new();
    let mut expect = |whats: &[&str], of: &str| {
        all.extend(whats.iter().map(|what| ((*what).to_owned(), of.to_owned())));
    };
    [vendor, process, power].into_iter().for_each(|of| expect(&OF_TARGETS, of));
    [process, power].into_iter().for_each(|of| expect(&ADDED, of));
    [process, power].into_iter().for_each(|of| expect(&["durable_rate"], of));
    expect(&OF_ONE, process);
    expect(&["decision_p99", "decision_rate", "rule_native", "rule_cel"], "reins, memory");
    all
}

#[test]
fn a_quick_bench_has_every_figure() {
    let ended = Place::bare().run(&["bench", "--quick", "--json"]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let figures = report["figures"].as_array().expect("figures");
    let text = |figure: &Value, key: &str| figure[key].as_str().expect(key).to_owned();
    let found: HashSet<_> = figures.iter().map(|f| (text(f, "what"), text(f, "of"))).collect();
    assert_eq!(found, expected());
    // A folder in memory has nothing written to a disk.
    let may_be_zero = |what: &str| what.ends_with("_added") || what.starts_with("written_");
    for figure in figures.iter().filter(|figure| !may_be_zero(&text(figure, "what"))) {
        assert!(figure["median"].as_i64().is_some_and(|median| median > 0), "{figure}");
    }
}

#[test]
fn a_proxy_needs_the_vendors_address() {
    let ended = Place::bare().run(&["bench", "--against", "nginx=http://127.0.0.1:1"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("--vendor"), "{}", ended.stderr);
}
