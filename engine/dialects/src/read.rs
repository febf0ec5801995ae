//! A request that was read: its facts and the places where they stand, at first without the target
//! that it is routed to.

use std::ops::Range;
use std::sync::Arc;

use reins_governor::{Call, Endpoint, InputSize, ServiceTier, Tokens, Wording};

use crate::Target;
use crate::declared::{Gap, Said};

/// The facts of a request before it is routed. Its model says where it may go.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The model, as the request names it.
    pub model: Arc<str>,
    pub(crate) endpoint: Endpoint,
    pub(crate) stream: bool,
    pub(crate) input: InputSize,
    pub(crate) output_cap: Option<u64>,
    pub(crate) choices: u64,
    pub(crate) thinking_budget: u64,
    pub(crate) tier: ServiceTier,
    pub(crate) tool_results: u64,
    pub(crate) web_search: bool,
    pub(crate) web_search_cap: Option<u64>,
    pub(crate) extra_fee: Option<Wording>,
    pub(crate) places: Places,
}

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
    /// Where a request to a declared endpoint says its cap.
    pub(crate) caps: Vec<Said>,
    /// Where it goes if it says none.
    pub(crate) gap: Gap,
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

// === impl Asked ===

impl Asked {
    /// A plain request for one answer of this model.
    pub(crate) fn new(endpoint: Endpoint, model: Arc<str>, places: Places) -> Self {
        Self {
            model,
            endpoint,
            stream: false,
            input: InputSize::default(),
            output_cap: None,
            choices: 1,
            thinking_budget: 0,
            tier: ServiceTier::default(),
            tool_results: 0,
            web_search: false,
            web_search_cap: None,
            extra_fee: None,
            places,
        }
    }

    /// The call that the request is at the target that it was routed to.
    #[must_use]
    pub fn bind(self, to: Target) -> Read {
        let call = Call {
            vendor: to.vendor,
            connection: to.connection,
            model: self.model,
            endpoint: self.endpoint,
            stream: self.stream,
            input: self.input,
            output_cap: self.output_cap.map(Tokens),
            choices: self.choices,
            thinking_budget: Tokens(self.thinking_budget),
            tier: self.tier,
            tool_results: self.tool_results,
            web_search: self.web_search,
            web_search_cap: self.web_search_cap,
            extra_fee: self.extra_fee,
        };
        Read { call, places: self.places }
    }
}

// === impl Asking ===

impl Asking {
    /// Whether usage is in the stream only because Reins asks for it.
    pub(crate) const fn is_ours(&self) -> bool {
        !matches!(self, Self::Asked)
    }
}
