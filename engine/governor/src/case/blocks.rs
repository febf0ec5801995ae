//! Blocks that the flow words itself, where no rule has.

use std::sync::Arc;

use super::change::AMENDMENTS_MAX;
use crate::{Blocked, Decision};

pub(super) fn denied_by_default() -> Blocked {
    let message = "no rule allows this call, and the organization refuses what none allows";
    Blocked {
        policy: "default".into(),
        rule: "deny".into(),
        message: message.into(),
        reason: message.into(),
        redirect_url: None,
    }
}

pub(super) fn changed_too_often(decision: &Decision) -> Blocked {
    let message = format!("rules wanted to change this call more than {AMENDMENTS_MAX} times");
    last_looked(decision, message)
}

pub(super) fn circling(decision: &Decision) -> Blocked {
    let message = "the rules come to no end with this call: they ask for the same again and again";
    last_looked(decision, message.to_owned())
}

/// A block by the rule that was looked at last; a judge may have written none down.
fn last_looked(decision: &Decision, message: String) -> Blocked {
    let (policy, rule) = match decision.trace.0.last() {
        Some(last) => (Arc::clone(&last.policy), Arc::clone(&last.rule)),
        None => ("judge".into(), "unnamed".into()),
    };
    Blocked { policy, rule, message: message.as_str().into(), reason: message, redirect_url: None }
}
