//! The wire formats of vendors: bytes in, facts out.
//!
//! A [`Family`] is what the endpoints of one vendor's API share: name, address, key, errors and
//! billing. Each endpoint is a [`Dialect`] of it: it reads a request into [`Asked`], which is bound
//! to a [`Target`] once the call is routed, rewrites what a decision changed, and meters the
//! answer. Content is looked at in passing and never kept.

mod dialect;
mod family;
mod filter;
mod meter;
mod read;
mod signer;

mod anthropic;
mod declared;
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

pub use anthropic::{Anthropic, Messages};
pub use declared::{
    Api, CachedTokens, CapRule, Declaration, DeclarationError, EndpointRules, KeyForm, LastEvent,
    LastValue, Pointer, PointerError, RequestRules, StreamFlag, StreamRules, UsageRules, declare,
    sample_usage,
};
pub use dialect::{Dialect, Framing, Head, Rewritten, Target};
pub use family::{Base, Billing, FAMILIES, Family, dialects, family, family_of, usage_from_json};
pub use filter::Filter;
pub use meter::{Failure, Found, Meter, Metered, OUTPUT_UNSEEN};
pub use openai::{ChatCompletions, Completions, Embeddings, OpenAi};
pub use read::{Asked, Read};
pub use signer::{Credential, Signer};

#[cfg(test)]
mod tests;
