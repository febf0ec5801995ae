//! How the vendor leaves a connection without finishing its answer.

use std::error::Error;
use std::fmt;

/// An error only in hyper's eyes: it ends the connection the way a script asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HangUp {
    /// Close (FIN).
    Close,
    /// Reset (RST).
    Reset,
}

impl HangUp {
    /// Whether hyper's error carries a wish for a reset.
    pub(crate) fn wants_reset(error: &hyper::Error) -> bool {
        error.source().and_then(|source| source.downcast_ref::<Self>()) == Some(&Self::Reset)
    }
}

impl fmt::Display for HangUp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Close => "the vendor closes the connection",
            Self::Reset => "the vendor resets the connection",
        })
    }
}

impl Error for HangUp {}
