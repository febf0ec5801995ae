//! The price book: what a call costs at most, and what it did cost.
//!
//! The figures are data, in `book/*.toml`. This crate never guesses: a model that no entry names
//! has no price.

mod rate;
mod rates;

mod names;
mod price;

mod entry;
mod overrides;
mod shelf;
mod version;

mod bound;
mod cost;

mod book;

#[cfg(test)]
mod sample;

pub use book::PriceBook;
pub use overrides::{Override, PriceError};
pub use price::{Limits, Price};
pub use rate::{Rate, RateError};
pub use rates::Rates;
pub use version::builtin_text;
