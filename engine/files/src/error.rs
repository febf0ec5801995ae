//! Why a file cannot be read, and how to mend it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a file cannot be read. The caller names the path.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FileError {
    /// The system refuses it.
    #[error(transparent)]
    System(#[from] Arc<io::Error>),
    /// It is no regular file: reading it might block, never end, or have an effect.
    #[error("it is {0}: name a regular file, or a link to one")]
    NotAFile(&'static str),
    /// It exceeds the limit.
    #[error("it has more than {limit} bytes, the limit for such a file")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It did not stop changing.
    #[error(
        "it has been changing for {} s, and is read once it has not changed for {} s: write it \
         beside its path, and rename it",
        .0.as_secs(),
        crate::REST.as_secs()
    )]
    Changing(Duration),
    /// A system call on it does not return.
    #[error("the system has not answered for {} s: check the mount that it lies on", .0.as_secs())]
    Hung(Duration),
    /// The thread that watches it has ended.
    #[error("it is not watched any more: restart to read it again")]
    Unwatched,
}

// === impl FileError ===

impl FileError {
    /// Whether there is no such file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::System(Arc::new(error))
    }
}
