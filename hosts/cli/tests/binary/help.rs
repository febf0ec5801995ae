//! What the binary says of itself.

use crate::place::Place;

fn help(words: &[&str]) -> String {
    let arguments = [words, &["--help"]].concat();
    Place::bare().run(&arguments).answer().to_owned()
}

#[test]
fn of_the_whole() {
    insta::assert_snapshot!(help(&[]));
}

#[test]
fn of_the_bench() {
    insta::assert_snapshot!(help(&["bench"]));
}

#[test]
fn of_serving() {
    insta::assert_snapshot!(help(&["serve"]));
}

#[test]
fn of_checking() {
    insta::assert_snapshot!(help(&["check"]));
}

#[test]
fn of_pricing() {
    insta::assert_snapshot!(help(&["price"]));
}

#[test]
fn of_spend() {
    insta::assert_snapshot!(help(&["spend"]));
}

#[test]
fn of_keys() {
    let each = [
        &["key"][..],
        &["key", "create"],
        &["key", "list"],
        &["key", "rotate"],
        &["key", "revoke"],
    ];
    insta::assert_snapshot!(each.map(help).join("\n\n────\n\n"));
}

#[test]
fn of_connections() {
    let each = [&["connection"][..], &["connection", "key"]];
    insta::assert_snapshot!(each.map(help).join("\n\n────\n\n"));
}

#[test]
fn version_is_one_line() {
    let said = Place::bare().run(&["--version"]);
    assert_eq!(said.answer(), concat!("reins ", env!("CARGO_PKG_VERSION")));
}
