//! Holding: all or nothing, exact to the last nano-USD, and when a refused call would fit.

use reins_governor::{
    HoldMode, Holding, OnExceed, ScopeKind, Short, Standing, Unheld, Usd, VoidReason, Window,
};

use super::desk::{Desk, agent, at, budget, organization, session, settled, usd};
use crate::{Books, Settings, Slot};

fn books() -> Books {
    Books::new(Settings::default())
}

#[test]
fn a_budget_takes_calls_up_to_its_limit_and_not_a_nano_more() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "5.00", "daily")]);
    let (mut books, who) = (books(), [agent("bot")]);
    let now = at("2025-06-01T12:00:00Z");
    books.take_in(&desk.ask(&who, usd("4.999999999"), now)).expect("the first fits");
    let short =
        books.take_in(&desk.ask(&who, usd("0.000000002"), now)).expect_err("a nano too many");
    let standing = Standing {
        budget: 0,
        scope: agent("bot"),
        spent: Usd::ZERO,
        held: usd("4.999999999"),
        limit: usd("5.00"),
        resets_at: Some(at("2025-06-02T00:00:00Z")),
    };
    let fits_at = Some(at("2025-06-02T00:00:00Z"));
    assert_eq!(short, Short { standing, fits_at, only_in_flight: true });
    let whole = books.take_in(&desk.ask(&who, usd("5.00"), now)).expect_err("something is held");
    assert!(whole.only_in_flight);
    books.take_in(&desk.ask(&who, usd("0.000000001"), now)).expect("the rest fits");
}

#[test]
fn a_thousand_calls_share_five_dollars() {
    let desk = Desk::new(vec![budget(ScopeKind::Organization, "5.00", "daily")]);
    let (mut books, now) = (books(), at("2025-06-01T12:00:00Z"));
    let ask = desk.ask(&[organization()], usd("0.0123"), now);
    let admitted = (0..1_000).filter(|_| books.take_in(&ask).is_ok()).count();
    assert_eq!(admitted, 406);
}

#[test]
fn a_call_short_in_one_scope_is_held_in_none() {
    let wide = budget(ScopeKind::Organization, "100.00", "monthly");
    let desk = Desk::new(vec![wide, budget(ScopeKind::Session, "1.00", "rolling 1h")]);
    let (mut books, now) = (books(), at("2025-06-01T12:00:00Z"));
    let who = [session("s"), organization()];
    let short = books.take_in(&desk.ask(&who, usd("1.01"), now)).expect_err("the session is short");
    assert_eq!((short.standing.budget, short.fits_at, short.only_in_flight), (1, None, false));
    let reading = books.reading(&organization(), Window::Monthly, now).expect("in memory");
    assert_eq!((reading.held, reading.calls), (Usd::ZERO, 0));
    assert_eq!(books.in_flight(), 0);
}

#[test]
fn readings_include_the_call_itself_and_all_earlier_ones() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "9.00", "daily")])
        .reading(ScopeKind::Agent, Window::Hourly)
        .reading(ScopeKind::User, Window::Daily)
        .reading(ScopeKind::Agent, Window::Daily);
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T12:00:00Z"));
    let first = books.take_in(&desk.ask(&who, usd("1.00"), now)).expect("fits").id;
    books.finish(first, settled("0.40"), now);
    books.take_in(&desk.ask(&who, usd("2.00"), now)).expect("fits");
    let Holding { readings, standings, .. } =
        books.take_in(&desk.ask(&who, usd("3.00"), now)).expect("fits");
    let read = readings.get(0).expect("declared");
    assert_eq!((read.spent, read.held, read.calls), (usd("0.40"), usd("5.00"), 3));
    assert_eq!(readings.get(1), Some(&reins_governor::Reading::default()));
    assert_eq!(readings.get(2), Some(read));
    assert_eq!((standings[0].spent, standings[0].held), (usd("0.40"), usd("5.00")));
}

#[test]
fn a_budget_that_warns_refuses_nothing() {
    let warning = budget(ScopeKind::Agent, "1.00", "daily");
    let warning = reins_governor::Budget { on_exceed: OnExceed::Warn, ..warning };
    let desk = Desk::new(vec![warning]);
    let mut books = books();
    let ask = desk.ask(&[agent("bot")], usd("7.00"), at("2025-06-01T12:00:00Z"));
    assert_eq!(books.take_in(&ask).expect("only a warning").standings[0].held, usd("7.00"));
}

#[test]
fn a_call_refused_by_a_rolling_budget_fits_when_enough_has_left_the_window() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "10.00", "rolling 24h")]);
    let (mut books, who) = (books(), [agent("bot")]);
    for (now, charged) in [
        ("2025-06-01T00:10:00Z", "4.00"),
        ("2025-06-01T06:29:59Z", "3.00"),
        ("2025-06-01T18:00:00Z", "2.00"),
    ] {
        let id = books.take_in(&desk.ask(&who, usd(charged), at(now))).expect("fits").id;
        books.finish(id, settled(charged), at(now));
    }
    let now = at("2025-06-01T20:00:00Z");
    for (bound, fits_at) in [
        // Buckets of 15 minutes leave whole: 00:00 to 00:15 a day after 00:15.
        ("1.01", Some("2025-06-02T00:15:00Z")),
        ("5.00", Some("2025-06-02T00:15:00Z")),
        ("5.01", Some("2025-06-02T06:30:00Z")),
        ("8.01", Some("2025-06-02T18:15:00Z")),
        ("10.00", Some("2025-06-02T18:15:00Z")),
        ("10.01", None),
    ] {
        let short = books.take_in(&desk.ask(&who, usd(bound), now)).expect_err(bound);
        assert_eq!(short.fits_at, fits_at.map(at), "{bound}");
        assert_eq!(short.standing.resets_at, Some(at("2025-06-02T00:15:00Z")));
        assert!(!short.only_in_flight);
    }
    let (early, then) = (at("2025-06-02T00:14:59Z"), at("2025-06-02T00:15:00Z"));
    assert!(books.take_in(&desk.ask(&who, usd("5.00"), early)).is_err());
    assert!(books.take_in(&desk.ask(&who, usd("5.00"), then)).is_ok());
}

#[test]
fn a_new_day_begins_empty_in_the_zone_of_the_organization() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "1.00", "daily")]).zone("America/New_York");
    let (mut books, who) = (books(), [agent("bot")]);
    let evening = at("2025-03-09T03:59:59Z");
    books.take_in(&desk.ask(&who, usd("1.00"), evening)).expect("fits");
    let short = books.take_in(&desk.ask(&who, usd("1.00"), evening)).expect_err("spent out");
    assert_eq!(short.fits_at, Some(at("2025-03-09T05:00:00Z")));
    // The ninth of March has 23 hours there.
    let next = at("2025-03-09T05:00:00Z");
    books.take_in(&desk.ask(&who, usd("1.00"), next)).expect("a new day");
    let short = books.take_in(&desk.ask(&who, usd("1.00"), next)).expect_err("spent out");
    assert_eq!(short.fits_at, Some(at("2025-03-10T04:00:00Z")));
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn a_clock_that_goes_back_opens_no_window_twice() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "1.00", "hourly")]);
    let (mut books, who) = (books(), [agent("bot")]);
    books.take_in(&desk.ask(&who, usd("1.00"), at("2025-06-01T11:59:59Z"))).expect("fits");
    books.take_in(&desk.ask(&who, usd("1.00"), at("2025-06-01T12:00:00Z"))).expect("a new hour");
    for back in ["2025-06-01T11:59:58Z", "2025-06-01T09:00:00Z", "2025-06-01T12:59:59Z"] {
        assert!(books.take_in(&desk.ask(&who, usd("0.01"), at(back))).is_err(), "{back}");
    }
    books.take_in(&desk.ask(&who, usd("1.00"), at("2025-06-01T13:00:00Z"))).expect("a new hour");
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn an_amendment_changes_the_hold_and_keeps_its_id() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "1.00", "daily")]);
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T12:00:00Z"));
    let id = books.take_in(&desk.ask(&who, usd("0.80"), now)).expect("fits").id;
    let amended =
        books.amend_in(id, &desk.ask(&who, usd("1.00"), now)).expect("its own hold is free");
    assert_eq!((amended.id, amended.standings[0].held), (id, usd("1.00")));
    let short = books.amend_in(id, &desk.ask(&who, usd("1.01"), now)).expect_err("too much");
    assert_eq!(short.standing.held, Usd::ZERO);
    assert!(books.take_in(&desk.ask(&who, usd("0.01"), now)).is_err(), "the old hold stays");
    assert_eq!((books.in_flight(), books.check()), (1, Ok(())));
}

#[test]
fn an_amendment_of_a_hold_that_is_gone_takes_a_new_one() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "1.00", "daily")]);
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T12:00:00Z"));
    let id = books.take_in(&desk.ask(&who, usd("0.80"), now)).expect("fits").id;
    books.void(id, VoidReason::Abandoned);
    let again = books.amend_in(id, &desk.ask(&who, usd("0.70"), now)).expect("fits");
    assert_ne!(again.id, id);
    assert_eq!(again.standings[0].held, usd("0.70"));
}

#[test]
fn two_budgets_of_one_window_may_hold_in_different_ways() {
    let exact = budget(ScopeKind::Agent, "100.00", "daily");
    let typical = reins_governor::Budget { hold: HoldMode::Typical, ..exact.clone() };
    let desk = Desk::new(vec![exact, typical]);
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T12:00:00Z"));
    for call in 1..=300_u64 {
        let held = books.take_in(&desk.ask(&who, usd("0.10"), now)).expect("fits");
        let in_flight = |index: usize| held.standings[index].held;
        assert_eq!(in_flight(0), usd("0.10"));
        assert_eq!(held.held, usd("0.10"));
        // Fewer than 32 charges say nothing; then three in 256 may be dearer.
        match call {
            1..=32 => assert_eq!(in_flight(1), usd("0.10"), "call {call}"),
            33..=110 | 200.. => assert_eq!(in_flight(1), usd("0.001"), "call {call}"),
            _ => {}
        }
        let charged = if call % 110 == 0 { "0.09" } else { "0.001" };
        books.finish(held.id, settled(charged), now);
    }
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn a_hold_says_what_was_truly_set_aside() {
    let exact = budget(ScopeKind::Agent, "100.00", "daily");
    let typical = reins_governor::Budget { hold: HoldMode::Typical, ..exact };
    let (desk, unbudgeted) = (Desk::new(vec![typical]), Desk::new(Vec::new()));
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T12:00:00Z"));
    for call in 1..=40 {
        let held = books.take_in(&desk.ask(&who, usd("0.10"), now)).expect("fits");
        assert_eq!(held.held, held.standings[0].held);
        assert_eq!(held.held, usd(if call <= 32 { "0.10" } else { "0.001" }), "call {call}");
        books.finish(held.id, settled("0.001"), now);
    }
    let held = books.take_in(&unbudgeted.ask(&who, usd("0.10"), now)).expect("fits");
    assert_eq!(held.held, usd("0.10"));
}

#[test]
fn a_counter_that_comes_later_knows_what_was_kept_and_what_is_in_flight() {
    let none = Desk::new(Vec::new());
    let some = Desk::new(vec![budget(ScopeKind::Agent, "5.00", "daily")]);
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T12:00:00Z"));
    let id = books.take_in(&none.ask(&who, usd("2.00"), now)).expect("no budget").id;
    let ask = some.ask(&who, usd("1.00"), now);
    assert_eq!(books.missing(&ask).as_slice(), &[(agent("bot"), Window::Daily)]);
    let today = at("2025-06-01T00:00:00Z").as_second();
    let slot = |start, spent| Slot { start, spent: usd(spent), calls: 1 };
    let slots = [slot(today - 300, "9.00"), slot(today, "0.50"), slot(today + 600, "0.25")];
    books.load(agent("bot"), Window::Daily, &some.zone, &slots, now);
    assert!(books.missing(&ask).is_empty());
    let standing = &books.take_in(&ask).expect("fits").standings[0];
    assert_eq!((standing.spent, standing.held), (usd("0.75"), usd("3.00")));
    let finished = books.finish(id, settled("1.50"), now);
    assert_eq!(finished.postings.len(), 1);
    let standing = books.standing(&some.budgets, 0, &agent("bot"), now).expect("in memory");
    assert_eq!((standing.spent, standing.held), (usd("2.25"), usd("1.00")));
    // Loading twice changes nothing.
    books.load(agent("bot"), Window::Daily, &some.zone, &slots, now);
    assert_eq!(books.standing(&some.budgets, 0, &agent("bot"), now), Some(standing));
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn every_scope_counts_once_whether_it_is_claimed_listed_or_both() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "5.00", "daily")]);
    let (mut books, now) = (books(), at("2025-06-01T12:00:00Z"));
    let mut ask = desk.ask(&[agent("a"), agent("b")], usd("1.00"), now);
    ask.scopes = [agent("a"), agent("a"), organization()].into_iter().collect();
    let held = books.take_in(&ask).expect("fits");
    let standing = |name| books.standing(&desk.budgets, 0, &agent(name), now).expect("in memory");
    assert_eq!(["a", "b"].map(|name| standing(name).held), [usd("1.00"); 2]);
    let finished = books.finish(held.id, settled("0.50"), now);
    let scopes: Vec<_> = finished.postings.iter().map(|posting| posting.scope.clone()).collect();
    assert_eq!(scopes, [agent("a"), organization(), agent("b")]);
    let stood: Vec<_> = finished.receipt.standings.iter().map(|s| s.scope.clone()).collect();
    assert_eq!((stood, books.check()), (vec![agent("a"), agent("b")], Ok(())));
}

#[test]
fn a_new_zone_makes_calendar_counters_missing_and_loses_no_hold() {
    let windows = ["daily", "rolling 24h"];
    let desk = Desk::new(windows.map(|w| budget(ScopeKind::Agent, "5.00", w)).to_vec());
    let moved = desk.clone().zone("Asia/Tokyo");
    let (mut books, who, now) = (books(), [agent("bot")], at("2025-06-01T14:00:00Z"));
    let id = books.take_in(&desk.ask(&who, usd("2.00"), now)).expect("fits").id;
    let later = at("2025-06-01T16:00:00Z");
    let ask = moved.ask(&who, usd("1.00"), later);
    assert_eq!(books.missing(&ask).as_slice(), &[(agent("bot"), Window::Daily)]);
    books.load(agent("bot"), Window::Daily, &moved.zone, &[], later);
    assert!(books.missing(&ask).is_empty());
    // In Tokyo it is the second of June since 15:00Z: the hold is of the day before.
    let held = books.take_in(&ask).expect("fits").standings;
    assert_eq!((held[0].held, held[1].held), (usd("1.00"), usd("3.00")));
    books.finish(id, settled("2.00"), later);
    assert_eq!(books.check(), Ok(()));
    let reading = books.reading(&agent("bot"), Window::Daily, later).expect("in memory");
    assert_eq!((reading.spent, reading.held), (Usd::ZERO, usd("1.00")));
}

#[test]
fn in_a_new_zone_nothing_is_held_before_what_was_spent_in_its_day_is_read() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "5.00", "daily")]);
    let moved = desk.clone().zone("America/Los_Angeles");
    let others = Desk::new(Vec::new()).zone("America/Los_Angeles");
    let (mut books, who) = (books(), [agent("bot")]);
    let evening = at("2025-06-01T23:50:00Z");
    let id = books.take_in(&desk.ask(&who, usd("2.00"), evening)).expect("fits").id;
    books.finish(id, settled("2.00"), evening);
    // In Los Angeles the day goes on; the page of the old zone is turned by a call without budget.
    let night = at("2025-06-02T00:10:00Z");
    let ask = moved.ask(&who, usd("1.00"), night);
    assert_eq!(books.hold(&ask, ask.now), Err(Unheld::Missing));
    books.take_in(&others.ask(&who, usd("0.00"), night)).expect("no budget");
    assert_eq!(books.hold(&ask, ask.now), Err(Unheld::Missing));
    let kept = Slot { start: evening.as_second() - 300, spent: usd("2.00"), calls: 1 };
    books.load(agent("bot"), Window::Daily, &moved.zone, &[kept], night);
    assert_eq!(books.hold(&ask, ask.now).expect("fits").standings[0].spent, usd("2.00"));
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn a_zone_that_nobody_reloads_for_never_unbalances_the_books() {
    let desk = Desk::new(vec![budget(ScopeKind::Agent, "5.00", "daily")]);
    let moved = desk.clone().zone("America/Los_Angeles");
    let (mut books, who) = (books(), [agent("bot")]);
    let evening = at("2025-06-01T23:50:00Z");
    let id = books.take_in(&desk.ask(&who, usd("2.00"), evening)).expect("fits").id;
    // In Los Angeles the day goes on, but what was held in the old one stays there.
    let night = at("2025-06-02T00:10:00Z");
    books.take_in(&moved.ask(&who, usd("1.00"), night)).expect("fits");
    assert_eq!(books.check(), Ok(()));
    books.finish(id, settled("2.00"), night);
    assert_eq!(books.check(), Ok(()));
}
