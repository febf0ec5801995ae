//! Further tries of one call.

use super::scene::{CAME, Scene, instant, run};
use super::script::{SPEND, Script, block, downgrade, look};
use crate::{
    Accuracy, Admitted, Answered, Attempt, Ending, Fault, NotAgain, OnExceed, Outcome,
    PresumeReason, Refusal, Status, Step, Tokens, Usage, VoidReason,
};

const FAILED: Ending = Ending::Free(VoidReason::VendorFailed);
const WENT_DOWN: Answered = Answered { status: Some(503), first_byte_us: 1, total_us: 2 };

fn again(admitted: Admitted, ending: Ending) -> Result<Admitted, Box<NotAgain>> {
    run(admitted.again(ending, WENT_DOWN, std::future::ready(())))
}

fn used(output: u64) -> Ending {
    let usage = Usage { output: Tokens(output), ..Usage::default() };
    Ending::Used { usage, answered_by: None, complete: true }
}

#[test]
fn each_try_has_a_hold_of_its_own_and_the_record_tells_both() {
    let scene = Scene::new(Script::passing()).budget(11_000, OnExceed::Block);
    let second = again(scene.admitted(), FAILED).expect("the money is there again");
    assert_eq!(scene.spent_and_held(), (0, 11_000));
    let closed = second.finish(used(50), Answered::default());
    assert_eq!(scene.spent_and_held(), (5_000, 0));
    let attempt = |number, vendor_status, outcome, charged| Attempt {
        number,
        vendor_status,
        outcome,
        held: crate::Usd::from_nanos(11_000),
        charged: crate::Usd::from_nanos(charged),
    };
    let expected = [
        attempt(1, Some(503), Outcome::Voided(VoidReason::VendorFailed), 0),
        attempt(2, None, Outcome::Settled, 5_000),
    ];
    assert_eq!(closed.attempts, expected);
    let record = scene.record();
    assert_eq!((record.attempts, record.held.nanos()), (expected.into(), 22_000));
    assert_eq!((record.status, record.cost.total.nanos()), (Status::Passed, 5_000));
}

#[test]
fn each_try_is_judged_anew_at_its_own_time() {
    let scene = Scene::new(Script::new(|asked| {
        let came = instant(CAME + i64::from(asked.facts.attempt - 1) * 100);
        assert_eq!(asked.facts.now, came, "attempt {}", asked.facts.attempt);
        look(asked.decision, false);
        if asked.facts.attempt == 3 { block() } else { Step::Pass }
    }));
    let first = scene.admitted();
    scene.clock.set(CAME + 100);
    let second = again(first, FAILED).expect("the second try passes");
    assert_eq!(second.trace().rules.len(), 2);
    scene.clock.set(CAME + 200);
    let not_again = again(second, FAILED).expect_err("the third try is blocked");
    assert!(matches!(not_again.refusal, Refusal::Blocked(_)));
    let asked = scene.purse.books.lock().expect("no panic").asked.clone();
    let times: Vec<_> = asked.iter().map(|(_, now)| *now).collect();
    assert_eq!(times, [instant(CAME), instant(CAME + 100)]);
}

#[test]
fn a_try_that_is_refused_leaves_the_call_as_its_last_try_ended() {
    type Spoil = fn(&Scene);
    let spoils: [(&str, Spoil); 2] = [
        ("blocked", |_| {}),
        ("fault", |scene| {
            *scene.purse.fault.lock().expect("no panic") = Some(Fault::Overloaded);
        }),
    ];
    for (what, spoil) in spoils {
        let blocks = what == "blocked";
        let rule = move |asked: super::script::Asked<'_>| {
            if blocks && asked.facts.attempt == 2 { block() } else { Step::Pass }
        };
        let scene = Scene::new(Script::new(rule));
        let first = scene.admitted();
        spoil(&scene);
        let presumed =
            Ending::Unknown { why: PresumeReason::Reset, output_seen: None, complete: false };
        let not_again = again(first, presumed).expect_err(what);
        let closed = not_again.closed;
        assert_eq!(closed.cost.total.nanos(), 11_000, "{what}");
        assert_eq!((closed.attempts.len(), closed.status), (1, Status::Failed), "{what}");
        assert_eq!(scene.spent_and_held(), (11_000, 0), "{what}");
        let record = scene.record();
        assert_eq!((record.status, record.cost.total.nanos()), (Status::Failed, 11_000));
        assert_eq!(scene.purse.books.lock().expect("no panic").records.len(), 1, "{what}");
    }
}

#[test]
fn nothing_is_held_between_two_tries() {
    let scene = Scene::new(Script::passing());
    let first = scene.admitted();
    let (purse, agent) = (scene.purse.clone(), scene.identity.agent);
    let pause = async move {
        let scope = crate::Scope::new(crate::ScopeKind::Agent, agent);
        assert_eq!(purse.reading(&scope).held, crate::Usd::ZERO);
    };
    run(first.again(FAILED, WENT_DOWN, pause)).expect("the second try passes");
}

#[test]
fn a_try_charged_by_guess_makes_the_whole_cost_a_guess() {
    let scene = Scene::new(Script::passing());
    let lost =
        Ending::Unknown { why: PresumeReason::UsageMissing, output_seen: None, complete: false };
    let second = again(scene.admitted(), lost).expect("the second try passes");
    let closed = second.finish(used(50), Answered::default());
    assert_eq!((closed.cost.total.nanos(), closed.accuracy), (16_000, Accuracy::Presumed));
}

#[test]
fn what_was_done_to_a_call_holds_for_its_further_tries() {
    let steps = vec![Step::NeedSpend(SPEND), downgrade("small")];
    let scene = Scene::new(Script::steps(steps));
    let second = again(scene.admitted(), FAILED).expect("the second try passes");
    assert_eq!(second.call().model, "small".into());
    let draft = second.draft();
    assert_eq!((&*draft.opening.model_asked, draft.status), ("big", Status::Downgraded));
    assert_eq!(scene.spent_and_held(), (0, 1_100));
}
