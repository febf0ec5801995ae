//! The output cap: said so that the vendor obeys it, as the bound of a call rests on it.
//!
//! `OpenAI` has two names for it, and refuses the older one for models that think. Of those who
//! copy `OpenAI`, many read the older name alone and pass over the newer one, and a few refuse a
//! request with both. So what the client wrote stays, and
//!
//! - two caps must say the same, and go on saying the same;
//! - the newer name alone, at a vendor not known to read it, gets the older one beside it;
//! - where the client named none, the older name is used, unless `OpenAI`'s own model thinks.

use reins_governor::Call;

use super::super::model::{bare, may_think_unseen};
use crate::malformed::Malformed;
use crate::read::{Named, Places};
use crate::rewrite::Rewrite;

/// The older name, which everybody reads.
pub(super) const OLDER: &str = "max_tokens";
/// The newer name.
pub(super) const NEWER: &str = "max_completion_tokens";

/// Vendors whose documentation of chat completions has the newer name, as of 2026-11-21.
const READ_THE_NEWER: [&str; 7] =
    ["openai", "azure", "cerebras", "groq", "openrouter", "volcengine", "xai"];

/// Vendors who serve the models of `OpenAI` as `OpenAI` does.
const SERVE_OPENAI: [&str; 2] = ["openai", "azure"];

/// Writes the cap of `call` into each field that the vendor may read it from.
pub(super) fn write(rewrite: &mut Rewrite, places: &Places, call: &Call) {
    let Some(cap) = call.output_cap else { return };
    let named = |at: &Option<Named>| at.as_ref().is_some_and(|named| named.value.is_some());
    let (older, newer) = (named(&places.cap), named(&places.newer_cap));
    let unread = !READ_THE_NEWER.contains(&&*call.vendor);
    let (older, newer) = match (older, newer) {
        (false, false) => (!wants_newer(call), wants_newer(call)),
        (false, true) => (unread, true),
        (true, newer) => (true, newer),
    };
    if older {
        rewrite.cap(OLDER, places.cap.as_ref(), cap, places.open);
    }
    if newer {
        rewrite.cap(NEWER, places.newer_cap.as_ref(), cap, places.open);
    }
}

/// Which of two caps holds, only the vendor knows.
pub(super) fn differ() -> Malformed {
    Malformed::new(format!(
        "`{OLDER}` and `{NEWER}` are both named, and differ: name one of them, or the same number"
    ))
}

/// Whether the vendor refuses the older name for this model.
fn wants_newer(call: &Call) -> bool {
    let makers = ["o", "gpt-"].into_iter();
    let mut rests = makers.filter_map(|maker| bare(&call.model).strip_prefix(maker));
    let numbered = rests.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    numbered && may_think_unseen(&call.model) && SERVE_OPENAI.contains(&&*call.vendor)
}
