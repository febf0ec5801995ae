//! Findings: what is collected while a file is read, and where in the text it stands.

use std::cell::RefCell;
use std::ops::Range;

use toml::de::Error;

use crate::mask::masked;
use crate::problem::{Kind, Problem, Report};
use crate::quoted::quoted;

/// Collects problems and warnings about one text. Reading never stops at one.
pub(crate) struct Findings<'a> {
    text: &'a str,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

/// A place in the file that something can be said about.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) findings: &'a Findings<'a>,
    /// The field, such as `budget[2].limit_usd`.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) span: Range<usize>,
}

// === impl Findings ===

impl<'a> Findings<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, lines, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The text is not TOML here.
    pub(crate) fn not_toml(&self, error: &Error) {
        let span = error.span().unwrap_or(0..0);
        let place = Place { findings: self, path: String::new(), span };
        let what = format!("this is not TOML: {}", error.message());
        let found = place.found(Kind::Text, what, "see https://toml.io for how values are written");
        self.problems.borrow_mut().push(found);
    }

    /// Everything, in the order of the file.
    pub(crate) fn report(self, file: &str) -> Report {
        let mut report = Report::new(file, self.text);
        report.problems = meaningful(sorted(self.problems.into_inner()));
        report.warnings = sorted(self.warnings.into_inner());
        report
    }

    /// The line (from 1) and column (in characters, from 1) of a byte.
    fn line_column(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// Inside the text, at a boundary of characters, whatever a parser said.
    fn clamped(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start);
        start..self.text.ceil_char_boundary(span.end).max(start)
    }
}

fn sorted(mut found: Vec<Problem>) -> Vec<Problem> {
    found.sort_by_key(|problem| (problem.span.start, problem.span.end));
    found.dedup();
    found
}

/// Of a text that does not parse, what is said of values elsewhere still holds; what is missing or
/// unknown there nobody can tell.
fn meaningful(found: Vec<Problem>) -> Vec<Problem> {
    let broken = |p: &Problem| p.kind == Kind::Text;
    let lines: Vec<usize> = found.iter().filter(|p| broken(p)).map(|p| p.line).collect();
    if lines.is_empty() {
        return found;
    }
    let keep = |p: &Problem| broken(p) || p.kind == Kind::Value && !lines.contains(&p.line);
    found.into_iter().filter(keep).collect()
}

// === impl Place ===

impl<'a> Place<'a> {
    /// This value is wrong.
    pub(crate) fn wrong(&self, what: impl Into<String>, hint: impl Into<String>) {
        self.push(Kind::Value, what, hint);
    }

    /// This is missing, unknown, or at odds with another part of the file.
    pub(crate) fn at_odds(&self, what: impl Into<String>, hint: impl Into<String>) {
        self.push(Kind::Shape, what, hint);
    }

    /// This can be used, and may not be what was meant.
    pub(crate) fn warn(&self, what: impl Into<String>, hint: impl Into<String>) {
        let found = self.found(Kind::Value, what, hint);
        self.findings.warnings.borrow_mut().push(found);
    }

    /// The line it begins on, from 1.
    pub(crate) fn line(&self) -> usize {
        self.findings.line_column(self.span.start).0
    }

    /// The same place, for a part of it.
    pub(crate) fn inner(&self, path: String, span: Range<usize>) -> Place<'a> {
        Place { findings: self.findings, path, span }
    }

    /// A part of the string that stands here, given in bytes of its value; the path says where the
    /// part begins in the value.
    pub(crate) fn part(&self, value: &str, part: &Range<usize>) -> Place<'a> {
        let raw = self.findings.text.get(self.span.clone()).unwrap_or_default();
        let [start, end] = [part.start, part.end].map(|at| self.span.start + quoted(raw, at));
        let before = value.get(..part.start).unwrap_or(value);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let path = format!("{} (line {line}, column {column})", self.path);
        self.inner(path, start..end.max(start))
    }

    fn push(&self, kind: Kind, what: impl Into<String>, hint: impl Into<String>) {
        let found = self.found(kind, what, hint);
        self.findings.problems.borrow_mut().push(found);
    }

    fn found(&self, kind: Kind, what: impl Into<String>, hint: impl Into<String>) -> Problem {
        let span = self.findings.clamped(&self.span);
        let (line, column) = self.findings.line_column(span.start);
        let (what, hint) = (masked(&what.into()), masked(&hint.into()));
        Problem { line, column, path: masked(&self.path), what, hint, span, kind }
    }
}
