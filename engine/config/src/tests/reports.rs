//! What people see of a broken file: every message, as it is shown.
//!
//! `broken/*.txt` hold the files: what all of them begin with, `===`, then one after another,
//! with `---` in between.

use super::{read_for, serve};
use crate::{Purpose, Report};

/// The report of a file, whether it can be used or not.
fn report(text: &str) -> Report {
    serve(text).map_or_else(|report| report, |main| main.first.report)
}

macro_rules! reports_of {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let cases = include_str!(concat!("broken/", stringify!($name), ".txt"));
            let (before, files) = cases.split_once("===\n").expect("what all begin with");
            let shown = files.split("---\n").map(|file| format!("{before}{file}"));
            let shown: String = shown.map(|file| format!("{}\n", report(&file))).collect();
            insta::assert_snapshot!(shown);
        }
    )*};
}

reports_of! {
    not_toml whole_file organization connections dialects addresses keys prices
    limits budgets amounts downgrades policies rules conditions expressions
}

#[test]
fn what_is_not_set_only_warns_whoever_looks() {
    let text = "[[connection]]\nvendor = \"openai\"\nkey_env = \"NOT_SET\"\n\
                [[key]]\nname = \"ci\"\nvalue_env = \"NOT_SET\"\n";
    let checked = read_for(Purpose::Check, text).expect("warnings only");
    assert_eq!(checked.first.organization.keys, [], "a key without a value would let everybody in");
    insta::assert_snapshot!(checked.first.report);
}

#[test]
fn shows_colours_where_it_is_asked_to() {
    let report = report("listen = 1\n");
    assert!(report.render(true).contains('\u{1b}') && !report.render(false).contains('\u{1b}'));
}

#[test]
fn shows_no_secret_wherever_it_was_written() {
    let secret = "sk-proj-abcdefghijklmnop";
    for field in ["key", "key_env", "vendor", "dialect", "base_url", "models", "nonsense"] {
        let report = report(&format!("[[connection]]\n{field} = \"{secret}\"\n"));
        assert_ne!(report.problems, []);
        let shown = format!("{report}{report:?}");
        assert!(!shown.contains("abcdefgh"), "{field}: {shown}");
    }
}
