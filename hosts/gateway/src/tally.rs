//! What the gateway counts, under names and labels that callers cannot make up.

use metrics::counter;
use reins_governor::Refusal;

/// A refusal in our own words.
pub(crate) fn refused(refusal: &Refusal) {
    counter!("reins_refusals_total", "code" => refusal.code()).increment(1);
}
