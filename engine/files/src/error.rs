//! Why a file cannot be read, and what to do about it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a file cannot be read. The path is the caller's to name.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FileError {
    /// The system says so.
    #[error(transparent)]
    System(#[from] Arc<io::Error>),
    /// Reading it might never end, or do something.
    #[error("it is {0}: name a regular file, or a link to one")]
    NotAFile(&'static str),
    /// It has more bytes than are read.
    #[error("it has more than {most} bytes, the most that is read of such a file")]
    TooLarge {
        /// The most bytes.
        most: usize,
    },
    /// It went on changing.
    #[error(
        "it has been changing for {} s, and only a text that has rested for {} s is taken: write \
         it beside its place, and move it there",
        .0.as_secs(),
        crate::REST.as_secs()
    )]
    Changing(Duration),
    /// The system does not answer.
    #[error(
        "the system has not answered for {} s when asked for it: see whether its mount does",
        .0.as_secs()
    )]
    Hung(Duration),
    /// The thread that looks at it is gone.
    #[error("nothing looks at it any more: restart to read it again")]
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
