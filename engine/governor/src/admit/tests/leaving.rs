//! Callers that leave, at each instant where they can.

use std::sync::atomic::Ordering;

use super::scene::{Scene, drop_after};
use super::script::{SPEND, Script, downgrade};
use crate::{Accuracy, Answered, Ending, PresumeReason, Status, Step, VoidReason};

/// Each wait of the ledger takes two polls.
fn waiting(steps: Vec<Step>) -> Scene {
    let scene = Scene::new(Script::steps(steps));
    scene.purse.waits.store(2, Ordering::Relaxed);
    scene.purse.forgets.store(1, Ordering::Relaxed);
    scene
}

/// The ledger waits for a counter that it had forgotten, and for the intent: after so many polls
/// the call is admitted.
const POLLS: u32 = 1 + 2 * 2;

#[test]
fn a_caller_who_leaves_before_the_call_is_sent_holds_nothing() {
    let flows = [
        vec![],
        vec![Step::NeedSpend(SPEND)],
        vec![downgrade("small")],
        vec![Step::NeedSpend(SPEND), downgrade("small")],
    ];
    for steps in flows {
        for left_after in 0..POLLS {
            let scene = waiting(steps.clone());
            assert!(!drop_after(left_after, scene.asks()), "{steps:?} was done early");
            assert_eq!(scene.spent_and_held(), (0, 0), "{steps:?} after {left_after} polls");
            let books = scene.purse.books.lock().expect("no panic");
            assert!(books.drafts.is_empty());
            let voided = !books.asked.is_empty();
            // From its dispatch on, the ledger itself keeps a record of what it was told of.
            let waited = left_after > 0 && !voided;
            let kept: Vec<_> = books.records.iter().map(|record| record.status).collect();
            assert_eq!(kept, vec![Status::Failed; usize::from(waited)], "after {left_after} polls");
            let expected: &[_] = if voided { &[VoidReason::Abandoned] } else { &[] };
            assert_eq!(books.voids, expected);
        }
        assert!(drop_after(POLLS, waiting(steps).asks()));
    }
}

#[test]
fn a_call_that_loses_its_owner_is_presumed_to_cost_its_hold() {
    let scene = Scene::new(Script::passing());
    drop(scene.admitted());
    assert_eq!(scene.spent_and_held(), (11_000, 0));
    let record = scene.record();
    assert_eq!((record.status, record.accuracy), (Status::Failed, Accuracy::Presumed));
    let why = PresumeReason::OwnerLost;
    assert_eq!(record.attempts[0].outcome, crate::Outcome::Presumed(why));
}

#[test]
fn a_caller_who_leaves_during_a_retry_pays_for_what_was_tried() {
    let polls = POLLS + 3;
    let again = |left_after: u32| {
        let scene = waiting(vec![]);
        let first = super::scene::run(scene.asks()).expect("the call is admitted");
        scene.purse.forgets.store(1, Ordering::Relaxed);
        let ending = Ending::Free(VoidReason::VendorFailed);
        let pause = pause(3);
        let done = drop_after(left_after, first.again(ending, Answered::default(), pause));
        (done, scene)
    };
    for left_after in 1..polls {
        let (done, scene) = again(left_after);
        assert!(!done);
        assert_eq!(scene.spent_and_held(), (0, 0), "after {left_after} polls");
        assert_eq!(scene.record().attempts.len(), 1);
    }
    // Never begun: the first attempt has lost its owner.
    assert_eq!(again(0).1.spent_and_held(), (11_000, 0));
    // Done: the second attempt was admitted, and lost its owner when the test dropped it.
    let (done, scene) = again(polls);
    assert!(done);
    assert_eq!((scene.spent_and_held(), scene.record().attempts.len()), ((11_000, 0), 2));
}

/// A pause of so many polls.
fn pause(mut polls: u32) -> impl Future<Output = ()> + Send {
    std::future::poll_fn(move |_| {
        let over = polls == 0;
        polls = polls.saturating_sub(1);
        if over { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
}
