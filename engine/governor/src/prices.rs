//! Prices as the flow sees them: the most a call can cost, and what a usage did cost.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::{Call, Picos, Tokens, Usage, Usd, Wording};

/// The most a call can cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Everything.
    pub total: Usd,
    /// The input alone: what is owed even if the answer stops at once.
    pub input: Usd,
    /// The output tokens that `total` allows for, over all choices.
    pub output_tokens: Tokens,
}

/// Why nobody can say what a call may cost at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoBound {
    /// The model has no price.
    Unpriced,
    /// The input is named by reference, and the model's context window is not known.
    UnboundedInput {
        /// What names it, such as `file_id`.
        what: Wording,
    },
    /// The call may cost fees that have no price.
    UnpricedFee {
        /// Which.
        what: Wording,
    },
    /// Neither the call, nor the connection, nor the vendor caps the output.
    UnboundedOutput,
    /// Price × tokens is more than can be counted.
    Overflow,
}

/// What a usage cost, by part, before and after the one rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Input of every kind, unrounded.
    pub input: Picos,
    /// Output of every kind, unrounded.
    pub output: Picos,
    /// Fees by the piece, such as searches, unrounded.
    pub fees: Picos,
    /// The sum, rounded up to whole nano-USD: the charge.
    pub total: Usd,
}

/// A price book.
pub trait Prices: Send + Sync + fmt::Debug {
    /// The version that rows are stamped with.
    fn version(&self) -> &Arc<str>;

    /// The most `call` can cost.
    ///
    /// # Errors
    /// Where that cannot be said: see [`NoBound`].
    fn bound(&self, call: &Call) -> Result<Bound, NoBound>;

    /// The highest output cap, in tokens per choice, with which `call` costs at most `left`.
    fn affordable_cap(&self, call: &Call, left: Usd) -> Option<Tokens>;

    /// What `usage` cost; `None` where the model has no price or the sum cannot be counted.
    fn cost(&self, vendor: &str, model: &str, usage: &Usage) -> Option<Cost>;

    /// Whether `call` can be had of `model` instead, where it goes and at a known price.
    fn sells(&self, call: &Call, model: &str) -> bool {
        self.cost(&call.vendor, model, &Usage::default()).is_some()
    }
}
