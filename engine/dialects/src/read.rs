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
    /// The value of the output cap, where the client named one, be it `null`.
    pub(crate) cap: Option<Range<usize>>,
    /// Where usage is asked for in a stream.
    pub(crate) asking: Asking,
    /// Whether something is written to the cache for an hour.
    pub(crate) hour_cache: bool,
    /// Whether the model may think without showing all of it.
    pub(crate) hidden_thought: bool,
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
