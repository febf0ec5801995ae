//! A meter that may fail without harm: whatever it does, the call still ends with a figure.

use std::panic::{AssertUnwindSafe, catch_unwind};

use reins_dialects::{Found, Meter, Metered, OUTPUT_UNSEEN};

use crate::decoder::Decoder;

/// A decoder with its meter, or what is left of them after a fault.
pub(crate) struct Metering {
    /// Empty once something went wrong.
    working: Option<Decoder>,
}

// === impl Metering ===

impl Metering {
    /// Meters an answer with this `content-encoding`.
    pub(crate) fn new(meter: Box<dyn Meter>, encoding: Option<&str>) -> Self {
        Self { working: Decoder::of(encoding, meter).ok() }
    }

    /// Reads the next bytes of the answer, as they came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let Some(decoder) = &mut self.working else { return };
        let fed = catch_unwind(AssertUnwindSafe(|| decoder.feed(bytes)));
        if !matches!(fed, Ok(Ok(()))) {
            tracing::warn!("an answer could not be metered and will be presumed");
            self.working = None;
        }
    }

    /// What the answer consumed. After a fault: nothing is known.
    pub(crate) fn finish(self) -> Metered {
        let finish = |decoder: Decoder| catch_unwind(AssertUnwindSafe(|| decoder.finish())).ok();
        self.working.and_then(finish).flatten().unwrap_or_else(unmetered)
    }
}

/// What is known of an answer that was not metered.
pub(crate) const fn unmetered() -> Metered {
    Metered {
        usage: Found::Missing,
        model: None,
        output_bound: OUTPUT_UNSEEN,
        complete: false,
        failure: None,
    }
}
