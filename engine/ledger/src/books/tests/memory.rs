//! Memory: flat however many names callers invent.

use jiff::ToSpan;
use proptest::prelude::*;
use reins_governor::{ScopeKind, Unheld, Usd, VoidReason, Window};

use super::desk::{Desk, agent, at, budget, organization, session, settled, settled_nanos, usd};
use crate::{Books, Settings, Slot};

const NOON: &str = "2025-06-01T12:00:00Z";

#[test]
fn scopes_that_no_budget_counts_leave_nothing_behind() {
    let desk = Desk::new(vec![budget(ScopeKind::Organization, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    for name in 0..1_000 {
        let who = [session(&name.to_string()), agent("bot"), organization()];
        let id = books.take_in(&desk.ask(&who, usd("0.01"), at(NOON))).expect("fits").id;
        books.void(id, VoidReason::Blocked);
    }
    assert_eq!((books.accounts.len(), books.counters()), (1, 1));
}

#[test]
fn idle_counters_are_forgotten_and_those_with_holds_are_not() {
    let desk = Desk::new(vec![budget(ScopeKind::Session, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let hold = |books: &mut Books, name: &str, now| {
        books.take_in(&desk.ask(&[session(name)], usd("1.00"), at(now))).expect("fits").id
    };
    let done = hold(&mut books, "done", NOON);
    books.finish(done, settled("1.00"), at(NOON));
    hold(&mut books, "open", NOON);
    let recent = hold(&mut books, "recent", "2025-06-01T12:30:00Z");
    books.finish(recent, settled("1.00"), at("2025-06-01T12:30:00Z"));
    assert_eq!(books.evict(at("2025-06-01T12:00:00Z")), 0);
    assert_eq!(books.evict(at("2025-06-01T12:00:01Z")), 1);
    let in_memory = |name: &str| books.reading(&session(name), Window::Daily, at(NOON)).is_some();
    assert_eq!(["done", "open", "recent"].map(in_memory), [false, true, true]);
}

#[test]
fn too_many_counters_crowd_out_those_that_are_idle_longest() {
    let desk = Desk::new(vec![budget(ScopeKind::Session, "10.00", "daily")]);
    let mut books = Books::new(Settings { counters_max: 100, ..Settings::default() });
    for name in 0..1_000_i64 {
        let now = at(NOON).checked_add(name.seconds()).expect("an instant");
        let id = books
            .take_in(&desk.ask(&[session(&name.to_string())], usd("1.00"), now))
            .expect("fits")
            .id;
        books.finish(id, settled("1.00"), now);
    }
    assert_eq!(books.evict(at(NOON)), 900);
    let kept = |name: &str| books.reading(&session(name), Window::Daily, at(NOON)).is_some();
    assert_eq!(["0", "899", "900", "999"].map(kept), [false, false, true, true]);
}

#[test]
fn counters_of_the_last_seconds_stay_however_many_they_are() {
    let desk = Desk::new(vec![budget(ScopeKind::Session, "10.00", "daily")]);
    let mut books = Books::new(Settings { counters_max: 10, ..Settings::default() });
    for name in 0..100 {
        let ask = desk.ask(&[session(&name.to_string())], usd("1.00"), at(NOON));
        books.load(session(&name.to_string()), Window::Daily, &desk.zone, &[], at(NOON));
        assert!(books.missing(&ask).is_empty());
    }
    assert_eq!(books.evict(at(NOON)), 0);
    books.sweep(at("2025-06-01T12:00:06Z"));
    // Those of one second go together.
    assert_eq!(books.evict(at(NOON)), 100);
}

#[test]
fn a_hold_that_outlives_its_counter_may_be_changed_and_never_counts_from_zero() {
    let desk = Desk::new(vec![budget(ScopeKind::Session, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let ask = |bound| desk.ask(&[session("s")], usd(bound), at(NOON));
    assert_eq!(books.hold(&ask("1.00"), at(NOON)), Err(Unheld::Missing));
    books.begin(&ask("1.00"));
    let id = books.hold(&ask("1.00"), at(NOON)).expect("it is there").id;
    // What is held keeps its counters in memory.
    books.evict(at("2025-06-02T12:00:00Z"));
    assert_eq!(books.amend(id, &ask("2.00"), at(NOON)).map(|holding| holding.id), Ok(id));
    books.void(id, VoidReason::Blocked);
    books.evict(at("2025-06-02T12:00:00Z"));
    assert_eq!(books.amend(id, &ask("1.00"), at(NOON)), Err(Unheld::Missing));
    assert_eq!((books.in_flight(), books.check()), (0, Ok(())));
}

proptest! {
    /// A store keeps what was posted; the books forget at any instant, between `ready` and `hold`
    /// too. Whoever is admitted saw every nano-USD that was spent.
    #[test]
    fn what_was_spent_never_counts_from_zero(
        calls in prop::collection::vec((1_u64..4, any::<bool>(), any::<bool>()), 1..60),
    ) {
        let desk = Desk::new(vec![budget(ScopeKind::Session, "0.000000020", "daily")]);
        let mut books = Books::new(Settings { counters_max: 0, ..Settings::default() });
        let (who, mut spent) = ([session("s")], 0_u64);
        for (nanos, made_ready, forgotten) in calls {
            let ask = desk.ask(&who, Usd::from_nanos(nanos), at(NOON));
            if made_ready {
                let start = at(NOON).as_second();
                let kept = Slot { start, spent: Usd::from_nanos(spent), calls: 1 };
                books.load(session("s"), Window::Daily, &desk.zone, &[kept], at(NOON));
            }
            if forgotten {
                books.evict(at("2025-06-01T12:00:01Z"));
            }
            match books.hold(&ask, at(NOON)) {
                Ok(holding) => {
                    prop_assert_eq!(holding.standings[0].spent.nanos(), spent);
                    books.finish(holding.id, settled_nanos(nanos), at(NOON));
                    spent += nanos;
                }
                Err(Unheld::Short(short)) => prop_assert_eq!(short.standing.spent.nanos(), spent),
                Err(Unheld::Missing) => prop_assert!(books.missing(&ask).len() == 1),
            }
            prop_assert!(spent <= 20);
        }
    }
}

#[test]
fn a_million_sessions_leave_memory_flat() {
    let desk = Desk::new(vec![
        budget(ScopeKind::Session, "1.00", "rolling 1h"),
        budget(ScopeKind::Organization, "1000000.00", "monthly"),
    ]);
    let mut books = Books::new(Settings { counters_max: 2_000, ..Settings::default() });
    let mut most = 0;
    for name in 0..1_000_000_i64 {
        let now = at(NOON).checked_add((name / 1_000).seconds()).expect("an instant");
        let who = [session(&format!("session-{name}")), organization()];
        let id = books.take_in(&desk.ask(&who, usd("0.01"), now)).expect("fits").id;
        books.finish(id, settled("0.01"), now);
        if name % 1_000 == 0 {
            books.evict(now.checked_sub(600.seconds()).expect("an instant"));
            most = most.max(books.accounts.len());
        }
    }
    assert!(most <= 8_000, "{most} accounts at once");
    assert!(books.accounts.capacity() <= 64_000, "{} places", books.accounts.capacity());
    let spent = books.reading(&organization(), Window::Monthly, at(NOON)).expect("in memory").spent;
    assert_eq!(spent, usd("10000.00"));
}

#[test]
fn ends_are_forgotten_with_time_but_late_usage_is_waited_for() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let mut hold =
        || books.take_in(&desk.ask(&[agent("bot")], usd("1.00"), at(NOON))).expect("fits").id;
    let (first, second) = (hold(), hold());
    books.finish(first, settled("0.50"), at(NOON));
    books.dispatch(second).expect("it is there");
    books.sweep(at("2025-06-01T12:20:00Z"));
    books.evict(at(NOON));
    assert_eq!(books.finish(first, settled("9.00"), at(NOON)).receipt.end, settled("0.50"));
    books.evict(at("2025-06-01T12:25:00Z"));
    let answer = books.finish(first, settled("0.50"), at("2025-06-01T12:25:00Z")).receipt.end;
    assert_eq!(answer.charged(), usd("0.00"));
    let late = books.finish(second, settled("0.25"), at("2025-06-01T12:30:00Z"));
    assert_eq!(late.postings[0].nanos, -750_000_000);
}

#[test]
fn only_so_many_ends_are_remembered() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "daily")]);
    let mut books = Books::new(Settings::default());
    let mut end = || {
        let ask = desk.ask(&[agent("bot")], usd("0.01"), at(NOON));
        let id = books.take_in(&ask).expect("fits").id;
        books.finish(id, settled("0.0001"), at(NOON));
        id
    };
    let (first, second) = (end(), end());
    for _ in 0..2_047 {
        end();
    }
    let mut again = |id| books.finish(id, settled("0.0001"), at(NOON)).receipt.end.charged();
    assert_eq!((again(first), again(second)), (usd("0.00"), usd("0.0001")));
}

#[test]
fn the_place_of_many_counters_is_given_back() {
    let desk = Desk::new(Vec::new());
    let mut books = Books::new(Settings::default());
    for name in 0..50_000 {
        books.load(session(&name.to_string()), Window::Daily, &desk.zone, &[], at(NOON));
    }
    assert_eq!(books.evict(at("2025-06-01T12:00:01Z")), 50_000);
    assert!(books.accounts.capacity() < 100, "{} places", books.accounts.capacity());
}

#[test]
fn who_only_looks_sees_what_has_left_the_window_gone() {
    let desk =
        Desk::new(["daily", "rolling 24h"].map(|w| budget(ScopeKind::Agent, "10.00", w)).to_vec());
    let mut books = Books::new(Settings::default());
    books.take_in(&desk.ask(&[agent("bot")], usd("1.00"), at(NOON))).expect("fits");
    let held = |index, now| {
        books.standing(&desk.budgets, index, &agent("bot"), at(now)).expect("in memory").held
    };
    for (now, daily, rolling) in [
        ("2025-06-01T23:59:59Z", "1.00", "1.00"),
        ("2025-06-02T00:00:00Z", "0.00", "1.00"),
        ("2025-06-02T12:14:59Z", "0.00", "1.00"),
        ("2025-06-02T12:15:00Z", "0.00", "0.00"),
    ] {
        assert_eq!((held(0, now), held(1, now)), (usd(daily), usd(rolling)), "{now}");
    }
}
