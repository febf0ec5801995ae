//! The price of one model: its rates by tier, its fees, the limits a bound rests on.

use std::sync::Arc;

use jiff::civil::Date;
use reins_governor::{ServiceTier, Tokens};

use crate::{Rate, Rates};

/// What one model costs, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Nothing is charged, whatever is used.
    pub free: bool,
    /// The plain tier.
    pub standard: Rates,
    /// Beyond this many input tokens, every token costs at least its rate in `long`.
    pub long: Option<(Tokens, Rates)>,
    /// The cheaper and slower tier.
    pub flex: Option<Rates>,
    /// The dearer and faster tier.
    pub priority: Option<Rates>,
    /// The tier answered within a day.
    pub batch: Option<Rates>,
    /// The fee for one search of the vendor's.
    pub web_search: Option<Rate>,
    /// What the vendor accepts at most, in tokens.
    pub limits: Limits,
    /// Who says so.
    pub source: Arc<str>,
    /// When they said so; `None` for an override.
    pub date: Option<Date>,
}

/// Published maxima, in tokens. What is not known is `None`, never a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Input and output of one request together.
    pub context_window: Option<Tokens>,
    /// Output of one answer.
    pub max_output: Option<Tokens>,
    /// One image, whatever its size.
    pub image: Option<Tokens>,
    /// One page of a document, text and picture together.
    pub page: Option<Tokens>,
    /// What the vendor puts around a request, such as its instructions on how to use tools.
    pub framing_call: Tokens,
    /// What the vendor puts around each message, tool or other part.
    pub framing_part: Tokens,
}

// === impl Limits ===

impl Limits {
    /// Nothing is known; the framing is the largest that any vendor of the book adds, as chat
    /// templates of local models also carry instructions on tools.
    pub const UNKNOWN: Self = Self {
        context_window: None,
        max_output: None,
        image: None,
        page: None,
        framing_call: Tokens(1_024),
        framing_part: Tokens(16),
    };
}

// === impl Price ===

impl Price {
    /// What tokens cost in `tier`, in a call of this many input tokens.
    ///
    /// A tier without a price of its own is charged as standard: flex and batch are sold below it,
    /// and where priority has no price, standard is the dearest that is known.
    #[must_use]
    pub fn rates(&self, tier: ServiceTier, input_tokens: u128) -> Rates {
        let rates = self.own_rates(tier).unwrap_or(self.standard);
        match self.long {
            Some((above, long)) if input_tokens > u128::from(above.get()) => rates.dearer(long),
            _ => rates,
        }
    }

    /// The rates that are known for `tier` itself.
    #[must_use]
    pub const fn own_rates(&self, tier: ServiceTier) -> Option<Rates> {
        match tier {
            ServiceTier::Standard => Some(self.standard),
            ServiceTier::Flex => self.flex,
            ServiceTier::Priority => self.priority,
            ServiceTier::Batch => self.batch,
        }
    }
}
