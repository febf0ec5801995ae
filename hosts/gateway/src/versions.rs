//! The state of the configuration file beside the version in force: for the log, `/readyz` and
//! `/metrics`.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use reins_config::Problem;
use reins_files::WatchedFile;
use tokio::sync::Notify;

use crate::serve::ServeError;

/// The file, and why its newest contents are not in force.
#[derive(Clone, Debug)]
pub(crate) struct Versions {
    pub(crate) file: WatchedFile,
    /// Why the newest contents were refused, `None` if they are in force.
    refused: Arc<ArcSwapOption<String>>,
    /// Notified to check the file again although it did not change.
    pub(crate) check_again: Arc<Notify>,
    /// Whether the log says last that the file cannot be read.
    unreadable: bool,
}

/// The state of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its contents are in force.
    InForce,
    /// It has not been unchanged for long enough to be read.
    Changing,
    /// Its contents were refused.
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
    /// A file whose contents are in force.
    pub(crate) fn of(file: WatchedFile) -> Self {
        let (refused, check_again) = (Arc::default(), Arc::new(Notify::new()));
        Self { file, refused, check_again, unreadable: false }
    }

    /// The state of the file, and why its contents are not in force.
    pub(crate) fn state(&self) -> (State, Option<String>) {
        use reins_files::FileState;
        match (self.file.state(), self.refused.load_full()) {
            (FileState::Unreadable(error), _) => (State::Unreadable, Some(error.to_string())),
            (FileState::Changing, _) => (State::Changing, Some(changing())),
            (FileState::Current, Some(why)) => (State::Refused, Some(String::clone(&why))),
            (FileState::Current, None) => (State::InForce, None),
        }
    }

    /// Logs and counts it once when the file becomes unreadable, and logs it when it is readable
    /// again.
    pub(crate) fn log_readable(&mut self) {
        let (state, why) = self.state();
        let before = std::mem::replace(&mut self.unreadable, state == State::Unreadable);
        match (before, self.unreadable) {
            (false, true) => {
                count("unreadable");
                tracing::error!(why, "the file cannot be read; its last version stays in force");
            }
            (true, false) => tracing::info!("the file can be read again"),
            (true, true) | (false, false) => {}
        }
    }

    /// Records the outcome of a check: the version that came into force, if one did.
    pub(crate) fn checked(&self, outcome: &Result<Option<Arc<str>>, ServeError>) {
        let why = outcome.as_ref().err().map(|error| Arc::new(summary(error)));
        self.refused.store(why);
        match outcome {
            Ok(None) => {}
            Ok(Some(version)) => {
                count("in_force");
                tracing::info!(%version, "a new version is in force");
            }
            Err(error) => {
                count("refused");
                let cause = cause(error);
                let what = "the new version is refused; the last one stays in force";
                tracing::error!(%error, cause, "{what}");
            }
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("reins_versions_total", "outcome" => outcome).increment(1);
}

fn changing() -> String {
    let rest = reins_files::REST.as_secs();
    format!("a file that was not renamed into place is read once it has not changed for {rest} s")
}

/// Why a version was refused, in one line. The page needs no key, so that it has the place of the
/// first problem and nothing that the file says.
fn summary(error: &ServeError) -> String {
    let ServeError::Wrong(report) = error else {
        return cause(error).map_or_else(|| error.to_string(), |why| format!("{error}: {why}"));
    };
    let problems = report.problems.len();
    let first = report.problems.first();
    first.map_or_else(String::new, |Problem { line, path, .. }| {
        format!("it has {problems} problems, the first in line {line} ({path}): see the log")
    })
}

/// The cause of an error, where its own text does not have it.
fn cause(error: &ServeError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
