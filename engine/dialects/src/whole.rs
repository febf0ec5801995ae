//! The meter of an answer that comes in one piece.

use crate::outline::Outline;
use crate::stream::Tell;
use crate::{Meter, Metered};

/// Reads usage out of one object, of which it keeps nothing else.
#[derive(Debug)]
pub(crate) struct WholeMeter<T> {
    outline: Outline,
    tell: T,
}

// === impl WholeMeter ===

impl<T: Tell> WholeMeter<T> {
    pub(crate) fn new(tell: T) -> Self {
        Self { outline: Outline::new(T::SHAPE), tell }
    }
}

impl<T: Tell> Meter for WholeMeter<T> {
    fn feed(&mut self, bytes: &[u8]) {
        self.outline.feed(bytes);
    }

    fn finish(&mut self) -> Metered {
        self.tell.whole(&self.outline);
        let metered = self.tell.found(self.outline.is_closed());
        if self.outline.is_broken() { metered.with_output_unseen() } else { metered }
    }
}
