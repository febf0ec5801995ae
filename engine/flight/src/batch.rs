//! A batch: copies of small pieces, put together until they are worth handing on.

use bytes::{Bytes, BytesMut};

/// How large a batch grows, in bytes.
///
/// A whole answer of some sixty events, so that most streams wake their owner once; the copies of
/// eight thousand streams at once are 128 MiB at the most.
const BATCH_BYTES: usize = 16 * 1024;

/// Pieces that wait for more. They are copied: a piece itself would keep alive all of the buffer
/// that it was read into.
#[derive(Debug, Default)]
pub(crate) struct Batch(BytesMut);

// === impl Batch ===

impl Batch {
    /// Adds a piece. Once they are enough: all of them.
    pub(crate) fn add(&mut self, piece: &Bytes) -> Option<Bytes> {
        if self.0.is_empty() && piece.len() >= BATCH_BYTES {
            return Some(piece.clone());
        }
        self.0.extend_from_slice(piece);
        (self.0.len() >= BATCH_BYTES).then(|| self.0.split().freeze())
    }

    /// What is left.
    pub(crate) fn rest(&mut self) -> Option<Bytes> {
        (!self.0.is_empty()).then(|| self.0.split().freeze())
    }
}
