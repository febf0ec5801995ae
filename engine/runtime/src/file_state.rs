//! The state of one file beside the version in force: for the log, `/readyz` and `/metrics`.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use reins_config::Problem;
use reins_files::{FileError, WatchedFile};
use reins_governor::Name;

use crate::RuntimeError;

/// A file, and why its newest contents are not in force.
#[derive(Debug)]
pub struct FileState {
    /// As logs, pages and metrics name it: by its path below the main file's folder.
    pub name: Arc<str>,
    /// The file; `None` while it is being opened for the first time.
    watched: ArcSwapOption<Result<WatchedFile, FileError>>,
    /// Why the newest contents were refused, `None` if they are in force.
    refused: ArcSwapOption<String>,
    /// The organization of its version that was in force last.
    organization: ArcSwapOption<Name>,
}

/// A word for the state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
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
    /// Every state.
    pub const ALL: [Self; 4] = [Self::InForce, Self::Changing, Self::Refused, Self::Unreadable];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Changing => "changing",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
        }
    }
}

// === impl FileState ===

impl FileState {
    /// A file that is to be opened.
    pub fn of(name: String) -> Self {
        let (watched, refused) = (ArcSwapOption::empty(), ArcSwapOption::empty());
        Self { name: name.into(), watched, refused, organization: ArcSwapOption::empty() }
    }

    /// Notes what came of opening it.
    pub fn opened(&self, opened: Result<WatchedFile, FileError>) {
        self.watched.store(Some(Arc::new(opened)));
    }

    /// The state of the file, and why its contents are not in force.
    pub fn state(&self) -> (State, Option<String>) {
        use reins_files::FileState;
        let watched = self.watched.load();
        let found = match watched.as_deref() {
            None => FileState::Changing,
            Some(Ok(file)) => file.state(),
            Some(Err(error)) => FileState::Unreadable(error.clone()),
        };
        match (found, self.refused.load_full()) {
            (FileState::Unreadable(error), _) => (State::Unreadable, Some(error.to_string())),
            (FileState::Changing, _) => (State::Changing, Some(changing())),
            (FileState::Current, Some(why)) => (State::Refused, Some(String::clone(&why))),
            (FileState::Current, None) => (State::InForce, None),
        }
    }

    /// The organization of its version that was in force last.
    pub fn organization(&self) -> Option<Name> {
        self.organization.load().as_deref().cloned()
    }

    /// Whether its contents were refused.
    pub fn is_refused(&self) -> bool {
        self.refused.load().is_some()
    }

    /// Logs and counts that the file has become unreadable, or logs that it can be read again.
    pub fn log_readable(&self, readable: bool, why: Option<&str>) {
        let file = &*self.name;
        if readable {
            tracing::info!(file, "the file can be read again");
            return;
        }
        self.count("unreadable");
        match self.organization() {
            Some(organization) => {
                let what = "the file cannot be read; its last version stays in force";
                tracing::error!(file, %organization, why, "{what}");
            }
            None => tracing::error!(file, why, "the file cannot be read"),
        }
    }

    /// A version of `organization` is in force: a new one, where it has a name.
    pub fn in_force(&self, organization: &Name, version: Option<&str>) {
        self.refused.store(None);
        self.organization.store(Some(Arc::new(organization.clone())));
        if let Some(version) = version {
            self.count("in_force");
            let file = &*self.name;
            tracing::info!(file, %organization, version, "a new version is in force");
        }
    }

    /// Its contents are refused. What was said before of the same contents is not said `again`.
    pub fn refused(&self, error: &RuntimeError, again: bool) {
        let why = summary(error);
        let before = self.refused.swap(Some(Arc::new(why.clone())));
        if again && before.is_some_and(|before| *before == why) {
            return;
        }
        self.count("refused");
        let (file, cause) = (&*self.name, cause(error));
        match self.organization() {
            Some(organization) => {
                let what = "the new version is refused; the last one stays in force";
                tracing::error!(file, %organization, %error, cause, "{what}");
            }
            None => tracing::error!(file, %error, cause, "the file cannot be used"),
        }
    }

    fn count(&self, outcome: &'static str) {
        let mut labels = vec![metrics::Label::new("file", Arc::clone(&self.name))];
        if let Some(organization) = self.organization() {
            labels.push(metrics::Label::new("organization", Arc::<str>::from(organization)));
        }
        labels.push(metrics::Label::new("outcome", outcome));
        metrics::counter!("reins_versions_total", labels).increment(1);
    }

    /// Shows on `/metrics` which state it is in; `None` for a file that is gone.
    pub fn show(&self, now: Option<State>) {
        for state in State::ALL {
            let is = if Some(state) == now { 1.0 } else { 0.0 };
            let file = Arc::clone(&self.name);
            metrics::gauge!("reins_file_state", "file" => file, "state" => state.word()).set(is);
        }
    }
}

fn changing() -> String {
    let rest = reins_files::REST.as_secs();
    format!("a file that was not renamed into place is read once it has not changed for {rest} s")
}

/// Why a version was refused, in one line. The page needs no key, so that it has the place of the
/// first problem and nothing that the file says.
fn summary(error: &RuntimeError) -> String {
    let RuntimeError::Wrong(report) = error else {
        return cause(error).map_or_else(|| error.to_string(), |why| format!("{error}: {why}"));
    };
    let problems = report.problems.len();
    let first = report.problems.first();
    first.map_or_else(String::new, |Problem { line, path, .. }| {
        format!("it has {problems} problems, the first in line {line} ({path}): see the log")
    })
}

/// The cause of an error, where its own text does not have it.
fn cause(error: &RuntimeError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
