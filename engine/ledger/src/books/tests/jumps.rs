//! Jumps of the wall clock under calls in flight, and what has to be read anew after them.

use reins_governor::{ScopeKind, Unheld, Usd, Window};

use super::desk::{Desk, agent, at, budget, settled, usd};
use crate::{Books, Settings, Slot};

const LATE: &str = "2026-06-03T10:50:00Z";
const HOUR: i64 = 3_600;

fn hourly() -> Desk {
    Desk::new(vec![budget(ScopeKind::Agent, "5.00", "hourly")])
}

/// Books in which the agent has spent two dollars of an hour's five, and what a store has kept.
fn spent(desk: &Desk) -> (Books, Slot) {
    let mut books = Books::new(Settings::default());
    let id = books.take_in(&desk.ask(&[agent("bot")], usd("2.00"), at(LATE))).expect("fits").id;
    let posting = &books.finish(id, settled("2.00"), at(LATE)).postings[0];
    let spent = Usd::from_nanos(posting.nanos.unsigned_abs());
    (books, Slot { start: posting.slot, spent, calls: 1 })
}

#[test]
fn a_hold_lives_as_long_as_ever_when_the_clock_jumps() {
    for jump in [10 * 365 * 24 * HOUR, -10 * 365 * 24 * HOUR] {
        let (desk, mut books) = (hourly(), Books::new(Settings::default()));
        let ask = desk.ask(&[agent("bot")], usd("1.00"), at(LATE));
        let id = books.take_in(&ask).expect("fits").id;
        books.dispatch(id).expect("it is there");
        let second = |s: i64| jiff::Timestamp::from_second(at(LATE).as_second() + s).expect("near");
        books.jump(jump, second(jump + 1));
        assert_eq!((books.sweep(second(jump + 599)).len(), books.check()), (0, Ok(())));
        books.beat(id, second(jump + 599));
        books.jump(-jump, second(600));
        assert_eq!((books.sweep(second(1_198)).len(), books.in_flight()), (0, 1));
        assert_eq!((books.sweep(second(1_199)).len(), books.in_flight()), (1, 0));
    }
}

#[test]
fn nothing_is_held_after_a_jump_before_what_was_spent_is_read_anew() {
    let (desk, who) = (hourly(), [agent("bot")]);
    let (mut books, kept) = spent(&desk);
    let ahead = at("2026-06-03T11:58:00Z");
    books.jump(68 * 60, ahead);
    let ask = desk.ask(&who, usd("1.00"), ahead);
    assert_eq!(books.hold(&ask, ahead), Err(Unheld::Missing));
    let load = |books: &mut Books, now| {
        books.load(agent("bot"), Window::Hourly, &desk.zone, &[kept], now);
    };
    load(&mut books, ahead);
    assert_eq!(books.hold(&ask, ahead).expect("fits").standings[0].spent, usd("2.00"));
    // The hour of the clock that is ahead ends: what counted in it may count no more, or still.
    let edge = at("2026-06-03T12:00:00Z");
    assert_eq!(books.missing(&ask).len(), 0);
    assert_eq!(books.hold(&ask, edge), Err(Unheld::Missing));
    assert_eq!(books.missing(&ask).len(), 1);
    load(&mut books, edge);
    let standing = &books.hold(&ask, edge).expect("fits").standings[0];
    assert_eq!((standing.spent, standing.held), (usd("2.00"), usd("2.00")), "10:52 in truth");
    // And the hour in which the clock jumped, by the clock before.
    let over = at("2026-06-03T12:08:03Z");
    assert_eq!(books.hold(&ask, over), Err(Unheld::Missing));
    load(&mut books, over);
    let standing = &books.hold(&ask, over).expect("fits").standings[0];
    assert_eq!((standing.spent, standing.held), (usd("0.00"), usd("2.00")), "11:00 in truth");
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn usage_that_comes_late_after_a_jump_is_posted_where_the_charge_was() {
    let (desk, who) = (hourly(), [agent("bot")]);
    let mut books = Books::new(Settings::default());
    let id = books.take_in(&desk.ask(&who, usd("2.00"), at(LATE))).expect("fits").id;
    books.dispatch(id).expect("it is there");
    let lost = books.sweep(at("2026-06-03T11:00:00Z")).remove(0).finished;
    books.jump(-HOUR, at("2026-06-03T10:00:10Z"));
    let late = books.finish(id, settled("1.50"), at("2026-06-03T10:00:20Z"));
    let of = |postings: &[crate::Posting]| (postings[0].slot, postings[0].nanos);
    let slot = at(LATE).as_second();
    assert_eq!(of(&lost.postings), (slot, 2_000_000_000));
    assert_eq!(of(&late.postings), (slot, -500_000_000));
}
