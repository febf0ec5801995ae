//! The wire formats of vendors: bytes in, facts out.
//!
//! A [`Dialect`] reads a request into a [`reins_governor::Call`], rewrites what a decision changed,
//! meters the answer, and words a refusal as the vendor would. Content is looked at in passing and
//! never kept.

mod dialect;
mod filter;
mod meter;
mod read;

mod anthropic;
mod openai;

mod input;
mod malformed;
mod rewrite;
mod scan;

mod answer;
mod once;
mod outline;
mod sse;
mod tokens;
mod vocabulary;

mod worded;

pub use anthropic::Anthropic;
pub use dialect::{Billing, Dialect, Target};
pub use filter::Filter;
pub use meter::{Failure, Found, Meter, Metered, OUTPUT_UNSEEN};
pub use openai::OpenAi;
pub use read::Read;

/// A vendor's own usage object, read in the dialect that the vendor speaks.
#[must_use]
pub fn usage_from_json(vendor: &str, json: &[u8]) -> Found {
    if vendor == Anthropic.name() { Anthropic.usage(json) } else { OpenAi.usage(json) }
}

#[cfg(test)]
mod tests;
