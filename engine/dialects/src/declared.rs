//! Families that the configuration declares, where no code is needed: a vendor's endpoints by rules
//! of JSON pointers ([`Api::Own`]), or a vendor that copies a family which is built in
//! ([`Api::Like`]).
//!
//! What the rules do not know is never free. Inside of messages, what no rule names counts as an
//! input of any size; elsewhere unknown members count as text. An answer is charged by its usage
//! alone, and only once its end was seen; a stream that breaks off is charged its bound.

mod answer_rules;
mod cap;
mod declaration;
mod endpoint;
mod family;
mod like;
mod meter;
mod pointer;
mod request;
mod request_rules;
mod skim;
mod tally;
mod tree;
mod words;

pub(crate) use cap::{Gap, Said};
pub use declaration::{
    Api, CachedTokens, CapRule, Declaration, DeclarationError, EndpointRules, KeyForm, LastEvent,
    LastValue, RequestRules, StreamFlag, StreamRules, UsageRules,
};
pub use family::{declare, sample_usage};
pub use pointer::{Pointer, PointerError};

#[cfg(test)]
mod tests;
