//! Which crate may see which, as a table: dependencies point down, never sideways. The crates under
//! `tests/` may see all.

use serde_json::Value;

use crate::source::{cargo, none};

/// From the bottom up. A crate sees only crates of lower rows.
const LEVELS: [&[&str]; 7] = [
    &["reins-governor"],
    &["reins-cel"],
    &["reins-ledger", "reins-dialects", "reins-prices", "reins-policy"],
    &["reins-store", "reins-flight", "reins-config", "reins-files"],
    &["reins-runtime"],
    &["reins-example", "reins-gateway", "reins-vendor"],
    &["reins-cli"],
];

/// Crates that see none of ours: an oracle must not share a mistake with what it judges.
const ALONE: [&str; 1] = ["reins-vendor"];

/// What only one of our crates may know, so that it can be replaced there.
const ONLY: [(&str, &str); 6] = [
    ("sqlx", "reins-store"),
    ("rusqlite", "reins-store"),
    ("wasmtime", "reins-policy"),
    ("cel-core", "reins-cel"),
    ("axum", "reins-gateway"),
    ("ratatui", "reins-cli"),
];

/// Why `from` may not depend on `to`, if it may not.
fn objection(from: &str, to: &str) -> Option<String> {
    if let Some((_, owner)) = ONLY.iter().find(|(name, owner)| *name == to && *owner != from) {
        return Some(format!("only `{owner}` may know `{to}`: ask that crate instead"));
    }
    if !to.starts_with("reins-") {
        return None;
    }
    let level = |name: &str| LEVELS.iter().position(|row| row.contains(&name));
    let (Some(above), Some(below)) = (level(from), level(to)) else {
        return Some(
            "a crate is not in the table: add it to LEVELS in tests/house/edges.rs".into(),
        );
    };
    if ALONE.contains(&from) {
        return Some(format!("`{from}` sees none of our crates: write the few lines again there"));
    }
    (below >= above).then(|| "dependencies point down: move what both need to a lower crate".into())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn packages() -> Vec<Value> {
    let said = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let mut metadata: Value = serde_json::from_str(&said).expect("cargo metadata is JSON");
    let Value::Array(packages) = metadata["packages"].take() else { panic!("no packages") };
    packages
}

#[test]
fn dependencies_point_down() {
    let mut findings = Vec::new();
    for package in packages() {
        let (from, manifest) = (text(&package, "name"), text(&package, "manifest_path"));
        if manifest.contains("/tests/") {
            continue;
        }
        for dependency in package["dependencies"].as_array().expect("a list") {
            let to = text(dependency, "name");
            if let Some(objection) = objection(from, to) {
                findings.push(format!("{manifest}:1: `{from}` → `{to}`: {objection}"));
            }
        }
    }
    none(&findings);
}

#[test]
fn every_crate_has_its_row() {
    let rows: Vec<&str> = LEVELS.concat();
    let missing = packages()
        .iter()
        .filter(|package| !text(package, "manifest_path").contains("/tests/"))
        .map(|package| text(package, "name").to_owned())
        .filter(|name| !rows.contains(&name.as_str()))
        .map(|name| format!("tests/house/edges.rs:1: `{name}` has no row: add it to LEVELS"))
        .collect::<Vec<_>>();
    none(&missing);
}

#[test]
fn the_table_can_object() {
    for (from, to) in [
        ("reins-governor", "reins-ledger"),
        ("reins-ledger", "reins-prices"),
        ("reins-gateway", "reins-vendor"),
        ("reins-vendor", "reins-governor"),
        ("reins-cli", "sqlx"),
        ("reins-cli", "reins-unheard-of"),
    ] {
        assert!(objection(from, to).is_some(), "{from} → {to} was not objected to");
    }
    for (from, to) in
        [("reins-cli", "reins-vendor"), ("reins-store", "sqlx"), ("reins-cli", "clap")]
    {
        assert_eq!(objection(from, to), None, "{from} → {to}");
    }
}
