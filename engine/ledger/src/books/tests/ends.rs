//! Ending: once, in the window of the hold, and corrected only by usage that comes late.

use std::time::Duration;

use reins_governor::{
    Budget, End, Fault, HoldId, PresumeReason, ScopeKind, Usd, VoidReason, Window,
};

use super::desk::{Desk, agent, at, budget, organization, session, settled, usd};
use crate::{Books, Posting, Settings};

const NOW: &str = "2025-06-01T12:01:00Z";
const SLOT: &str = "2025-06-01T12:00:00Z";

fn presumed(charged: &str) -> End {
    End::Presumed { charged: usd(charged), why: PresumeReason::Reset }
}

fn voided(why: VoidReason) -> End {
    End::Voided { why }
}

/// Books with one call of a dollar in flight, on a budget of ten.
fn one_call() -> (Books, Desk, HoldId) {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let id = books.take_in(&desk.ask(&[agent("bot")], usd("1.00"), at(NOW))).expect("fits").id;
    (books, desk, id)
}

/// What the agent spent and holds, and how many calls it made.
fn stand(books: &Books) -> (Usd, Usd, u64) {
    let reading = books.reading(&agent("bot"), Window::Daily, at(NOW)).expect("in memory");
    (reading.spent, reading.held, reading.calls)
}

#[test]
fn each_end_charges_what_it_says_and_releases_the_hold() {
    for (end, spent, calls, overage) in [
        (settled("0.25"), "0.25", 1, "0.00"),
        (settled("0.00"), "0.00", 1, "0.00"),
        (settled("1.75"), "1.75", 1, "0.75"),
        (settled("99.00"), "99.00", 1, "98.00"),
        (presumed("1.00"), "1.00", 1, "0.00"),
        (presumed("0.10"), "0.10", 1, "0.00"),
        (voided(VoidReason::VendorRefused), "0.00", 0, "0.00"),
    ] {
        let (mut books, _, id) = one_call();
        books.dispatch(id).expect("it is there");
        let finished = books.finish(id, end.clone(), at(NOW));
        assert_eq!(finished.receipt.end, end);
        assert_eq!(finished.receipt.overage, usd(overage), "{end:?}");
        assert_eq!(finished.receipt.standings[0].spent, usd(spent), "{end:?}");
        assert_eq!(finished.receipt.standings[0].held, Usd::ZERO, "{end:?}");
        assert_eq!(stand(&books), (usd(spent), Usd::ZERO, calls), "{end:?}");
        assert_eq!(finished.postings.len(), usize::from(calls > 0), "{end:?}");
        assert_eq!((books.in_flight(), books.check()), (0, Ok(())));
    }
}

#[test]
fn a_charge_is_posted_once_for_every_scope_of_the_call() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let who = [session("s"), agent("bot"), organization()];
    let id = books.take_in(&desk.ask(&who, usd("1.00"), at(NOW))).expect("fits").id;
    let finished = books.finish(id, settled("0.30"), at("2025-06-03T00:00:00Z"));
    let slot = at(SLOT).as_second();
    let posting = |scope| Posting { scope, slot, nanos: 300_000_000, calls: 1 };
    assert_eq!(finished.postings.to_vec(), who.map(posting).to_vec());
}

#[test]
fn a_second_end_gets_the_first_answer_and_posts_nothing() {
    let ends = [settled("0.25"), presumed("0.50"), voided(VoidReason::VendorFailed)];
    for first in &ends {
        for second in &ends {
            let (mut books, _, id) = one_call();
            let answer = books.finish(id, first.clone(), at(NOW));
            let stood = stand(&books);
            let again = books.finish(id, second.clone(), at(NOW));
            let corrects = matches!((first, second), (End::Presumed { .. }, End::Settled { .. }));
            if corrects {
                assert_eq!(again.receipt.end, *second);
                assert_eq!(again.postings[0].nanos, -250_000_000);
                assert_eq!(again.postings[0].calls, 0);
                assert_eq!(stand(&books), (usd("0.25"), Usd::ZERO, 1));
            } else {
                assert_eq!(again.receipt, answer.receipt, "{first:?}, then {second:?}");
                assert!(again.postings.is_empty(), "{first:?}, then {second:?}");
                assert_eq!(stand(&books), stood, "{first:?}, then {second:?}");
            }
        }
    }
}

#[test]
fn late_usage_corrects_a_presumed_charge_once_in_both_directions() {
    for (late, nanos, overage) in [
        ("0.20", -400_000_000, "0.00"),
        ("0.90", 300_000_000, "0.00"),
        ("1.10", 500_000_000, "0.10"),
    ] {
        let (mut books, _, id) = one_call();
        books.finish(id, presumed("0.60"), at(NOW));
        let corrected = books.finish(id, settled(late), at("2025-06-01T13:00:00Z"));
        let slot = at(SLOT).as_second();
        let expected = Posting { scope: agent("bot"), slot, nanos, calls: 0 };
        assert_eq!(corrected.postings.to_vec(), vec![expected]);
        assert_eq!(corrected.receipt.overage, usd(overage));
        assert_eq!(stand(&books), (usd(late), Usd::ZERO, 1));
        let again = books.finish(id, settled("5.00"), at("2025-06-01T13:00:00Z"));
        assert_eq!(again.receipt, corrected.receipt);
        assert!(again.postings.is_empty());
        assert_eq!(stand(&books), (usd(late), Usd::ZERO, 1));
    }
}

#[test]
fn a_correction_that_changes_nothing_posts_nothing_and_settles() {
    let (mut books, _, id) = one_call();
    books.finish(id, presumed("0.60"), at(NOW));
    let corrected = books.finish(id, settled("0.60"), at(NOW));
    assert_eq!(corrected.receipt.end, settled("0.60"));
    assert!(corrected.postings.is_empty());
}

#[test]
fn a_call_belongs_to_the_window_it_was_held_in() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let (before, after) = (at("2025-06-01T23:59:59Z"), at("2025-06-02T00:00:01Z"));
    let who = [agent("bot")];
    let id = books.take_in(&desk.ask(&who, usd("1.00"), before)).expect("fits").id;
    let today = books.take_in(&desk.ask(&who, usd("2.00"), after)).expect("fits");
    assert_eq!(today.standings[0].held, usd("2.00"));
    let finished = books.finish(id, settled("1.00"), after);
    assert_eq!(finished.postings[0].slot, at("2025-06-01T23:55:00Z").as_second());
    let standing = &finished.receipt.standings[0];
    assert_eq!((standing.spent, standing.held), (Usd::ZERO, usd("2.00")));
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn warnings_are_told_by_the_charge_that_reaches_them() {
    let warned = Budget { warn_at: vec![50, 75, 100], ..budget(ScopeKind::Agent, "1.00", "daily") };
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "9.00", "monthly"), warned]);
    let mut books = Books::new(Settings::default());
    for (charged, reached) in [
        ("0.49", &[][..]),
        ("0.01", &[(1, 50)][..]),
        ("0.10", &[][..]),
        ("0.40", &[(1, 75), (1, 100)][..]),
    ] {
        let id = books.take_in(&desk.ask(&[agent("bot")], Usd::ZERO, at(NOW))).expect("fits").id;
        let receipt = books.finish(id, settled(charged), at(NOW)).receipt;
        assert_eq!(receipt.reached.as_slice(), reached, "{charged}");
    }
}

#[test]
fn a_void_lets_go_of_what_was_not_dispatched_and_of_nothing_else() {
    let (mut books, _, id) = one_call();
    books.void(id, VoidReason::Blocked);
    assert_eq!(stand(&books), (Usd::ZERO, Usd::ZERO, 0));
    assert_eq!(books.dispatch(id), Err(Fault::Expired));
    let late = books.finish(id, settled("0.50"), at(NOW));
    assert_eq!(late.receipt.end, voided(VoidReason::Blocked));
    assert!(late.postings.is_empty());

    let (mut books, _, id) = one_call();
    books.dispatch(id).expect("it is there");
    books.void(id, VoidReason::Abandoned);
    assert_eq!(stand(&books), (Usd::ZERO, usd("1.00"), 1));
}

#[test]
fn a_sweep_voids_what_was_held_and_presumes_what_was_dispatched() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "daily")]);
    let mut books =
        Books::new(Settings { hold_life: Duration::from_secs(600), ..Settings::default() });
    let mut hold = |bound| {
        books
            .take_in(&desk.ask(&[agent("bot")], usd(bound), at("2025-06-01T12:00:00Z")))
            .expect("fits")
            .id
    };
    let (held, sent, alive) = (hold("1.00"), hold("2.00"), hold("4.00"));
    books.dispatch(sent).expect("it is there");
    books.dispatch(alive).expect("it is there");
    books.beat(alive, at("2025-06-01T12:05:00Z"));
    assert!(books.sweep(at("2025-06-01T12:09:59Z")).is_empty());
    let swept = books.sweep(at("2025-06-01T12:10:00Z"));
    let ends: Vec<_> = swept.iter().map(|s| (s.id, s.finished.receipt.end.clone())).collect();
    let lost = End::Presumed { charged: usd("2.00"), why: PresumeReason::OwnerLost };
    assert_eq!(ends, vec![(held, voided(VoidReason::Expired)), (sent, lost)]);
    assert!(swept[0].finished.postings.is_empty());
    assert_eq!(swept[1].finished.postings[0].nanos, 2_000_000_000);
    assert_eq!(stand(&books), (usd("2.00"), usd("4.00"), 2));
    assert_eq!(books.dispatch(held), Err(Fault::Expired));
    books.finish(sent, settled("0.50"), at("2025-06-01T12:11:00Z"));
    assert_eq!(stand(&books), (usd("0.50"), usd("4.00"), 2));
    assert_eq!(books.sweep(at("2025-06-01T12:15:00Z")).len(), 1);
    assert_eq!(stand(&books), (usd("4.50"), Usd::ZERO, 2));
}

#[test]
fn a_call_that_nobody_remembers_costs_nothing() {
    let (mut books, ..) = one_call();
    let finished = books.finish(HoldId(77), settled("5.00"), at(NOW));
    assert_eq!(finished.receipt.end, voided(VoidReason::Expired));
    assert!(finished.postings.is_empty());
    assert_eq!(stand(&books), (Usd::ZERO, usd("1.00"), 1));
}

#[test]
fn the_largest_amounts_are_counted_and_taken_back_exactly() {
    let desk = Desk::new(Vec::new()).reading(ScopeKind::Agent, Window::Daily);
    let mut books = Books::new(Settings::default());
    let who = [agent("bot")];
    let ids: Vec<HoldId> = (0..5)
        .map(|_| books.take_in(&desk.ask(&who, Usd::MAX, at(NOW))).expect("no budget").id)
        .collect();
    assert_eq!(stand(&books), (Usd::ZERO, Usd::MAX, 5));
    for id in &ids[1..] {
        let most = End::Presumed { charged: Usd::MAX, why: PresumeReason::Timeout };
        books.finish(*id, most, at(NOW));
    }
    for id in &ids[1..] {
        books.finish(*id, settled("0.01"), at(NOW));
    }
    assert_eq!(stand(&books), (usd("0.04"), Usd::MAX, 5));
    books.finish(ids[0], voided(VoidReason::VendorFailed), at(NOW));
    assert_eq!((stand(&books), books.check()), ((usd("0.04"), Usd::ZERO, 4), Ok(())));
}
