//! Meters: what an answer says was used.

use std::sync::Arc;

use reins_governor::{Tokens, Usage};

/// Stands in [`Metered::output_bound`] where output may have been billed that never came through,
/// such as hidden reasoning: larger than any hold, so that a presumed charge is the whole hold.
pub const OUTPUT_UNSEEN: Tokens = Tokens::MAX;

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
    pub output_bound: Tokens,
    /// Whether the answer came to its end, and does not say that it failed.
    pub complete: bool,
    /// How the answer says that it failed, if it does.
    pub failure: Option<Failure>,
}

/// What an answer says of its usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Final and believable; of an answer that failed, told after the last of its output.
    Usage(Usage),
    /// Nothing final was said.
    Missing,
    /// It cannot be believed, because of this field.
    Absurd(&'static str),
}

/// How an answer says that it failed, whatever its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It has not a single byte.
    Empty,
    /// Its vendor's word for an error, and not a piece of text, of a tool's call or of reasoning. A
    /// role, a start and a ping are no output.
    BeforeOutput,
    /// An error beside or after output, or output that its usage tells of.
    AfterOutput,
}

// === impl Found ===

impl Found {
    /// The usage, where it can be believed.
    #[must_use]
    pub const fn believed(self) -> Option<Usage> {
        match self {
            Self::Usage(usage) => Some(usage),
            Self::Missing | Self::Absurd(_) => None,
        }
    }
}

// === impl Metered ===

impl Metered {
    /// What came could not all be followed: there may have been any amount of output in it.
    pub(crate) fn with_output_unseen(self) -> Self {
        let failure = self.failure.map(|_| Failure::AfterOutput);
        Self { output_bound: OUTPUT_UNSEEN, failure, ..self }
    }
}

// === impl Failure ===

impl Failure {
    /// The failure of an answer with or without output, and with this usage.
    pub(crate) fn after(output: bool, usage: &Found) -> Self {
        let told = matches!(usage, Found::Usage(usage) if usage.total_output() > Tokens::ZERO);
        if output || told { Self::AfterOutput } else { Self::BeforeOutput }
    }
}
