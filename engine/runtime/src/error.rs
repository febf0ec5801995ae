//! Why a host does not start, why a version of a file is refused, or why a stop was not in order.

use std::io;
use std::path::PathBuf;

use reins_config::Report;
use reins_files::FileError;
use reins_store::StoreError;

/// Why a host does not start, why a version of a file is refused, or why a stop was not in order.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The file cannot be read.
    #[error("`{path}` cannot be read: name the file with --config")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// The file is wrong.
    #[error("the file is wrong:\n{}", .0.render(false))]
    Wrong(Box<Report>),
    /// The file changes fields that cannot change while a process runs.
    #[error(
        "{} cannot change while it serves: put back what it was, or restart to have all of it",
        .fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
    )]
    NeedsRestart {
        /// The fields that differ.
        fields: Vec<&'static str>,
    },
    /// The check of the file panicked.
    #[error("the file could not be checked")]
    Unchecked(#[source] tokio::task::JoinError),
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// The store had stopped.
    #[error("the store could not be closed in order")]
    Closing(#[source] reins_governor::Fault),
    /// A connection to a vendor cannot be prepared.
    #[error("the connections to the vendors cannot be prepared")]
    Upstreams(#[source] io::Error),
}
