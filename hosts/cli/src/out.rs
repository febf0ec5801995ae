//! Output: answers go to stdout, notes for the person at the terminal to stderr.
//!
//! Nothing else in this crate prints.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stderr, Stdout, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::machine::Machine;

/// How long a server that has ended waits for stderr to take its last line.
const LAST_NOTE: Duration = Duration::from_secs(2);

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

    /// One line of a server, written in the background.
    pub(crate) fn announce(&mut self, line: String) {
        let mut stdout = io::stdout();
        // WHY: a pipe that is full or closed must not stop a server.
        let written = thread::Builder::new().spawn(move || writeln!(stdout, "{line}"));
        written.map(drop).unwrap_or_default();
    }

    /// The last line of a server: it is lost if stderr does not take it in time.
    pub(crate) fn last_note(&mut self, line: String) {
        let (done, written) = mpsc::sync_channel(1);
        let mut stderr = io::stderr();
        let write = move || {
            // WHY: the status shows the failure too.
            writeln!(stderr, "{line}").unwrap_or_default();
            done.send(()).unwrap_or_default();
        };
        if thread::Builder::new().spawn(write).is_ok() {
            // WHY: the process ends in either case.
            written.recv_timeout(LAST_NOTE).unwrap_or_default();
        }
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
