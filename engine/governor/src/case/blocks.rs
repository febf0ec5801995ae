//! Blocks that the flow words itself, where no rule has.

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
    let last = decision.trace.0.last();
    let (policy, rule) = last.map_or_else(Default::default, |l| (l.policy.clone(), l.rule.clone()));
    let message = format!("rules wanted to change this call more than {AMENDMENTS_MAX} times");
    Blocked { policy, rule, message: message.as_str().into(), reason: message, redirect_url: None }
}
