//! Failures: why a command could not do what it was asked, and the status it ends with.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use metrics_exporter_prometheus::BuildError;
use reins_config::Report;
use reins_files::FileError;
use reins_gateway::ServeError;
use reins_governor::{Name, TransactionId};
use reins_prices::PriceError;
use reins_runtime::RuntimeError;
use reins_store::StoreError;
use tokio::task::JoinError;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

/// The status of a command whose file cannot be used.
pub(crate) const WRONG_FILE: u8 = 2;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("`{}` cannot be read: name the file with --config", .path.display())]
    Unreadable { path: PathBuf, source: FileError },
    #[error("`{}` cannot be listed", .path.display())]
    Folder { path: PathBuf, source: FileError },
    #[error("{0}")]
    Wrong(Box<Report>),
    #[error(
        "there is no organization `{id}`: the files have {known}{}",
        .unusable.iter().map(|path| cannot_be_used(path)).collect::<String>()
    )]
    NoSuchOrganization { id: Name, known: String, unusable: Vec<PathBuf> },
    #[error(
        "the key `{id}` is of the organization `{organization}`: add --organization {organization}"
    )]
    KeyElsewhere { id: String, organization: Name },
    #[error(
        "there is no call `{id}` in `{}`: ids are in the header x-reins-transaction-id of answers",
        .store.display()
    )]
    NoSuchTransaction { id: TransactionId, store: PathBuf },
    #[error(
        "the call `{id}` is of the organization `{organization}`: add --organization {organization}"
    )]
    TransactionElsewhere { id: TransactionId, organization: Name },
    #[error(transparent)]
    Serve(ServeError),
    #[error("the start panicked")]
    Start(#[source] JoinError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the prices that come with this program do not hold")]
    Prices(#[from] PriceError),
    #[error("`REINS_LOG` is not a filter: write a level such as \"info\" or \"reins=debug,info\"")]
    Log(#[from] ParseError),
    #[error("this process has a log already")]
    LogTwice(#[from] TryInitError),
    #[error("counters cannot be kept")]
    Metrics(#[from] BuildError),
    #[error("the system gives no threads")]
    Threads(#[source] io::Error),
    #[error("the system takes no signal handlers")]
    Signals(#[source] io::Error),
    #[error("stdin cannot be read")]
    Input(#[source] io::Error),
    #[error("the answer cannot be written")]
    Output(#[from] io::Error),
    #[error("what was found cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error(
        "`{0}` is not when a key can expire: write a day to come such as 2027-01-31, or \"90 days\""
    )]
    Expires(String),
    #[error("the key `{0}` is declared in the file: change its variable, or take its [[key]] out")]
    Declared(String),
    #[error(
        "the file declares a key named `{0}`: choose another name, since budgets and spend of a \
         key go by its name"
    )]
    DeclaredName(String),
    #[error("there is no connection `{name}`: the file has {known}")]
    NoSuchConnection { name: String, known: String },
    #[error(
        "no key came on stdin: pipe it in, such as  printf %s \"$KEY\" | reins connection key …"
    )]
    NoKey,
    #[error(transparent)]
    Bench(#[from] crate::bench::Fault),
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    #[error("the key holds characters that no key has: look for quotes, spaces or line breaks")]
    NotAKey,
    #[error("this is a Reins key, and no vendor is ever shown one: give the vendor's own key")]
    ReinsKey,
}

// === impl Failure ===

impl Failure {
    /// The status that says so to a shell.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::Wrong(_) => ExitCode::from(WRONG_FILE),
            Self::Output(error) if is_closed(error) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    /// What to tell a person; nothing where nobody listens any more.
    pub(crate) fn told(&self, colour: bool) -> Option<String> {
        match self {
            Self::Wrong(report) => Some(report.render(colour).trim_end().to_owned()),
            Self::Output(error) if is_closed(error) => None,
            _ => Some(self.with_causes()),
        }
    }

    /// The message, and below it what caused it, as far as that was not said already.
    fn with_causes(&self) -> String {
        let mut told = format!("error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !told.ends_with(&said) {
                told = format!("{told}\n  because: {said}");
            }
            cause = error.source();
        }
        told
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Runtime(RuntimeError::Wrong(report)) => Self::Wrong(report),
            other => Self::Serve(other),
        }
    }
}

/// That a file may have what is missing.
fn cannot_be_used(path: &Path) -> String {
    format!(", and `{}` cannot be used: see `reins check`", path.display())
}

/// Whether whoever read the answer has enough of it, as `head` does.
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
