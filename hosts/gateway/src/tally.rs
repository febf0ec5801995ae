//! What the gateway counts, under names and labels that callers cannot make up.

use metrics::counter;
use reins_governor::{DecidedBy, Refusal};

/// A refusal in our own words.
pub(crate) fn refused(refusal: &Refusal) {
    counter!("reins_refusals_total", "code" => refusal.code()).increment(1);
}

/// Rules that could not say whether they match a call.
pub(crate) fn erred(rules: impl Iterator<Item = DecidedBy>) {
    for by in rules {
        let labels = [
            ("policy", by.policy().to_owned()),
            ("rule", by.rule().unwrap_or_default().to_owned()),
        ];
        counter!("reins_rule_errors_total", &labels).increment(1);
    }
}
