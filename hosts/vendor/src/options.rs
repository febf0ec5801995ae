//! How a vendor behaves where a call brings no script of its own.

use std::time::Duration;

/// The defaults of every call; a script overrides each for one call.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time from the request to the response's headers.
    pub latency: Duration,
    /// Content chunks in a stream.
    pub chunks: u64,
    /// Time between two events of a stream.
    pub chunk_gap: Duration,
    /// Tokens generated in answer to a call, before the call's own cap.
    pub output_tokens: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { latency: Duration::ZERO, chunks: 10, chunk_gap: Duration::ZERO, output_tokens: 20 }
    }
}
