//! A request that was read: its facts and the places where they stand.

use std::ops::Range;

use reins_governor::Call;

/// The facts of a request, and where in the body they stand, so that they can be changed there.
#[derive(Clone, Debug)]
pub struct Read {
    /// The facts.
    pub call: Call,
    pub(crate) places: Places,
}

/// Where in a body things stand that may be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// After the brace that opens the body.
    pub(crate) open: usize,
    /// The value of the model, quotes included.
    pub(crate) model: Range<usize>,
    /// Where the client named an output cap.
    pub(crate) cap: Option<Named>,
    /// The same, under the newer of the two names that `OpenAI` has for it.
    pub(crate) newer_cap: Option<Named>,
    /// Where usage is asked for in a stream.
    pub(crate) asking: Asking,
    /// Whether something is written to the cache for an hour.
    pub(crate) hour_cache: bool,
    /// What the client says of thinking.
    pub(crate) thought: Thought,
}

/// What a client says of thinking, of which an answer need not show all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thought {
    /// Nothing: it depends on the model.
    #[default]
    Unsaid,
    /// It wants some.
    Wanted,
    /// It wants none.
    Unwanted,
}

/// A number that a client named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Where it stands.
    pub(crate) place: Range<usize>,
    /// The number; `None` where `null` stands there.
    pub(crate) value: Option<u64>,
}

/// How a client asked for usage in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Asking {
    /// It did, or the dialect tells unasked.
    #[default]
    Asked,
    /// Nothing was said: the options can be put in at the opening of the body.
    Absent,
    /// The options are `null`, here.
    Null(Range<usize>),
    /// The options say nothing of it: it can be put in after their opening brace.
    Silent {
        /// After the brace.
        open: usize,
        /// Whether other members follow.
        others: bool,
    },
    /// It was declined, here.
    Declined(Range<usize>),
}

// === impl Asking ===

impl Asking {
    /// Whether usage is in the stream only because Reins asks for it.
    pub(crate) const fn is_ours(&self) -> bool {
        !matches!(self, Self::Asked)
    }
}
