//! Whatever the text: no panic, and a problem that stands inside the file.

use proptest::prelude::{any, prop_assert, proptest};

use super::{EXAMPLE, serve};

/// Values of every type, right and wrong.
const VALUES: &str = "(\\PC{0,12}|-?[0-9_.e]{1,20}\
                      |\"\\PC{0,40}\"|\\[[a-z0-9\", ]{0,20}\\]|true|1979-05-27)";

/// A text is read, or there is at least one problem, and each stands in a line of the file.
fn is_read_or_reported(text: &str) -> Result<(), String> {
    let Err(report) = serve(text) else { return Ok(()) };
    let lines = text.split('\n').count();
    let inside = |line: usize| (1..=lines).contains(&line);
    if report.problems.is_empty() {
        return Err("nothing was read, and nothing was said".to_owned());
    }
    match report.problems.iter().find(|problem| !inside(problem.line)) {
        Some(problem) => Err(format!("outside the file: {problem:?}")),
        None if report.to_string().is_empty() => Err("nothing is shown".to_owned()),
        None => Ok(()),
    }
}

fn check(text: &str) {
    is_read_or_reported(text).unwrap_or_else(|what| panic!("{what}\n{text}"));
}

#[test]
fn a_missing_character_is_read_or_reported() {
    for (at, gone) in EXAMPLE.char_indices() {
        let (before, _) = EXAMPLE.split_at(at);
        let (_, after) = EXAMPLE.split_at(at + gone.len_utf8());
        check(&format!("{before}{after}"));
    }
}

#[test]
fn a_missing_line_is_read_or_reported() {
    let lines: Vec<&str> = EXAMPLE.split_inclusive('\n').collect();
    for gone in 0..lines.len() {
        let rest = lines.iter().enumerate().filter(|(at, _)| *at != gone);
        check(&rest.map(|(_, line)| *line).collect::<String>());
    }
}

#[test]
fn a_cut_file_is_read_or_reported() {
    for (at, _) in EXAMPLE.char_indices().filter(|(at, _)| at % 7 == 0) {
        check(EXAMPLE.split_at(at).0);
    }
}

#[test]
fn deep_nesting_is_reported() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(serve(&deep).is_err());
    let tables = format!("{} = 1", vec!["a"; 100_000].join("."));
    assert!(serve(&tables).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_reported(text in any::<String>()) {
        prop_assert!(is_read_or_reported(&text).is_ok());
    }

    #[test]
    fn any_value_is_read_or_reported(
        line in 0_usize..200,
        value in VALUES,
    ) {
        let change = |(at, written): (usize, &str)| match written.split_once('=') {
            Some((name, _)) if at == line => format!("{name}= {value}\n"),
            _ => format!("{written}\n"),
        };
        let text: String = EXAMPLE.lines().enumerate().map(change).collect();
        let result = is_read_or_reported(&text);
        prop_assert!(result.is_ok(), "{result:?}");
    }
}
