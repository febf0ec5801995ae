//! Judges that come to no end, and counters that are forgotten: the flow ends all the same.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::scene::{Scene, run};
use super::script::{SPEND, Script, amend, block, house, look};
use crate::admit::{READIES_MAX, ROUNDS_MAX};
use crate::{
    Amendment, Answered, Blocked, Cursor, DecidedBy, Ending, OnExceed, Refusal, Step, Tokens, Usd,
    VoidReason,
};

/// A judge that says the same for ever, or the same few things in turn.
fn circling(steps: Vec<Step>) -> Script {
    let asked = AtomicUsize::new(0);
    Script::new(move |say| {
        look(say.decision, true);
        steps[asked.fetch_add(1, Ordering::Relaxed) % steps.len()].clone()
    })
}

#[track_caller]
fn blocked(scene: &Scene) -> Blocked {
    let refusal = scene.turned().refusal;
    let Refusal::Blocked(blocked) = refusal else { panic!("not blocked: {refusal:?}") };
    assert_eq!(blocked.by, house());
    assert_eq!(scene.spent_and_held(), (0, 0));
    blocked
}

#[test]
fn a_judge_that_was_told_spend_is_not_told_again() {
    let scene = Scene::new(circling(vec![Step::NeedSpend(SPEND)]));
    assert!(blocked(&scene).message.contains("come to no end"));
    assert_eq!(scene.script.seen(), [(Cursor::START, false), (SPEND, true)]);
    assert_eq!(scene.purse.books.lock().expect("no panic").voids, [VoidReason::Blocked]);
}

#[test]
fn a_judge_that_wants_what_changes_nothing_is_asked_so_often_and_no_more() {
    let clip = Amendment::ClipToAfford { floor: Tokens(1) };
    let scene = Scene::new(circling(vec![amend(clip, Cursor::START)]));
    blocked(&scene);
    assert_eq!(scene.script.seen().len(), ROUNDS_MAX);
    assert!(scene.purse.books.lock().expect("no panic").asked.is_empty());
}

#[test]
fn a_judge_that_writes_nothing_down_is_named_as_such() {
    let scene = Scene::new(Script::new(|_| Step::NeedSpend(Cursor::START)));
    let Refusal::Blocked(blocked) = scene.turned().refusal else { panic!("not blocked") };
    assert_eq!(blocked.by, DecidedBy::Judge);
}

#[test]
fn a_counter_that_was_forgotten_is_made_ready_again_but_not_for_ever() {
    let most = u32::try_from(READIES_MAX).expect("small");
    for (forgets, admitted) in [(1, true), (most - 1, true), (most, false)] {
        let scene = Scene::new(Script::passing()).budget(20_000, OnExceed::Block);
        scene.purse.forgets.store(forgets, Ordering::Relaxed);
        match run(scene.asks()) {
            Ok(_) => assert!(admitted, "forgotten {forgets} times"),
            Err(turned) => {
                assert!(!admitted && turned.refusal.should_retry(), "{:?}", turned.refusal);
                assert_eq!((turned.refusal.status(), scene.spent_and_held()), (503, (0, 0)));
            }
        }
    }
}

fn cursor() -> impl Strategy<Value = Cursor> {
    prop_oneof![Just(Cursor::START), Just(Cursor::END), (0_u32..4).prop_map(Cursor)]
}

fn amendment() -> impl Strategy<Value = Amendment> {
    let models = ["big", "small", "dear", "free", "giant", "unheard-of"];
    let model = proptest::sample::select(models.to_vec());
    prop_oneof![
        model.prop_map(|model| Amendment::Downgrade { model: model.into() }),
        (0_u64..130).prop_map(|output_cap| Amendment::Clip { output_cap: Tokens(output_cap) }),
        (0_u64..130).prop_map(|floor| Amendment::ClipToAfford { floor: Tokens(floor) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Pass),
        1 => Just(block()),
        6 => cursor().prop_map(Step::NeedSpend),
        9 => (amendment(), cursor()).prop_map(|(to, at)| amend(to, at)),
    ]
}

fn on_exceed() -> impl Strategy<Value = OnExceed> {
    prop_oneof![
        Just(OnExceed::Block),
        Just(OnExceed::Warn),
        Just(OnExceed::Clip { floor: Tokens(2) }),
        Just(OnExceed::Downgrade { model: "small".into() }),
    ]
}

proptest! {
    /// Whatever a judge answers, a call is admitted or turned away after so many questions, and
    /// what is turned away holds nothing.
    #[test]
    fn every_judge_comes_to_an_end(
        steps in proptest::collection::vec(step(), 1..9),
        limit in 500_u64..20_000,
        on_exceed in on_exceed(),
        forgets in 0_u32..4,
    ) {
        let scene = Scene::new(circling(steps)).budget(limit, on_exceed);
        scene.purse.forgets.store(forgets, Ordering::Relaxed);
        match run(scene.asks()) {
            Ok(admitted) => {
                let held = admitted.draft().held;
                prop_assert_eq!(scene.purse.total().held, held);
                admitted.finish(Ending::Free(VoidReason::VendorFailed), Answered::default());
            }
            Err(turned) => {
                let ours = matches!(turned.refusal, Refusal::Internal { .. });
                prop_assert!(!ours, "{:?}", turned.refusal);
            }
        }
        prop_assert!(scene.script.seen().len() <= ROUNDS_MAX);
        prop_assert_eq!(scene.purse.total().held, Usd::ZERO);
    }
}
