//! What is owed for what an answer told.

use reins_dialects::{Billing, Failure, Found, Metered, OUTPUT_UNSEEN};
use reins_governor::{Ending, PresumeReason, Tokens, Usage, VoidReason};

use super::{AnswerEnd, BodyEnd, MARGIN_TOKENS, answered};

const STOPS: Billing = Billing { closing_stops_streams: true, closing_stops_whole: false };
const GOES_ON: Billing = Billing { closing_stops_streams: false, closing_stops_whole: false };

/// A stream of status 200 from a vendor that stops when its connection is closed.
const STREAM: AnswerEnd =
    AnswerEnd { status: Some(200), body: BodyEnd::Whole, billing: STOPS, streams: true };

const BROKEN: BodyEnd = BodyEnd::Broken { behind: false };
const CUT: BodyEnd = BodyEnd::Cut { behind: false };

/// An answer with nine bytes of output, and nothing else.
const SAID: Metered = Metered {
    usage: Found::Missing,
    model: None,
    output_bound: Tokens(9),
    complete: false,
    failure: None,
};

fn used() -> Found {
    Found::Usage(Usage { input: Tokens(3), output: Tokens(4), ..Usage::default() })
}

fn presumed(why: PresumeReason, output_seen: Option<Tokens>) -> Ending {
    Ending::Unknown { why, output_seen, complete: false }
}

fn is_used(ending: &Ending) -> bool {
    matches!(
        ending,
        Ending::Used {
            usage: Usage { input: Tokens(3), output: Tokens(4), .. },
            complete: false,
            ..
        }
    )
}

#[test]
fn an_answer_that_failed_before_output_costs_nothing_however_it_ended() {
    let free = Ending::Free(VoidReason::VendorFailed);
    for body in [BodyEnd::Whole, BodyEnd::Drained, BROKEN, BodyEnd::Idle, CUT] {
        for usage in [Found::Missing, used(), Found::Absurd("usage")] {
            for status in [200, 201, 206] {
                let failure = Some(Failure::BeforeOutput);
                let metered = Metered { usage, failure, ..SAID };
                let end = AnswerEnd { status: Some(status), body, ..STREAM };
                assert_eq!(answered(metered, end), free, "{body:?} {usage:?} {status}");
            }
        }
    }
}

#[test]
fn an_answer_that_failed_after_output_costs_what_came_whoever_bills_it() {
    let failed = Metered { failure: Some(Failure::AfterOutput), ..SAID };
    let why = PresumeReason::AnswerFailed;
    for billing in [STOPS, GOES_ON] {
        for streams in [false, true] {
            for body in [BodyEnd::Whole, BodyEnd::Drained, BROKEN] {
                let end = AnswerEnd { body, billing, streams, ..STREAM };
                let came = presumed(why, Some(MARGIN_TOKENS.plus(Tokens(9))));
                assert_eq!(answered(failed.clone(), end), came, "{end:?}");
                let unseen = Metered { output_bound: OUTPUT_UNSEEN, ..failed.clone() };
                assert_eq!(answered(unseen, end), presumed(why, None), "{end:?}");
                let told = Metered { usage: used(), ..failed.clone() };
                assert!(is_used(&answered(told, end)), "{end:?}");
            }
        }
    }
    let absurd = Metered { usage: Found::Absurd("usage"), ..failed };
    assert_eq!(answered(absurd, STREAM), presumed(PresumeReason::UsageAbsurd, None));
}

#[test]
fn an_empty_answer_costs_nothing_where_its_vendor_ended_it_so() {
    let empty = Metered { failure: Some(Failure::Empty), output_bound: Tokens(0), ..SAID };
    let free = Ending::Free(VoidReason::VendorFailed);
    let missing = presumed(PresumeReason::UsageMissing, None);
    for (status, body, expected) in [
        (200, BodyEnd::Whole, free.clone()),
        (200, BodyEnd::Drained, free.clone()),
        (204, BodyEnd::Whole, free),
        (202, BodyEnd::Whole, missing),
        (200, BROKEN, presumed(PresumeReason::Reset, Some(MARGIN_TOKENS))),
        (200, BodyEnd::Idle, presumed(PresumeReason::Timeout, Some(MARGIN_TOKENS))),
        (200, CUT, presumed(PresumeReason::DrainCut, Some(MARGIN_TOKENS))),
    ] {
        let end = AnswerEnd { status: Some(status), body, ..STREAM };
        assert_eq!(answered(empty.clone(), end), expected, "{end:?}");
    }
}

#[test]
fn an_answer_that_was_cut_costs_what_came_where_closing_stops_its_vendor() {
    for (body, why) in [
        (BROKEN, PresumeReason::Reset),
        (BodyEnd::Idle, PresumeReason::Timeout),
        (CUT, PresumeReason::DrainCut),
    ] {
        let end = AnswerEnd { body, ..STREAM };
        let came = presumed(why, Some(MARGIN_TOKENS.plus(Tokens(9))));
        assert_eq!(answered(SAID, end), came);
        let goes_on = AnswerEnd { billing: GOES_ON, ..end };
        assert_eq!(answered(SAID, goes_on), presumed(why, None));
        let whole = AnswerEnd { streams: false, ..end };
        assert_eq!(answered(SAID, whole), presumed(why, None));
        let told = Metered { usage: used(), complete: true, ..SAID };
        assert!(is_used(&answered(told, end)), "complete only where its body is");
    }
    for (body, why) in [
        (BodyEnd::Broken { behind: true }, PresumeReason::Reset),
        (BodyEnd::Cut { behind: true }, PresumeReason::DrainCut),
    ] {
        assert_eq!(answered(SAID, AnswerEnd { body, ..STREAM }), presumed(why, None));
    }
    for body in [BodyEnd::Whole, BodyEnd::Drained] {
        let missing = presumed(PresumeReason::UsageMissing, None);
        assert_eq!(answered(SAID, AnswerEnd { body, ..STREAM }), missing);
    }
}
