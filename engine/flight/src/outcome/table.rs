//! The rows of the table of outcomes.

use std::fmt;

use reins_governor::{PresumeReason, VoidReason};

/// How an attempt ended, as far as money is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No connection: nothing was sent.
    NotConnected,
    /// No head of an answer in time.
    NoHead,
    /// The client left, and no head of an answer came within the time for what it left behind.
    GivenUp,
    /// The connection broke before the head of an answer.
    ResetBeforeHead,
    /// A status other than 2xx.
    Status(u16),
    /// An answer without a single byte.
    Empty,
    /// The same, under the status of a call that is done later.
    Accepted,
    /// An answer that says that it failed, before any output.
    FailedBeforeOutput,
    /// The same, after output, and with usage told after the last of it.
    FailedWithUsage,
    /// The same, without.
    FailedAfterOutput,
    /// An answer with usage.
    Used,
    /// One whose usage cannot be believed.
    UsageAbsurd,
    /// One that its vendor ended without usage.
    UsageMissing,
    /// One whose connection broke.
    Broken,
    /// The same, while more of it was waiting than had been read.
    BrokenBehind,
    /// One that went on no more.
    Stalled,
    /// One whose client left, and whose rest was not read.
    Left,
    /// The same, while more of it was waiting than had been read.
    LeftBehind,
}

/// What a row of the table is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// This end, in words.
    End(Seen, &'static str),
    /// These statuses.
    Statuses(&'static [u16]),
    /// The statuses from the first to the last of these that no row above is for.
    Others(u16, u16),
    /// Whatever no row above is for.
    Rest,
}

/// What is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    /// Nothing.
    Nothing(VoidReason),
    /// The usage, at the answering model's price.
    Usage,
    /// The input's bound, the output that came and a margin, at most the bound.
    Output(PresumeReason),
    /// That, where closing the connection stops the vendor's billing; elsewhere the bound.
    OutputIfClosingStops(PresumeReason),
    /// The most the call can cost.
    Bound(PresumeReason),
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) which: Which,
    pub(crate) owed: Owed,
    /// Whether Reins may ask the vendor again by itself.
    pub(crate) again: bool,
    pub(crate) why: &'static str,
}

/// Statuses of a server in front of the model that no longer waits for it: it timed out or lost the
/// connection behind it (408, 502, 504; Cloudflare's 520 and 524; 598, as some proxies write 504),
/// or saw its own client leave (nginx's 499, AWS's 460).
const GIVEN_UP: &[u16] = &[408, 460, 499, 502, 504, 520, 524, 598];

/// Whatever is not in the table.
const REST: Row = once(
    Which::Rest,
    Owed::Bound(PresumeReason::UpstreamFailed),
    "no vendor publishes what it means",
);

/// The first row that is for an end decides.
const TABLE: &[Row] = &[
    again(
        Which::End(Seen::NotConnected, "no connection"),
        Owed::Nothing(VoidReason::NotConnected),
        "nothing was sent",
    ),
    once(
        Which::End(Seen::NoHead, "no head of an answer within `timeout`"),
        Owed::Bound(PresumeReason::Timeout),
        "the vendor has the request, and may be at work on it",
    ),
    once(
        Which::End(Seen::GivenUp, "no head within `drain_timeout` after the client left"),
        Owed::Bound(PresumeReason::DrainCut),
        "the vendor has the request, and may be at work on it",
    ),
    once(
        Which::End(Seen::ResetBeforeHead, "the connection broke before the head of an answer"),
        Owed::Bound(PresumeReason::Reset),
        "the vendor has the request, and may be at work on it",
    ),
    once(
        Which::Statuses(GIVEN_UP),
        Owed::Bound(PresumeReason::UpstreamFailed),
        "a server in front of the model no longer waits for it: the model may go on, and be billed",
    ),
    once(
        Which::Others(300, 399),
        Owed::Nothing(VoidReason::VendorRefused),
        "a redirect is no answer, and is not followed",
    ),
    once(
        Which::Others(400, 499),
        Owed::Nothing(VoidReason::VendorRefused),
        "the vendor refuses the call, or says when to come back",
    ),
    again(
        Which::Others(500, 599),
        Owed::Nothing(VoidReason::VendorFailed),
        "the vendor failed or was overloaded before it answered: no vendor bills that",
    ),
    once(
        Which::End(Seen::Empty, "an answer of 2xx without a single byte"),
        Owed::Nothing(VoidReason::VendorFailed),
        "there is nothing to bill",
    ),
    once(
        Which::End(Seen::Accepted, "the same, of status 202"),
        Owed::Bound(PresumeReason::UsageMissing),
        "the call is done later",
    ),
    once(
        Which::End(
            Seen::FailedBeforeOutput,
            "an answer of 2xx that says that it failed, before any output",
        ),
        Owed::Nothing(VoidReason::VendorFailed),
        "as a 5xx: only the status had left before",
    ),
    once(
        Which::End(Seen::FailedWithUsage, "the same, after output and the usage of all of it"),
        Owed::Usage,
        "the vendor says what it bills",
    ),
    once(
        Which::End(Seen::FailedAfterOutput, "the same, after output"),
        Owed::Output(PresumeReason::AnswerFailed),
        "the model has stopped, and what it made has come",
    ),
    once(
        Which::End(Seen::Used, "an answer with usage"),
        Owed::Usage,
        "the vendor says what it bills",
    ),
    once(
        Which::End(
            Seen::UsageAbsurd,
            "an answer with usage that is negative, no number, or named twice",
        ),
        Owed::Bound(PresumeReason::UsageAbsurd),
        "such a figure says nothing of the bill",
    ),
    once(
        Which::End(Seen::UsageMissing, "an answer that ended without usage"),
        Owed::Bound(PresumeReason::UsageMissing),
        "it was made, and is billed",
    ),
    once(
        Which::End(Seen::Broken, "an answer whose connection broke"),
        Owed::OutputIfClosingStops(PresumeReason::Reset),
        "the model may go on until it notices",
    ),
    once(
        Which::End(Seen::BrokenBehind, "the same, while its client could not keep up"),
        Owed::Bound(PresumeReason::Reset),
        "what was waiting in sockets was made, and is not known",
    ),
    once(
        Which::End(Seen::Stalled, "an answer that stalled for `idle_timeout`"),
        Owed::OutputIfClosingStops(PresumeReason::Timeout),
        "the model may go on until it notices",
    ),
    once(
        Which::End(Seen::Left, "an answer whose client left, and whose rest was not read"),
        Owed::OutputIfClosingStops(PresumeReason::DrainCut),
        "the model may go on until it notices",
    ),
    once(
        Which::End(Seen::LeftBehind, "the same, while more of it was waiting than was read"),
        Owed::Bound(PresumeReason::DrainCut),
        "what was waiting in sockets was made, and is not known",
    ),
    REST,
];

const fn once(which: Which, owed: Owed, why: &'static str) -> Row {
    Row { which, owed, again: false, why }
}

const fn again(which: Which, owed: Owed, why: &'static str) -> Row {
    Row { which, owed, again: true, why }
}

/// The row for an end.
pub(crate) fn row(seen: Seen) -> &'static Row {
    TABLE.iter().find(|row| row.which.is_for(seen)).unwrap_or(&REST)
}

// === impl Which ===

impl Which {
    fn is_for(self, seen: Seen) -> bool {
        match (self, seen) {
            (Self::End(end, _), seen) => end == seen,
            (Self::Statuses(statuses), Seen::Status(status)) => statuses.contains(&status),
            (Self::Others(first, last), Seen::Status(status)) => (first..=last).contains(&status),
            (Self::Statuses(_) | Self::Others(..), _) => false,
            (Self::Rest, _) => true,
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End(_, words) => f.write_str(words),
            Self::Statuses(statuses) => {
                let words: Vec<_> = statuses.iter().map(u16::to_string).collect();
                f.write_str(&words.join(", "))
            }
            Self::Others(first, _) => write!(f, "any other {}xx", first / 100),
            Self::Rest => f.write_str("any other status"),
        }
    }
}

#[cfg(test)]
mod tests;
