//! What the parts of a request for a message add up to.

use super::tool;
use crate::input::Input;

/// What messages, blocks and tools add up to.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) input: Input,
    pub(super) tool_results: u64,
    pub(super) hour_cache: bool,
    pub(super) searches: tool::Searches,
    /// What costs extra and has no price.
    pub(super) extra_fee: Option<&'static str>,
}
