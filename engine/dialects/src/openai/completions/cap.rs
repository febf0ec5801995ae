//! The output cap of a completion, which is never absent: `OpenAI` documents 16 for a request that
//! names none. A vendor that may have another default gets it written.

use reins_governor::Call;

use crate::read::{Named, Places};
use crate::rewrite::Rewrite;

pub(super) const FIELD: &str = "max_tokens";

/// Tokens of an answer to a request that names no cap, from
/// <https://platform.openai.com/docs/api-reference/completions/create>.
pub(super) const DEFAULT: u64 = 16;

/// Vendors who serve completions with that default.
const SERVE_OPENAI: [&str; 2] = ["openai", "azure"];

/// Writes the cap of `call`, unless the vendor keeps to it anyway.
pub(super) fn write(rewrite: &mut Rewrite, places: &Places, call: &Call) {
    let cap = call.output_cap.unwrap_or(DEFAULT);
    let named = places.cap.as_ref();
    let is_named = named.is_some_and(|named: &Named| named.value.is_some());
    if is_named || cap != DEFAULT || !SERVE_OPENAI.contains(&&*call.vendor) {
        rewrite.cap(FIELD, named, cap, places.open);
    }
}
