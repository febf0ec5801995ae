//! The wire formats of vendors: bytes in, facts out.
//!
//! A [`Dialect`] reads a request into a [`reins_governor::Call`], rewrites what a decision changed,
//! meters the answer, and words a refusal as the vendor would. Content is looked at in passing and
//! never kept.

mod dialect;
mod filter;
mod meter;
mod read;

pub use dialect::{Billing, Dialect, Target};
pub use filter::Filter;
pub use meter::{Found, Meter, Metered, OUTPUT_UNSEEN};
pub use read::Read;
