//! What must be absent from a crate's whole dependency tree, not only from its own list.

use crate::source::{cargo, none};

/// The pure crates.
const PURE: [&str; 2] = ["reins-governor", "reins-ledger"];

/// A runtime, servers, SQL and wasm.
const ABSENT: [&str; 9] =
    ["tokio", "hyper", "axum", "tonic", "sqlx", "sqlx-core", "rusqlite", "wasmtime", "reqwest"];

/// The packages of a tree, printed by cargo one a line as `name version`.
fn impurities<'a>(tree: &'a str, absent: &'a [&str]) -> Vec<&'a str> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| absent.contains(name)).collect()
}

#[test]
fn the_pure_crates_stay_pure() {
    let mut findings = Vec::new();
    for package in PURE {
        let tree = cargo(&["tree", "-p", package, "-e", "no-dev", "--prefix", "none"]);
        assert!(tree.starts_with(package), "cargo tree says nothing about `{package}`: {tree}");
        for name in impurities(&tree, &ABSENT) {
            findings.push(format!(
                "{package}: `{name}` is in its tree (`cargo tree -p {package} -i {name}`): move \
                 what needs it to a host"
            ));
        }
    }
    none(&findings);
}

#[test]
fn an_impurity_is_seen() {
    let tree = "reins-ledger v0.1.0 (/x)\nserde v1.0.1\ntokio v1.40.0\nsqlx-core v0.9.0 (*)\n";
    assert_eq!(impurities(tree, &ABSENT), ["tokio", "sqlx-core"]);
}
