//! How long a function, a file and a line may be, and that a file opens with its one job.

use crate::source::{Source, hold};

/// Lines of a function, signature and braces included.
const FUNCTION_LINES: usize = 70;
/// Lines of a file.
const FILE_LINES: usize = 500;
/// Columns of a line, as rustfmt has it.
const COLUMNS: usize = 100;

const CODE: [&str; 5] = [".rs", ".py", ".mjs", ".js", ".sh"];

fn opening(source: &Source) -> Vec<String> {
    let ours = source.path.starts_with("engine/") || source.path.starts_with("hosts/");
    if !(ours && source.is(&[".rs"])) || source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![source.finding(1, "open the file with `//!` and its one job")]
}

fn file_length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if !source.is(&CODE) || lines <= FILE_LINES {
        return Vec::new();
    }
    vec![source.finding(lines, format!("{lines} lines, at most {FILE_LINES}: find its two jobs"))]
}

fn line_length(source: &Source) -> Vec<String> {
    if !source.is(&CODE) {
        return Vec::new();
    }
    let columns = |line: &str| without_raw_strings(line).chars().count();
    source
        .lines()
        .map(|(number, line)| (number, columns(line)))
        .filter(|(_, columns)| *columns > COLUMNS)
        .map(|(number, columns)| {
            source.finding(number, format!("{columns} columns, at most {COLUMNS}: break the line"))
        })
        .collect()
}

/// A line without its raw strings: a vendor's wire format reads best in one piece.
fn without_raw_strings(line: &str) -> String {
    let mut rest = line;
    let mut left = String::new();
    while let Some((before, raw)) = rest.split_once("r#\"") {
        left.push_str(before);
        rest = raw.split_once("\"#").map_or("", |(_, after)| after);
    }
    left + rest
}

fn function_length(source: &Source) -> Vec<String> {
    if !source.is(&[".rs"]) {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let long = |(start, line): (usize, &&str)| {
        let name = function_name(line)?;
        let length = function_lines(lines.get(start..)?);
        let what = format!("`{name}` has {length} lines, at most {FUNCTION_LINES}: split it");
        (length > FUNCTION_LINES).then(|| source.finding(start + 1, what))
    };
    lines.iter().enumerate().filter_map(long).collect()
}

/// The name of the function that a line begins, if it begins one.
fn function_name(line: &str) -> Option<&str> {
    const QUALIFIERS: [&str; 7] =
        ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern"];
    let mut words = line.split_whitespace().skip_while(|word| QUALIFIERS.contains(word));
    if words.next()? != "fn" {
        return None;
    }
    words.next()?.split(['(', '<']).next()
}

/// How long the function is that begins on the first line. rustfmt, which the gate runs first, puts
/// its closing brace in the column where it began.
fn function_lines(lines: &[&str]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    let indent = first.len() - first.trim_start().len();
    let ends = |line: &&str| {
        let (margin, rest) = line.split_at_checked(indent).unwrap_or_default();
        margin.trim().is_empty() && (rest.starts_with('}') || rest.starts_with(';'))
    };
    if first.ends_with('}') || first.ends_with(';') {
        return 1;
    }
    lines.iter().position(ends).map_or(lines.len(), |last| last + 1)
}

#[test]
fn files_open_with_their_one_job() {
    hold(opening);
}

#[test]
fn files_are_short() {
    hold(file_length);
}

#[test]
fn lines_are_short() {
    hold(line_length);
}

#[test]
fn functions_are_short() {
    hold(function_length);
}

#[test]
fn each_shape_can_be_wrong() {
    let body = "        go();\n".repeat(80);
    let text = format!("use a;\nimpl A {{\n    pub fn long(\n{body}    }}\n}}\n");
    let source = Source::sample("engine/a/src/lib.rs", &text);
    let found = function_length(&source);
    assert_eq!(found, ["engine/a/src/lib.rs:3: `long` has 82 lines, at most 70: split it"]);
    assert_eq!(opening(&source).len(), 1);
    let source = Source::sample("a.rs", &"x\n".repeat(501));
    assert_eq!(file_length(&source).len(), 1);
    let source = Source::sample("a.rs", &format!("{}\n", "é".repeat(101)));
    assert_eq!(line_length(&source).len(), 1);
}

#[test]
fn a_raw_string_is_as_long_as_it_is() {
    let line = format!("    let body = r#\"{}\"#;\n", "x".repeat(200));
    assert!(line_length(&Source::sample("a.rs", &line)).is_empty());
    let nested = "fn a() {\n    fn b() {\n    }\n}\n";
    assert_eq!(function_lines(&nested.lines().collect::<Vec<_>>()), 4);
}
