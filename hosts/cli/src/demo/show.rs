//! The show: events and figures as people see them, live on a terminal or line by line elsewhere.

use std::io::{self, IsTerminal, stdout};

use crate::demo::figures::Figures;
use crate::demo::picture::told_line;
use crate::demo::play::Event;
use crate::demo::screen::Screen;
use crate::out::Out;

/// Where it is shown.
pub(crate) enum Show<'a> {
    /// A picture that changes, the history above it.
    Live(Box<Screen>),
    /// A line for each event.
    Lines(&'a mut Out),
}

// === impl Show ===

impl<'a> Show<'a> {
    /// The best that standard output can do.
    pub(crate) fn open(budgets: usize, out: &'a mut Out) -> Self {
        if !stdout().is_terminal() {
            return Self::Lines(out);
        }
        match Screen::open(budgets) {
            Ok(screen) => Self::Live(Box::new(screen)),
            // WHY: some terminals do not say where their cursor is; lines they all can show.
            Err(_) => Self::Lines(out),
        }
    }

    /// Shows an event.
    pub(crate) fn tell(&mut self, event: &Event) -> io::Result<()> {
        match (self, event) {
            (Self::Live(screen), Event::Act(act)) => screen.act(act),
            (Self::Live(screen), Event::Told(told)) => screen.above(told_line(told)),
            (Self::Lines(out), Event::Act(act)) => line(out, act),
            (Self::Lines(out), Event::Told(told)) => {
                line(out, told_line(told).to_string().trim_end())
            }
        }
    }

    /// Shows how things stand.
    pub(crate) fn figures(&mut self, figures: Figures) -> io::Result<()> {
        match self {
            Self::Live(screen) => screen.figures(figures),
            Self::Lines(_) => Ok(()),
        }
    }

    /// Waits until somebody at the keyboard wants to stop: for ever, where there is no keyboard.
    pub(crate) async fn stopped(&self) {
        match self {
            Self::Live(screen) => screen.stopped().await,
            Self::Lines(_) => std::future::pending().await,
        }
    }
}

/// A line that leaves at once: somebody may be watching the other end of a pipe.
fn line(out: &mut Out, text: &str) -> io::Result<()> {
    out.answer(text)?;
    out.flush()
}
