//! Problems: what is wrong with a file, where, and how to mend it.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::mask::masked;

/// One thing that is wrong with a file, or might be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The field, such as `budget[2].limit_usd`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub hint: String,
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a problem is about: a text that does not parse makes some others meaningless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The text is not TOML.
    Text,
    /// One value is wrong, whatever stands around it.
    Value,
    /// Something is missing, unknown, or at odds with another part of the file.
    Shape,
}

/// All that was found in one file. Shown without the secrets that somebody may have written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What stops the file from being used, in the order of the file.
    pub problems: Vec<Problem>,
    /// What does not, in the order of the file.
    pub warnings: Vec<Problem>,
    file: String,
    text: String,
}

// === impl Report ===

impl Report {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let (file, text) = (file.to_owned(), masked(text));
        Self { problems: Vec::new(), warnings: Vec::new(), file, text }
    }

    /// Every problem and warning as a compiler would show it, then how many there are.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let problems = self.problems.iter().map(|p| self.show(&renderer, &Level::ERROR, p));
        let warnings = self.warnings.iter().map(|w| self.show(&renderer, &Level::WARNING, w));
        let shown: String = problems.chain(warnings).collect();
        format!("{shown}{}\n", self.tally())
    }

    /// Whether the text is TOML, so that every table of it was seen.
    pub(crate) fn is_toml(&self) -> bool {
        self.problems.iter().all(|problem| problem.kind != Kind::Text)
    }

    fn show(&self, renderer: &Renderer, level: &Level<'_>, problem: &Problem) -> String {
        let mark = AnnotationKind::Primary.span(problem.span.clone()).label(&problem.path);
        let quote = Snippet::source(&self.text).path(&self.file).annotation(mark);
        let title = level.clone().primary_title(&problem.what);
        let group = title.element(quote).element(Level::HELP.message(&problem.hint));
        format!("{}\n\n", renderer.render(&[group]))
    }

    fn tally(&self) -> String {
        let file = &self.file;
        match (self.problems.len(), self.warnings.len()) {
            (0, 0) => format!("{file} is fine"),
            (0, warnings) => format!("{file} can be used: {}", count(warnings, "warning")),
            (problems, 0) => format!("{file} cannot be used: {}", count(problems, "problem")),
            (problems, warnings) => format!(
                "{file} cannot be used: {} and {}",
                count(problems, "problem"),
                count(warnings, "warning")
            ),
        }
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}
