//! The table of outcomes: for each way an attempt can end, what is owed, and whether Reins may ask
//! the vendor again. `engine/README.md` prints it row by row.

mod table;

use std::sync::Arc;

use reins_dialects::{Billing, Failure, Found, Metered, OUTPUT_UNSEEN};
use reins_governor::{Ending, PresumeReason, Tokens, Usage};

use self::table::Owed;
pub(crate) use self::table::{Row, Seen, row};

/// Output tokens a vendor may have made while the connection was closing, beyond those that came.
///
/// A few network packets' worth: the fastest models make about 500 tokens a second, and a close
/// is seen within a tenth of one.
const MARGIN_TOKENS: Tokens = Tokens(64);

/// The status of a call that is taken on to be done later.
const ACCEPTED: u16 = 202;

/// How the body of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// The vendor ended it.
    Whole,
    /// The vendor ended it, after the client had left: nobody got the whole answer.
    Drained,
    /// The connection broke; maybe while more of the answer was waiting than was read.
    Broken { behind: bool },
    /// Nothing came for too long.
    Idle,
    /// The client left, and the rest was not waited for; as above.
    Cut { behind: bool },
}

/// The end of an answer's body, and what is known of whoever sent it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerEnd {
    /// The status it began with.
    pub(crate) status: Option<u16>,
    pub(crate) body: BodyEnd,
    pub(crate) billing: Billing,
    /// Whether it is a stream of events.
    pub(crate) streams: bool,
}

/// What an answer told that its charge may rest on.
#[derive(Debug, Default)]
struct Evidence {
    usage: Option<Usage>,
    answered_by: Option<Arc<str>>,
    /// At most so many tokens of output were made, if nothing was made unseen.
    output_seen: Option<Tokens>,
    /// Whether the vendor stops its billing when the connection is closed.
    closing_stops: bool,
    complete: bool,
}

/// What is owed for an attempt that brought no answer.
pub(crate) fn unanswered(seen: Seen) -> Ending {
    owed(row(seen), Evidence::default())
}

/// What is owed for an attempt that brought an answer.
pub(crate) fn answered(metered: Metered, end: AnswerEnd) -> Ending {
    let seen = Seen::of(&metered, end);
    if let (Seen::UsageAbsurd, Found::Absurd(what)) = (seen, metered.usage) {
        tracing::error!(what, "the vendor's usage cannot be believed; the hold is presumed");
    }
    let Billing { closing_stops_streams, closing_stops_whole } = end.billing;
    let is_seen = metered.output_bound != OUTPUT_UNSEEN;
    let evidence = Evidence {
        usage: metered.usage.believed(),
        answered_by: metered.model,
        output_seen: is_seen.then(|| metered.output_bound.plus(MARGIN_TOKENS)),
        closing_stops: if end.streams { closing_stops_streams } else { closing_stops_whole },
        complete: metered.complete && end.body == BodyEnd::Whole,
    };
    owed(row(seen), evidence)
}

fn owed(row: &Row, evidence: Evidence) -> Ending {
    let Evidence { usage, answered_by, output_seen, closing_stops, complete } = evidence;
    tracing::debug!(came = %row.which, why = row.why, "an attempt has ended");
    match (row.owed, usage) {
        (Owed::Nothing(why), _) => Ending::Free(why),
        (Owed::Usage, Some(usage)) => Ending::Used { usage, answered_by, complete },
        (Owed::Usage, None) => unknown(PresumeReason::UsageMissing, None, complete),
        (Owed::Output(why), _) => unknown(why, output_seen, complete),
        (Owed::OutputIfClosingStops(why), _) => {
            unknown(why, output_seen.filter(|_| closing_stops), complete)
        }
        (Owed::Bound(why), _) => unknown(why, None, complete),
    }
}

const fn unknown(why: PresumeReason, output_seen: Option<Tokens>, complete: bool) -> Ending {
    Ending::Unknown { why, output_seen, complete }
}

// === impl Seen ===

impl Seen {
    fn of(metered: &Metered, end: AnswerEnd) -> Self {
        let ended = matches!(end.body, BodyEnd::Whole | BodyEnd::Drained);
        match (metered.failure, metered.usage) {
            (Some(Failure::Empty), _) if ended && end.status == Some(ACCEPTED) => Self::Accepted,
            (Some(Failure::Empty), _) if ended => Self::Empty,
            (Some(Failure::BeforeOutput), _) => Self::FailedBeforeOutput,
            (Some(Failure::AfterOutput), Found::Usage(_)) => Self::FailedWithUsage,
            (Some(Failure::AfterOutput), Found::Missing) => Self::FailedAfterOutput,
            (_, Found::Usage(_)) => Self::Used,
            (_, Found::Absurd(_)) => Self::UsageAbsurd,
            (_, Found::Missing) => Self::unfinished(end.body),
        }
    }

    const fn unfinished(end: BodyEnd) -> Self {
        match end {
            BodyEnd::Whole | BodyEnd::Drained => Self::UsageMissing,
            BodyEnd::Broken { behind: false } => Self::Broken,
            BodyEnd::Broken { behind: true } => Self::BrokenBehind,
            BodyEnd::Idle => Self::Stalled,
            BodyEnd::Cut { behind: false } => Self::Left,
            BodyEnd::Cut { behind: true } => Self::LeftBehind,
        }
    }
}

#[cfg(test)]
mod tests;
