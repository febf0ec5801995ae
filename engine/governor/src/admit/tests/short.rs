//! Budgets that do not suffice, and calls that nobody can price.

use super::scene::Scene;
use super::script::{SPEND, Script, amend, downgrade};
use crate::{
    Amendment, Answered, BudgetStop, Cursor, Ending, OnExceed, Refusal, Status, Step, Tokens,
    Usage, Usd, VoidReason, Wording,
};

fn on(nanos: u64, on_exceed: OnExceed) -> Scene {
    Scene::new(Script::passing()).budget(nanos, on_exceed)
}

/// A rule that would rather clip, down to ten tokens.
fn clipping(nanos: u64, on_exceed: OnExceed) -> Scene {
    let clip = amend(Amendment::ClipToAfford { floor: Tokens(10) }, Cursor::END);
    Scene::new(Script::steps(vec![clip])).budget(nanos, on_exceed)
}

fn to_small() -> OnExceed {
    OnExceed::Downgrade { model: "small".into() }
}

#[track_caller]
fn stop(scene: &Scene) -> BudgetStop {
    let refusal = scene.turned().refusal;
    let Refusal::OverBudget(stop) = refusal else { panic!("not over budget: {refusal:?}") };
    stop
}

/// The model, cap and nano-USD that a call goes with, beside its status.
#[track_caller]
fn goes(scene: &Scene, expected: (&str, u64, u64), status: Status) {
    let admitted = scene.admitted();
    let call = admitted.call();
    let cap = call.output_cap.expect("a cap");
    assert_eq!((&*call.model, cap.get(), scene.spent_and_held().1), expected);
    let draft = admitted.draft();
    assert_eq!((draft.status, draft.held.nanos()), (status, expected.2));
}

#[test]
fn a_budget_refuses_the_call_that_would_pass_it() {
    goes(&on(11_000, OnExceed::Block), ("big", 100, 11_000), Status::Passed);
    let stop = stop(&on(10_999, OnExceed::Block));
    assert_eq!((stop.used, stop.held), (Usd::ZERO, Usd::ZERO));
    assert_eq!((stop.limit.nanos(), stop.bound.nanos()), (10_999, 11_000));
    assert_eq!((&*stop.budget, stop.scope.to_string().as_str()), ("budget 1", "agent=bot"));
    assert!(!stop.only_in_flight && !stop.as_429);
}

#[test]
fn a_call_that_only_waits_for_others_may_be_tried_again() {
    let mut scene = on(20_000, OnExceed::Block);
    let first = scene.admitted();
    scene.budget_429 = true;
    let refusal = scene.turned().refusal;
    assert!(refusal.should_retry() && refusal.retry_after().is_some());
    assert_eq!((refusal.status(), refusal.code()), (429, "budget_exceeded"));
    first.finish(Ending::Free(VoidReason::VendorFailed), Answered::default());
    scene.admitted();
}

#[test]
fn a_budget_clips_to_what_is_left_and_not_below_its_floor() {
    goes(&on(6_000, OnExceed::Clip { floor: Tokens(50) }), ("big", 50, 6_000), Status::Clipped);
    goes(&on(6_099, OnExceed::Clip { floor: Tokens(50) }), ("big", 50, 6_000), Status::Clipped);
    assert_eq!(stop(&on(5_999, OnExceed::Clip { floor: Tokens(50) })).bound.nanos(), 11_000);
}

#[test]
fn a_budget_does_not_clip_into_the_thoughts() {
    let mut scene = on(6_000, OnExceed::Clip { floor: Tokens(1) });
    scene.call.thinking_budget = Tokens(50);
    stop(&scene);
    scene.call.thinking_budget = Tokens(49);
    goes(&scene, ("big", 50, 6_000), Status::Clipped);
}

#[test]
fn a_budget_sends_to_a_cheaper_model_once() {
    goes(&on(1_100, to_small()), ("small", 100, 1_100), Status::Downgraded);
    assert_eq!(stop(&on(1_099, to_small())).bound.nanos(), 1_100);
}

#[test]
fn a_budget_that_warns_lets_the_call_go() {
    let scene = on(10_999, OnExceed::Warn);
    goes(&scene, ("big", 100, 11_000), Status::Warned);
    let warned = scene.admitted();
    let warnings: Vec<&str> = warned.warnings().map(|warning| &**warning).collect();
    // The first call was dropped: it is presumed to have cost its hold.
    assert_eq!(warnings, ["daily budget of agent=bot: $0.000011 of $0.000010999 is spent"]);
    assert_eq!(warned.remaining(), Some(Usd::ZERO));
}

#[test]
fn a_call_is_warned_from_the_percentage_on_that_is_spent() {
    for (output, warned) in [(99, false), (100, true)] {
        let mut scene = on(20_000, OnExceed::Block);
        let usage = Usage { output: Tokens(output), ..Usage::default() };
        let ending = Ending::Used { usage, answered_by: None, complete: true };
        scene.admitted().finish(ending, Answered::default());
        scene.call.output_cap = Some(Tokens(10));
        assert_eq!(scene.admitted().warnings().count() > 0, warned, "{output} tokens");
    }
}

#[test]
fn a_rule_may_clip_to_what_the_budget_affords() {
    goes(&clipping(6_000, OnExceed::Block), ("big", 50, 6_000), Status::Clipped);
    goes(&clipping(2_000, OnExceed::Block), ("big", 10, 2_000), Status::Clipped);
    stop(&clipping(1_999, OnExceed::Block));
    goes(&clipping(11_000, OnExceed::Block), ("big", 100, 11_000), Status::Passed);
}

#[test]
fn what_a_rule_cannot_clip_the_budget_may_still_mend() {
    goes(&clipping(2_000, to_small()), ("big", 10, 2_000), Status::Clipped);
    goes(&clipping(1_999, to_small()), ("small", 100, 1_100), Status::Downgraded);
    // A clip into the thoughts is none.
    let mut scene = clipping(2_000, to_small());
    scene.call.thinking_budget = Tokens(10);
    goes(&scene, ("small", 100, 1_100), Status::Downgraded);
    let floor = OnExceed::Clip { floor: Tokens(5) };
    goes(&clipping(1_500, floor), ("big", 5, 1_500), Status::Clipped);
}

#[test]
fn the_tightest_of_several_budgets_decides() {
    let scene = on(20_000, OnExceed::Block).budget(12_000, OnExceed::Block);
    assert_eq!(scene.admitted().remaining(), Some(Usd::from_nanos(1_000)));
    let scene = on(20_000, OnExceed::Block).budget(10_000, OnExceed::Block);
    assert_eq!(&*stop(&scene).budget, "budget 2");
}

#[test]
fn a_change_that_falls_short_lets_go_of_what_was_held() {
    let steps = vec![Step::NeedSpend(SPEND), downgrade("dear")];
    let scene = Scene::new(Script::steps(steps)).budget(20_000, OnExceed::Block);
    let refusal = scene.turned().refusal;
    assert!(matches!(refusal, Refusal::OverBudget(_)), "{refusal:?}");
    assert_eq!(scene.spent_and_held(), (0, 0));
    assert_eq!(scene.purse.books.lock().expect("no panic").voids, [VoidReason::Blocked]);
}

#[test]
fn a_model_that_is_not_sold_where_the_call_goes_is_none_to_change_to() {
    let steps = vec![Step::NeedSpend(SPEND), downgrade("unheard-of")];
    let scene = Scene::new(Script::steps(steps)).budget(11_000, OnExceed::Block);
    goes(&scene, ("big", 100, 11_000), Status::Passed);
    let elsewhere = || OnExceed::Downgrade { model: "unheard-of".into() };
    assert_eq!(stop(&on(10_999, elsewhere())).bound.nanos(), 11_000);
}

#[test]
fn what_has_no_bound_is_refused_under_a_budget() {
    type Change = fn(&mut Scene);
    let cases: [(&str, Change); 4] = [
        ("unpriced", |scene| scene.call.model = "unheard-of".into()),
        ("unbounded_output", |scene| scene.call.output_cap = None),
        ("unbounded_input", |scene| scene.call.input.by_reference = Some(Wording::new("file_id"))),
        ("overflow", |scene| {
            scene.call.model = "giant".into();
            scene.call.output_cap = Some(Tokens(10_000));
        }),
    ];
    for (code, change) in cases {
        for on_exceed in [OnExceed::Block, OnExceed::Warn] {
            let mut scene = on(20_000, on_exceed);
            change(&mut scene);
            let refusal = scene.turned().refusal;
            assert_eq!((refusal.code(), refusal.status()), (code, 402));
            assert_eq!(scene.record().opening.bound, None);
        }
        let mut scene = Scene::new(Script::passing());
        change(&mut scene);
        assert_eq!(scene.admitted().draft().opening.bound, None, "{code}");
    }
}

#[test]
fn an_answer_to_a_call_without_bound_is_charged_where_it_can_be() {
    for (model, charged) in [("unheard-of", 0), ("big", 5_000)] {
        let mut scene = Scene::new(Script::passing());
        scene.call.model = model.into();
        scene.call.output_cap = None;
        let usage = Usage { output: Tokens(50), ..Usage::default() };
        let ending = Ending::Used { usage, answered_by: None, complete: true };
        scene.admitted().finish(ending, Answered::default());
        assert_eq!(scene.spent_and_held(), (charged, 0), "{model}");
        assert_eq!(scene.record().tokens, usage);
    }
}
