//! What is counted of refusals and rules, under names and labels that callers cannot make up.

use metrics::counter;
use reins_governor::{DecidedBy, Name, Refusal};

/// A refusal in our own words; without an organization where the caller was not recognised.
pub(crate) fn refused(refusal: &Refusal, organization: Option<&Name>) {
    let code = refusal.code();
    match organization.map(ToString::to_string) {
        Some(organization) => {
            counter!("reins_refusals_total", "organization" => organization, "code" => code)
                .increment(1);
        }
        None => counter!("reins_refusals_total", "code" => code).increment(1),
    }
}

/// Rules of an organization that could not say whether they match a call.
pub(crate) fn erred(organization: &Name, rules: impl Iterator<Item = DecidedBy>) {
    for by in rules {
        let labels = [
            ("organization", organization.to_string()),
            ("policy", by.policy().to_owned()),
            ("rule", by.rule().unwrap_or_default().to_owned()),
        ];
        counter!("reins_rule_errors_total", &labels).increment(1);
    }
}
