//! A filter that may fail without harm: what it can no longer filter passes as it came.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use reins_dialects::Filter;

/// A filter, or nothing, once it failed or where nothing is hidden.
pub(crate) struct Sieve(Option<Box<dyn Filter>>);

// === impl Sieve ===

impl Sieve {
    pub(crate) const fn new(filter: Option<Box<dyn Filter>>) -> Self {
        Self(filter)
    }

    /// What the client gets to see of these bytes now.
    pub(crate) fn pass(&mut self, bytes: Bytes) -> Bytes {
        let Some(mut filter) = self.0.take() else { return bytes };
        let before = Bytes::copy_from_slice(filter.held());
        let came = bytes.clone();
        let passed = catch_unwind(AssertUnwindSafe(move || {
            let passed = filter.pass(bytes);
            (filter, passed)
        }));
        if let Ok((filter, passed)) = passed {
            self.0 = Some(filter);
            return passed;
        }
        tracing::error!("a filter failed: the rest of its answer passes as it comes");
        if before.is_empty() { came } else { joined(&before, &came) }
    }

    /// What was held back, once the answer has ended.
    pub(crate) fn flush(&mut self) -> Bytes {
        let Some(mut filter) = self.0.take() else { return Bytes::new() };
        let before = Bytes::copy_from_slice(filter.held());
        catch_unwind(AssertUnwindSafe(move || filter.flush())).unwrap_or(before)
    }
}

fn joined(before: &[u8], came: &[u8]) -> Bytes {
    let mut all = BytesMut::with_capacity(before.len().saturating_add(came.len()));
    all.extend_from_slice(before);
    all.extend_from_slice(came);
    all.freeze()
}
