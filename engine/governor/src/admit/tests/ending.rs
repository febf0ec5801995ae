//! What an attempt costs, for each way it can end.

use proptest::prelude::*;

use super::scene::{CAME, Scene, instant};
use super::script::Script;
use crate::{
    Accuracy, Answered, Closed, End, Ending, OnExceed, Outcome, PresumeReason, Status, Tokens,
    Usage, VoidReason,
};

const OK: Answered = Answered { status: Some(200), first_byte_us: 1, total_us: 2 };

fn used(usage: Usage) -> Ending {
    Ending::Used { usage, answered_by: None, complete: true }
}

fn out(output: u64) -> Usage {
    Usage { output: Tokens(output), ..Usage::default() }
}

fn by(model: &str, output: u64) -> Ending {
    Ending::Used { usage: out(output), answered_by: Some(model.into()), complete: true }
}

fn unknown(output_seen: Option<u64>) -> Ending {
    Ending::Unknown {
        why: PresumeReason::Reset,
        output_seen: output_seen.map(Tokens),
        complete: false,
    }
}

/// Ends a call that holds 11,000 nano-USD; the books and the receipt must agree on the charge.
#[track_caller]
fn end(ending: Ending, answered: Answered) -> (Closed, Scene) {
    let scene = Scene::new(Script::passing()).budget(20_000, OnExceed::Block);
    let closed = scene.admitted().finish(ending, answered);
    assert_eq!(scene.spent_and_held(), (closed.receipt.end.charged().nanos(), 0));
    assert_eq!(scene.record().cost, closed.cost);
    assert_eq!(closed.cost.total, closed.receipt.end.charged());
    (closed, scene)
}

#[track_caller]
fn check(ending: Ending, charged: u64, outcome: Outcome, accuracy: Accuracy) {
    let shown = format!("{ending:?}");
    let (closed, scene) = end(ending, OK);
    assert_eq!(closed.cost.total.nanos(), charged, "{shown}");
    assert_eq!((closed.attempts[0].outcome, closed.accuracy), (outcome, accuracy), "{shown}");
    assert_eq!(scene.record().attempts, closed.attempts);
}

#[test]
fn usage_is_charged_exactly() {
    let (settled, exact) = (Outcome::Settled, Accuracy::Exact);
    check(
        used(Usage { input: Tokens(100), output: Tokens(7), ..Usage::default() }),
        1_700,
        settled,
        exact,
    );
    check(used(Usage::default()), 0, settled, exact);
    // More than was held, and still believable.
    check(used(out(111)), 11_100, settled, exact);
    check(used(out(1_100)), 110_000, settled, exact);
}

#[test]
fn what_is_charged_beyond_the_hold_is_told() {
    let (closed, _) = end(used(out(111)), OK);
    assert_eq!(closed.receipt.overage.nanos(), 100);
}

#[test]
fn usage_beyond_all_measure_is_presumed_at_ten_times_the_bound() {
    let absurd = Outcome::Presumed(PresumeReason::UsageAbsurd);
    check(used(out(1_101)), 110_000, absurd, Accuracy::Presumed);
    check(used(out(1 << 32)), 110_000, absurd, Accuracy::Presumed);
    check(by("small", 11_001), 110_000, absurd, Accuracy::Presumed);
    // The dearer of both models measures what the dearer one answered.
    check(by("dear", 1_101), 11_000_000, absurd, Accuracy::Presumed);
    // Not even the price of it can be counted.
    let unpriced = Outcome::Presumed(PresumeReason::AnswerUnpriced);
    check(used(out(u64::MAX)), 11_000, unpriced, Accuracy::Presumed);
}

#[test]
fn the_model_that_answered_sets_the_price() {
    let (settled, exact) = (Outcome::Settled, Accuracy::Exact);
    check(by("small", 50), 500, settled, exact);
    check(by("free", 50), 0, settled, exact);
    // A hundred times dearer than the model that was asked for, and still what it costs.
    check(by("dear", 50), 500_000, settled, exact);
    let unpriced = Outcome::Presumed(PresumeReason::AnswerUnpriced);
    check(by("unheard-of", 50), 11_000, unpriced, Accuracy::Presumed);
    assert_eq!(&*end(by("small", 50), OK).1.record().model_used, "small");
}

#[test]
fn a_free_model_answered_by_a_priced_one_is_not_free() {
    let mut scene = Scene::new(Script::passing());
    scene.call.model = "free".into();
    let closed = scene.admitted().finish(by("big", 50), OK);
    assert_eq!(closed.cost.total.nanos(), 5_000);
}

#[test]
fn a_bound_of_nothing_measures_nothing() {
    // Free by name, and answered by a model whose price is known and whose bound is not.
    let mut scene = Scene::new(Script::passing());
    scene.call.model = "free".into();
    scene.call.output_cap = Some(Tokens(u64::MAX));
    let closed = scene.admitted().finish(by("giant", 1), OK);
    assert!(closed.cost.total.nanos() > 1_000_000 && closed.accuracy == Accuracy::Exact);
}

proptest! {
    /// What a vendor may bill is charged, up to ten times the bound; never less than was held
    /// where that is not believed.
    #[test]
    fn a_charge_is_the_cost_or_ten_times_the_bound(output in 0_u64..5_000, dear: bool) {
        let (model, bound, price) =
            if dear { ("dear", 1_100_000, 10_000) } else { ("big", 11_000, 100) };
        let (closed, _) = end(by(model, output), OK);
        let (cost, charged) = (output * price, closed.cost.total.nanos());
        prop_assert_eq!(charged, cost.min(10 * bound));
        let presumed = closed.accuracy == Accuracy::Presumed;
        prop_assert_eq!(presumed, cost > 10 * bound);
        prop_assert!(!presumed || charged >= 11_000);
    }
}

#[test]
fn what_is_not_known_is_presumed_and_never_beyond_the_hold() {
    let reset = Outcome::Presumed(PresumeReason::Reset);
    check(unknown(None), 11_000, reset, Accuracy::Presumed);
    // The input's bound and what came.
    check(unknown(Some(0)), 1_000, reset, Accuracy::Estimated);
    check(unknown(Some(30)), 4_000, reset, Accuracy::Estimated);
    check(unknown(Some(100)), 11_000, reset, Accuracy::Estimated);
    check(unknown(Some(1_000_000)), 11_000, reset, Accuracy::Estimated);
    // More than can be priced.
    check(unknown(Some(u64::MAX)), 11_000, reset, Accuracy::Presumed);
}

#[test]
fn what_the_vendor_does_not_charge_costs_nothing() {
    for why in [VoidReason::NotConnected, VoidReason::VendorRefused, VoidReason::VendorFailed] {
        check(Ending::Free(why), 0, Outcome::Voided(why), Accuracy::Exact);
    }
}

#[test]
fn a_record_says_how_a_call_went() {
    let complete = |complete| Ending::Used { usage: out(1), answered_by: None, complete };
    let lost =
        |complete| Ending::Unknown { why: PresumeReason::Reset, output_seen: None, complete };
    let silent = Answered::default();
    for (ending, answered, status) in [
        (complete(true), OK, Status::Passed),
        (complete(false), OK, Status::Partial),
        (lost(true), OK, Status::Passed),
        (lost(false), OK, Status::Partial),
        (lost(false), silent, Status::Failed),
        (Ending::Free(VoidReason::VendorFailed), OK, Status::Failed),
        (Ending::Free(VoidReason::NotConnected), silent, Status::Failed),
    ] {
        let shown = format!("{ending:?}");
        let (closed, scene) = end(ending, answered);
        assert_eq!((closed.status, scene.record().status), (status, status), "{shown}");
        assert_eq!(scene.record().attempts[0].vendor_status, answered.status);
        assert_eq!(scene.record().ended_at, Some(instant(CAME + 1)));
    }
}

#[test]
fn the_ledger_is_told_the_end_that_is_recorded() {
    let (_, scene) = end(used(out(7)), OK);
    let settled = End::Settled { usage: out(7), charged: crate::Usd::from_nanos(700) };
    assert_eq!(scene.purse.books.lock().expect("no panic").ends, [settled]);
    assert_eq!(scene.record().tokens, out(7));
}

#[test]
fn a_call_under_way_says_that_it_is_alive() {
    let scene = Scene::new(Script::passing());
    let admitted = scene.admitted();
    admitted.beat(instant(CAME + 9));
    let beats = scene.purse.books.lock().expect("no panic").beats.clone();
    assert_eq!(beats, [(crate::HoldId(1), instant(CAME + 9))]);
}
