//! Blocks that the flow words itself, where no rule has.

use super::change::AMENDMENTS_MAX;
use crate::{Blocked, DecidedBy, Decision, Looked};

pub(super) fn denied_by_default() -> Blocked {
    let message = "no rule allows this call, and the organization refuses what none allows";
    Blocked {
        by: DecidedBy::DefaultDeny,
        message: message.into(),
        reason: message.into(),
        redirect_url: None,
    }
}

pub(super) fn changed_too_often(by: DecidedBy) -> Blocked {
    worded(by, format!("rules wanted to change this call more than {AMENDMENTS_MAX} times"))
}

/// A block by the rule that was looked at last; a judge may have written none down.
pub(super) fn circling(decision: &Decision) -> Blocked {
    let message = "the rules come to no end with this call: they ask for the same again and again";
    let by = decision.trace.rules.last().map_or(DecidedBy::Judge, Looked::by);
    worded(by, message.to_owned())
}

fn worded(by: DecidedBy, reason: String) -> Blocked {
    Blocked { by, message: reason.as_str().into(), reason, redirect_url: None }
}
