//! Output: answers go to stdout, notes for the person at the terminal to stderr.
//!
//! Nothing else in this crate prints.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stderr, Stdout, Write};

use crate::machine::Machine;

/// Where a command says what it found.
#[derive(Debug)]
pub(crate) struct Out {
    answers: BufWriter<Stdout>,
    notes: Stderr,
    /// Whether nobody asked for plain text.
    colourful: bool,
}

// === impl Out ===

impl Out {
    pub(crate) fn new(machine: &Machine) -> Self {
        Self {
            answers: BufWriter::new(io::stdout()),
            notes: io::stderr(),
            colourful: machine.variable("NO_COLOR").is_none(),
        }
    }

    /// One line of the answer; it leaves with the next [`Out::flush`], or when there are many.
    pub(crate) fn answer(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.answers, "{line}")
    }

    /// A part of the answer that ends its own lines.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.answers.write_all(text.as_bytes())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.answers.flush()
    }

    /// One line beside the answer, after what was answered so far.
    pub(crate) fn note(&mut self, line: impl Display) -> io::Result<()> {
        self.flush()?;
        writeln!(self.notes, "{line}")
    }

    /// Whether answers may be coloured: a person reads them.
    pub(crate) fn colours_answers(&self) -> bool {
        self.colourful && self.answers.get_ref().is_terminal()
    }

    /// Whether notes may be coloured.
    pub(crate) fn colours_notes(&self) -> bool {
        self.colourful && self.notes.is_terminal()
    }
}
