//! Rules that pass, block, read spend and change calls.

use std::sync::Arc;

use super::scene::{Scene, run};
use super::script::{SPEND, Script, amend, block, clip, downgrade, house, look, warning};
use crate::{
    Amendment, Answered, Cursor, DecidedBy, Ending, Fault, Outcome, Reading, Refusal, Status, Step,
    Tokens, Usage, Usd, VoidReason,
};

const START: (Cursor, bool) = (Cursor::START, false);
const END: (Cursor, bool) = (Cursor::END, true);

/// Scripts the steps of a judge, and tells the model, cap and nano-USD that were admitted.
#[track_caller]
fn check(steps: Vec<Step>, expected: (&str, u64, u64)) -> Scene {
    let scene = Scene::new(Script::steps(steps));
    let admitted = scene.admitted();
    let call = admitted.call();
    let held = scene.spent_and_held().1;
    assert_eq!((&*call.model, call.output_cap.expect("a cap").get(), held), expected);
    scene
}

#[test]
fn a_call_that_passes_is_held_dispatched_and_recorded_once() {
    let scene = Scene::new(Script::passing());
    let admitted = scene.admitted();
    assert_eq!(scene.spent_and_held(), (0, 11_000));
    assert_eq!(scene.script.seen(), [START, END]);
    let draft = admitted.draft().clone();
    assert_eq!(draft.status, Status::Passed);
    assert_eq!((draft.attempts[0].number, draft.attempts[0].outcome), (1, Outcome::Open));
    assert_eq!(scene.purse.books.lock().expect("no panic").drafts[0].opening.id, draft.opening.id);

    let usage = Usage { input: Tokens(90), output: Tokens(50), ..Usage::default() };
    let ending = Ending::Used { usage, answered_by: None, complete: true };
    admitted.finish(ending, Answered::default());
    assert_eq!(scene.spent_and_held(), (5_900, 0));
    let books = scene.purse.books.lock().expect("no panic");
    assert_eq!((books.drafts.len(), books.records.len()), (1, 1));
    assert_eq!(books.records[0].opening.id, draft.opening.id);
}

#[test]
fn a_record_shows_what_was_truly_set_aside_and_what_the_call_could_cost() {
    let scene = Scene::new(Script::passing());
    *scene.purse.typical.lock().expect("no panic") = Some(Usd::from_nanos(700));
    let admitted = scene.admitted();
    let draft = admitted.draft().clone();
    assert_eq!((draft.held.nanos(), draft.attempts[0].held.nanos()), (700, 700));
    assert_eq!(draft.opening.bound, Some(Usd::from_nanos(11_000)));
    // Nobody knows what it cost: the most it can cost is charged, whatever was set aside.
    drop(admitted);
    assert_eq!(scene.record().cost.total.nanos(), 11_000);
    assert_eq!(scene.record().held.nanos(), 700);
}

#[test]
fn a_block_before_the_hold_holds_nothing_and_is_recorded() {
    let scene = Scene::new(Script::new(|asked| {
        look(asked.decision, true);
        block()
    }));
    let turned = scene.turned();
    assert!(matches!(turned.refusal, Refusal::Blocked(_)), "{:?}", turned.refusal);
    assert_eq!((scene.record().opening.id, scene.record().status), (turned.id, Status::Blocked));
    let books = scene.purse.books.lock().expect("no panic");
    assert!(books.asked.is_empty() && books.drafts.is_empty());
}

#[test]
fn a_block_after_the_hold_lets_go_of_the_money() {
    let scene = Scene::new(Script::at_most(Usd::from_nanos(10_999)));
    scene.turned();
    assert_eq!(scene.spent_and_held(), (0, 0));
    assert_eq!(scene.record().status, Status::Blocked);
    assert_eq!(scene.purse.books.lock().expect("no panic").voids, [VoidReason::Blocked]);
}

#[test]
fn a_rule_reads_its_own_hold_and_all_earlier_ones() {
    let scene = Scene::new(Script::at_most(Usd::from_nanos(21_999)));
    let first = scene.admitted();
    assert_eq!(scene.script.seen(), [START, (SPEND, true)]);
    scene.turned();
    let usage = Usage { output: Tokens(109), ..Usage::default() };
    first.finish(Ending::Used { usage, answered_by: None, complete: true }, Answered::default());
    // 10,900 are spent now: with 11,000 more it is just within.
    scene.admitted();
}

#[test]
fn a_scope_the_caller_has_not_reads_zero() {
    let scene = Scene::new(Script::new(|asked| {
        let Some(readings) = asked.readings else { return Step::NeedSpend(SPEND) };
        let (agent, user) = (readings.get(0), readings.get(1));
        assert_eq!(agent.map(|agent| (agent.used().nanos(), agent.calls)), Some((11_000, 1)));
        assert_eq!(user, Some(&Reading::default()));
        Step::Pass
    }));
    scene.admitted();
    assert_eq!(scene.script.seen(), [START, (SPEND, true)]);
}

#[test]
fn a_change_is_priced_anew_and_the_rules_start_again() {
    let scene = check(vec![downgrade("small")], ("small", 100, 1_100));
    assert_eq!(scene.script.seen(), [START, START, END]);
    check(vec![clip(40)], ("big", 40, 5_000));
    check(vec![downgrade("small"), clip(40)], ("small", 40, 500));
}

#[test]
fn a_change_after_the_hold_changes_the_hold() {
    let scene = check(vec![Step::NeedSpend(SPEND), downgrade("small")], ("small", 100, 1_100));
    assert_eq!(scene.script.seen(), [START, (SPEND, true), START, END]);
    let asked = scene.purse.books.lock().expect("no panic").asked.clone();
    assert_eq!(asked.iter().map(|(bound, _)| bound.nanos()).collect::<Vec<_>>(), [11_000, 1_100]);
}

#[test]
fn what_a_rule_reads_after_a_change_is_the_changed_hold() {
    let scene = Scene::new(Script::new(|asked| match asked.readings {
        None => Step::NeedSpend(SPEND),
        Some(readings) => {
            look(asked.decision, true);
            match readings.get(0).expect("one reading").used().nanos() {
                11_000 => downgrade("small"),
                1_100 => Step::Pass,
                _ => block(),
            }
        }
    }));
    assert_eq!(scene.admitted().call().model, "small".into());
}

#[test]
fn a_change_without_effect_is_skipped() {
    check(vec![downgrade("big")], ("big", 100, 11_000));
    check(vec![downgrade("small"), downgrade("big")], ("small", 100, 1_100));
    check(vec![clip(100)], ("big", 100, 11_000));
    check(vec![clip(101)], ("big", 100, 11_000));
    let clip_to_afford = Amendment::ClipToAfford { floor: Tokens(10) };
    let scene = check(vec![amend(clip_to_afford, Cursor(5))], ("big", 100, 11_000));
    assert_eq!(scene.script.seen(), [START, (Cursor(5), false), END]);
}

#[test]
fn a_clip_leaves_room_for_an_answer_beside_the_thoughts() {
    let mut scene = Scene::new(Script::steps(vec![clip(90)]));
    scene.call.thinking_budget = Tokens(90);
    assert_eq!(scene.admitted().call().output_cap, Some(Tokens(100)));
    let mut scene = Scene::new(Script::steps(vec![clip(90)]));
    scene.call.thinking_budget = Tokens(89);
    assert_eq!(scene.admitted().call().output_cap, Some(Tokens(90)));
}

#[test]
fn a_fifth_change_is_refused() {
    let clips = |count: u64| (1..=count).map(|n| clip(100 - 10 * n)).collect::<Vec<_>>();
    check(clips(4), ("big", 60, 7_000));
    let scene = Scene::new(Script::steps(clips(5)));
    let Refusal::Blocked(blocked) = scene.turned().refusal else { panic!("not blocked") };
    assert_eq!(&*blocked.message, "rules wanted to change this call more than 4 times");
    assert_eq!(blocked.by, house());
    assert!(scene.purse.books.lock().expect("no panic").asked.is_empty());
}

#[test]
fn what_was_said_of_a_call_is_gone_once_it_is_changed() {
    let scene = Scene::new(Script::new(|asked| {
        look(asked.decision, false);
        if &*asked.facts.call.model == "small" {
            assert_eq!(asked.facts.models_tried, [Arc::from("big")]);
            assert_eq!(asked.facts.bound, Some(Usd::from_nanos(1_100)));
            return Step::Pass;
        }
        asked.decision.mark(warning("big models are dear"));
        asked.decision.allowed = true;
        downgrade("small")
    }));
    let admitted = scene.admitted();
    assert_eq!(admitted.warnings().count(), 0);
    let draft = admitted.draft();
    // The judge is asked from the start, and again at the end, once money is held.
    assert_eq!((draft.status, admitted.trace().rules.len()), (Status::Downgraded, 2));
}

#[test]
fn what_no_rule_allows_is_refused_where_the_organization_says_so() {
    let mut scene = Scene::new(Script::passing());
    scene.default_deny = true;
    let Refusal::Blocked(blocked) = scene.turned().refusal else { panic!("not blocked") };
    assert_eq!(blocked.by, DecidedBy::DefaultDeny);
    assert!(scene.purse.books.lock().expect("no panic").asked.is_empty());

    let mut scene = Scene::new(Script::new(|asked| {
        asked.decision.allowed = true;
        Step::Pass
    }));
    scene.default_deny = true;
    scene.admitted();

    let mut scene = Scene::new(Script::passing());
    (scene.default_deny, scene.identity.observe) = (true, true);
    let admitted = scene.admitted();
    let draft = admitted.draft();
    assert_eq!(
        (draft.status, draft.opening.policy.as_deref()),
        (Status::Observed, Some("default"))
    );
}

#[test]
fn an_allowance_does_not_outlive_a_change() {
    let mut scene = Scene::new(Script::new(|asked| {
        look(asked.decision, true);
        let changed = &*asked.facts.call.model == "small";
        asked.decision.allowed |= !changed;
        if changed { Step::Pass } else { downgrade("small") }
    }));
    scene.default_deny = true;
    assert!(matches!(scene.turned().refusal, Refusal::Blocked(_)));
}

#[test]
fn a_ledger_that_cannot_make_the_intent_durable_sends_nothing() {
    for fault in [Fault::Stopped("no space left".into()), Fault::Overloaded, Fault::Expired] {
        let scene = Scene::new(Script::passing());
        *scene.purse.fault.lock().expect("no panic") = Some(fault.clone());
        let refusal = run(scene.asks()).expect_err("the call is turned away").refusal;
        assert_eq!(refusal, Refusal::Unavailable { what: fault.to_string() });
        assert_eq!((refusal.status(), scene.spent_and_held()), (503, (0, 0)));
        let record = scene.record();
        assert_eq!((record.status, record.attempts.len()), (Status::Blocked, 0));
        assert_eq!(record.opening.policy.as_deref(), Some("service_unavailable"));
    }
}
