//! The report: every figure, as a table for people and as JSON for programs.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::bench::figure::{Figure, Spread, What};

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Cores that vendor, callers and gateway shared.
    pub(crate) cores: usize,
    /// How often each load was sent to each target.
    pub(crate) rounds: u32,
    /// Whether this is a build with debug assertions, whose figures say little.
    pub(crate) debug_build: bool,
    pub(crate) figures: Vec<Figure>,
}

// === impl Report ===

impl Report {
    /// The names of the targets, in the order in which they were first measured.
    fn columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !names.contains(&figure.of.as_str()) {
                names.push(&figure.of);
            }
        }
        names
    }

    fn cell(&self, what: What, of: &str) -> String {
        let figure = self.figures.iter().find(|figure| figure.what == what && figure.of == of);
        figure.map(|figure| figure.spread.to_string()).unwrap_or_default()
    }

    fn row(&self, what: What, columns: &[&str]) -> Option<Vec<String>> {
        let (name, unit) = what.words();
        let cells: Vec<String> = columns.iter().map(|of| self.cell(what, of)).collect();
        let measured = cells.iter().any(|cell| !cell.is_empty());
        measured.then(|| [format!("{name}, {unit}")].into_iter().chain(cells).collect())
    }
}

/// The table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, rounds, debug_build, figures: _ } = self;
        writeln!(f, "median (range) of {rounds} rounds; all of it shares {cores} cores")?;
        if *debug_build {
            writeln!(f, "a debug build: build with --release for figures that mean something")?;
        }
        let columns = self.columns();
        let head = [String::new()].into_iter().chain(columns.iter().map(ToString::to_string));
        let mut rows: Vec<Vec<String>> = vec![head.collect()];
        rows.extend(What::ALL.into_iter().filter_map(|what| self.row(what, &columns)));
        let cells = |at| rows.iter().filter_map(move |row| row.get(at));
        let wide =
            |at| cells(at).map(|cell: &String| cell.chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..=columns.len()).map(wide).collect();
        for row in &rows {
            let mut line = String::new();
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if at == 0 { "" } else { "  " };
                write!(line, "{gap}{cell:<width$}")?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

// === impl Spread ===

/// `91 (64–101)`; a figure that was measured once stands alone.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, low, high } = self;
        if low == high { write!(f, "{median}") } else { write!(f, "{median} ({low}–{high})") }
    }
}

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::bench::figure::What;
    use crate::bench::target::Target;

    #[test]
    fn a_table_has_a_column_for_each_target() {
        let vendor = Target::vendor(([127, 0, 0, 1], 1).into());
        let gateway =
            Target::gateway(reins_config::Durability::Process, ([127, 0, 0, 1], 2).into());
        let figures = [
            What::OneClientP50.figure(&vendor, vec![91, 64, 101]),
            What::OneClientP50.figure(&gateway, vec![200, 180, 250]),
            What::OneClientP50Added.figure(&gateway, vec![109]),
        ];
        let figures = figures.into_iter().flatten().collect();
        let report = Report { cores: 2, rounds: 3, debug_build: false, figures };
        assert_eq!(
            report.to_string(),
            "median (range) of 3 rounds; all of it shares 2 cores\n\
             \u{20}                          vendor       reins, process\n\
             one client, p50, µs        91 (64–101)  200 (180–250)\n\
             one client, p50 added, µs               109\n"
        );
    }
}
