//! Meters: what an answer says was used.

use std::sync::Arc;

use reins_governor::Usage;

/// Stands in [`Metered::output_bound`] where output may have been billed that never came through,
/// such as hidden reasoning: larger than any hold, so that a presumed charge is the whole hold.
pub const OUTPUT_UNSEEN: u64 = u64::MAX;

/// Reads an answer as it comes by. Feeding it never fails; it holds a bounded amount of memory.
pub trait Meter: Send {
    /// Looks at the next bytes, however they are cut.
    fn feed(&mut self, bytes: &[u8]);

    /// What was found, after the last byte.
    fn finish(&mut self) -> Metered;
}

/// What an answer told about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// What was used.
    pub usage: Found,
    /// The model that answered, in the answer's own word.
    pub model: Option<Arc<str>>,
    /// At most so many output tokens came through: bytes of text, tool arguments and reasoning.
    /// [`OUTPUT_UNSEEN`] where the vendor may bill what it does not show, or where the answer could
    /// not be followed.
    pub output_bound: u64,
    /// Whether the answer came to its end.
    pub complete: bool,
}

/// What an answer says of its usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Final and believable.
    Usage(Usage),
    /// Nothing final was said.
    Missing,
    /// It cannot be believed, because of this field.
    Absurd(&'static str),
}

// === impl Metered ===

impl Metered {
    pub(crate) fn with_output_unseen(self) -> Self {
        Self { output_bound: OUTPUT_UNSEEN, ..self }
    }
}
