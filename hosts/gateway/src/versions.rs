//! How what lies in the file stands to the version in force: for the log, the pages and the metrics.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use reins_config::Problem;
use reins_files::{Standing, WatchedFile};
use tokio::sync::Notify;

use crate::serve::ServeError;

/// The file and what became of its newest text.
#[derive(Clone, Debug)]
pub(crate) struct Versions {
    pub(crate) file: WatchedFile,
    /// Why its newest text is not in force, where it was refused.
    refused: Arc<ArcSwapOption<String>>,
    /// Notified when the file is to be checked again, whether it changed or not.
    pub(crate) asked: Arc<Notify>,
    /// The state that was logged last.
    told: State,
}

/// The state of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// What it says is in force.
    InForce,
    /// It changes, and is not whole yet.
    Changing,
    /// What it says was refused.
    Refused,
    /// It cannot be read.
    Unreadable,
}

// === impl State ===

impl State {
    pub(crate) const ALL: [Self; 4] =
        [Self::InForce, Self::Changing, Self::Refused, Self::Unreadable];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Changing => "changing",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
        }
    }
}

// === impl Versions ===

impl Versions {
    /// The versions of a file whose newest text is in force.
    pub(crate) fn of(file: WatchedFile) -> Self {
        let (refused, asked) = (Arc::default(), Arc::new(Notify::new()));
        Self { file, refused, asked, told: State::InForce }
    }

    /// The state of the file, and why its newest text is not in force.
    pub(crate) fn state(&self) -> (State, Option<String>) {
        match (self.file.standing(), self.refused.load_full()) {
            (Standing::Unreadable(error), _) => (State::Unreadable, Some(error.to_string())),
            (Standing::Changing, _) => (State::Changing, Some(changing())),
            (Standing::Current, Some(why)) => (State::Refused, Some(String::clone(&why))),
            (Standing::Current, None) => (State::InForce, None),
        }
    }

    /// Logs and counts it once, when the file can no longer be read, and when it can be again.
    pub(crate) fn report(&mut self) {
        let (state, why) = self.state();
        if (state == State::Unreadable) == (self.told == State::Unreadable) {
            return;
        }
        self.told = state;
        if let (State::Unreadable, Some(why)) = (state, why) {
            count("unreadable");
            tracing::error!(%why, "the file cannot be read; its last version stays in force");
        } else {
            tracing::info!("the file can be read again");
        }
    }

    /// Takes note of what became of a text.
    pub(crate) fn judged(&self, outcome: &Result<Option<Arc<str>>, ServeError>) {
        let why = outcome.as_ref().err().map(|error| Arc::new(brief(error)));
        self.refused.store(why);
        match outcome {
            Ok(None) => {}
            Ok(Some(version)) => {
                count("in_force");
                tracing::info!(%version, "a new version is in force");
            }
            Err(error) => {
                count("refused");
                let because = cause(error);
                tracing::error!(%error, because, "a version is refused; the one before stays in force");
            }
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("reins_versions_total", "outcome" => outcome).increment(1);
}

fn changing() -> String {
    let rest = reins_files::REST.as_secs();
    format!("what was not moved into place is read once it has not changed for {rest} s")
}

/// Why a version was refused, in one line, for a page that needs no key: of a wrong file where its
/// first problem is, and nothing of what it says there.
fn brief(error: &ServeError) -> String {
    let ServeError::Wrong(report) = error else {
        return cause(error).map_or_else(|| error.to_string(), |why| format!("{error}: {why}"));
    };
    let problems = report.problems.len();
    let first = report.problems.first();
    first.map_or_else(String::new, |Problem { line, path, .. }| {
        format!("it has {problems} problems, the first in line {line} ({path}): see the log")
    })
}

/// What is behind an error, as far as it does not say so itself.
fn cause(error: &ServeError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
