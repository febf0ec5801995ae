//! Filters: what a client does not get to see of an answer.

use bytes::Bytes;

/// Takes out of an answer what only Reins asked for. All other bytes pass unchanged, in order.
pub trait Filter: Send {
    /// What may go on to the client now, possibly nothing.
    fn pass(&mut self, chunk: Bytes) -> Bytes;

    /// What it holds back now: should it fail, this is what the client would miss.
    fn held(&self) -> &[u8];

    /// What was still held back when the answer ended.
    fn flush(&mut self) -> Bytes;
}
