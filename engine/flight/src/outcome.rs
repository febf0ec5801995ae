//! The table of outcomes: what is owed for each way an attempt can end.
//!
//! | seen | owed |
//! |---|---|
//! | no connection | nothing |
//! | vendor answers 4xx or 429 | nothing |
//! | vendor answers 5xx | nothing, unless the vendor bills those: then the hold |
//! | no head in time, or a reset after the request was sent | the hold |
//! | an answer with usage | the usage |
//! | an answer without usage, or with usage nobody can believe | the hold |
//! | an answer cut short before its usage | the hold, or less: see below |
//!
//! Where closing the connection stops the vendor's billing, an answer that was cut short costs at
//! most the input's bound and the output that came.

use reins_dialects::{Billing, Found, Metered, OUTPUT_UNSEEN};
use reins_governor::{Ending, PresumeReason, VoidReason};

/// Output tokens a vendor may have made while the connection was closing, beyond those that came.
///
/// A few network packets' worth: the fastest models make about 500 tokens a second, and a close
/// is seen within a tenth of one.
const MARGIN_TOKENS: u64 = 64;

/// How the body of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// The vendor ended it.
    Whole,
    /// The vendor ended it, after the client had left: nobody got the whole answer.
    Drained,
    /// The connection broke.
    Broken,
    /// Nothing came for too long.
    Idle,
    /// The client left, and the rest was not waited for.
    Cut,
}

/// What a vendor's status line says about money.
pub(crate) const fn refused(status: u16, billing: Billing) -> Ending {
    if status >= 500 && billing.bills_failures {
        return unknown(PresumeReason::UsageMissing, None, false);
    }
    let failed = status >= 500;
    Ending::Free(if failed { VoidReason::VendorFailed } else { VoidReason::VendorRefused })
}

/// What an answer's body says about money.
pub(crate) fn answered(metered: Metered, end: BodyEnd, billing: Billing, streams: bool) -> Ending {
    let complete = metered.complete && matches!(end, BodyEnd::Whole);
    match metered.usage {
        Found::Usage(usage) => Ending::Used { usage, answered_by: metered.model, complete },
        Found::Absurd(what) => {
            tracing::error!(what, "the vendor's usage cannot be believed; the hold is presumed");
            unknown(PresumeReason::UsageAbsurd, None, complete)
        }
        Found::Missing => {
            let stops =
                if streams { billing.closing_stops_streams } else { billing.closing_stops_whole };
            let stopped = stops && !matches!(end, BodyEnd::Whole | BodyEnd::Drained);
            let seen = (metered.output_bound != OUTPUT_UNSEEN && stopped)
                .then(|| metered.output_bound.saturating_add(MARGIN_TOKENS));
            unknown(reason(end), seen, complete)
        }
    }
}

const fn reason(end: BodyEnd) -> PresumeReason {
    match end {
        BodyEnd::Whole | BodyEnd::Drained => PresumeReason::UsageMissing,
        BodyEnd::Broken => PresumeReason::Reset,
        BodyEnd::Idle => PresumeReason::Timeout,
        BodyEnd::Cut => PresumeReason::DrainCut,
    }
}

pub(crate) const fn unknown(
    why: PresumeReason,
    output_seen: Option<u64>,
    complete: bool,
) -> Ending {
    Ending::Unknown { why, output_seen, complete }
}
