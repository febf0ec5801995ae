//! Organizations side by side: each gets what it would get alone, by the same names in other zones.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, proptest};
use reins_governor::{
    Ask, Budget, End, HoldId, HoldMode, Name, OnExceed, PresumeReason, Scope, ScopeKind, Unheld,
    Usage, Usd, VoidReason, Window,
};

use super::desk::{Desk, agent, at, budget, organization, session, usd};
use crate::{AllBooks, Books, Finished, Posting, Settings, Slot};

const NOON: &str = "2025-06-01T12:00:00Z";
/// The bits of an id that differ between organizations are not those.
const NUMBER: u64 = (1 << 48) - 1;

/// One thing that happens to an organization; its calls are named by how long ago they were held.
#[derive(Clone, Debug)]
enum Deed {
    Hold { session: u8, agent: u8, bound: u64 },
    Amend { ago: usize, bound: u64 },
    Void { ago: usize },
    Dispatch { ago: usize },
    Finish { ago: usize, end: u8, charged: u64 },
    Beat { ago: usize },
    Pass { seconds: i64 },
    Evict { idle: i64 },
    Sweep,
    Jump { seconds: i64 },
}

/// What happens to which of two organizations. The clock of both is one.
fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let deed = prop_oneof![
        8 => (0..3_u8, 0..2_u8, 0..900_000_000_u64)
            .prop_map(|(session, agent, bound)| Deed::Hold { session, agent, bound }),
        1 => (0..6_usize, 0..900_000_000_u64).prop_map(|(ago, bound)| Deed::Amend { ago, bound }),
        1 => (0..6_usize).prop_map(|ago| Deed::Void { ago }),
        3 => (0..6_usize).prop_map(|ago| Deed::Dispatch { ago }),
        6 => (0..9_usize, any::<u8>(), 0..900_000_000_u64)
            .prop_map(|(ago, end, charged)| Deed::Finish { ago, end, charged }),
        1 => (0..6_usize).prop_map(|ago| Deed::Beat { ago }),
        3 => (-60..20_000_i64).prop_map(|seconds| Deed::Pass { seconds }),
        2 => (0..4_000_i64).prop_map(|idle| Deed::Evict { idle }),
        1 => Just(Deed::Sweep),
        1 => (-90_000..90_000_i64).prop_map(|seconds| Deed::Jump { seconds }),
    ];
    prop::collection::vec((0..2_usize, deed), 1..100)
}

/// What a store would have kept of one organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept(BTreeMap<(Scope, i64), (i64, i64)>);

impl Kept {
    fn post(&mut self, postings: &[Posting]) {
        for Posting { scope, slot, nanos, calls } in postings {
            let sum = self.0.entry((scope.clone(), *slot)).or_default();
            *sum = (sum.0 + nanos, sum.1 + calls);
        }
    }

    fn slots(&self, scope: &Scope) -> Vec<Slot> {
        let ours = self.0.iter().filter(|((of, _), _)| of == scope);
        let slot = |((_, start), (nanos, calls)): (&(Scope, i64), &(i64, i64))| Slot {
            start: *start,
            spent: Usd::from_nanos(nanos.unsigned_abs()),
            calls: calls.unsigned_abs(),
        };
        ours.map(slot).collect()
    }
}

/// An organization, once by itself, and once beside the other.
struct Side {
    desk: Desk,
    alone: Books,
    kept_alone: Kept,
    kept_beside: Kept,
    calls: Vec<(HoldId, HoldId, Vec<Scope>)>,
}

struct World {
    all: AllBooks,
    sides: [Side; 2],
    now: Timestamp,
    /// Counters are crowded out beside the other, so what is in memory may differ.
    crowded: bool,
}

impl Side {
    fn new(name: &'static str, zone: &str, limit: &str) -> Self {
        let typical = Budget {
            hold: HoldMode::Typical,
            on_exceed: OnExceed::Block,
            warn_at: vec![50],
            ..budget(ScopeKind::Organization, limit, "rolling 24h")
        };
        let desk = Desk::new(vec![
            budget(ScopeKind::Session, "1.50", "rolling 1h"),
            budget(ScopeKind::Agent, "3.00", "hourly"),
            budget(ScopeKind::Agent, limit, "daily"),
            typical,
        ]);
        let desk = desk.of(name).reading(ScopeKind::Organization, Window::Monthly).zone(zone);
        let settings = Settings { counters_max: usize::MAX, ..Settings::default() };
        let (kept_alone, kept_beside, calls) = Default::default();
        Self { desk, alone: Books::new(settings), kept_alone, kept_beside, calls }
    }

    fn call(&self, ago: usize) -> Option<(HoldId, HoldId, Vec<Scope>)> {
        self.calls.iter().rev().nth(ago).cloned()
    }
}

impl World {
    fn new(crowded: bool) -> Self {
        let counters_max = if crowded { 3 } else { usize::MAX };
        let berlin = Side::new("umbrella", "Europe/Berlin", "9.00");
        let kathmandu = Side::new("acme", "Asia/Kathmandu", "5.00");
        Self {
            all: AllBooks::new(Settings { counters_max, ..Settings::default() }),
            sides: [berlin, kathmandu],
            now: Timestamp::from_second(1_750_000_000).expect("an instant"),
            crowded,
        }
    }

    fn happen(&mut self, at: usize, deed: &Deed) {
        match *deed {
            Deed::Hold { session: s, agent: a, bound } => {
                let who = [session(&format!("s{s}")), agent(&format!("a{a}")), organization()];
                self.hold(at, &who, bound, None);
            }
            Deed::Amend { ago, bound } => {
                let Some((ours, theirs, who)) = self.sides[at].call(ago) else { return };
                self.hold(at, &who, bound, Some((ours, theirs)));
            }
            Deed::Void { ago } => {
                let Some((ours, alone, _)) = self.sides[at].call(ago) else { return };
                self.all.void(ours, VoidReason::Abandoned);
                self.sides[at].alone.void(alone, VoidReason::Abandoned);
            }
            Deed::Dispatch { ago } => {
                let Some((ours, alone, _)) = self.sides[at].call(ago) else { return };
                assert_eq!(self.all.dispatch(ours), self.sides[at].alone.dispatch(alone));
            }
            Deed::Finish { ago, end: kind, charged } => self.finish(at, ago, &end(kind, charged)),
            Deed::Beat { ago } => {
                let Some((ours, alone, _)) = self.sides[at].call(ago) else { return };
                self.all.beat(ours, self.now);
                self.sides[at].alone.beat(alone, self.now);
            }
            Deed::Pass { seconds } => self.turn(seconds),
            Deed::Evict { idle } => self.evict(idle),
            Deed::Sweep => self.sweep(),
            // WHY: where the clock jumped, what is read anew may be dated a slot later than what
            // stayed in memory.
            Deed::Jump { seconds } if !self.crowded => {
                self.turn(seconds);
                self.all.jump(seconds, self.now);
                self.sides.iter_mut().for_each(|side| side.alone.jump(seconds, self.now));
            }
            Deed::Jump { .. } => {}
        }
    }

    fn turn(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("an instant");
    }

    /// Holds, or amends the hold with these ids.
    fn hold(&mut self, at: usize, who: &[Scope], bound: u64, held: Option<(HoldId, HoldId)>) {
        let (now, Side { desk, alone, kept_alone, kept_beside, .. }) =
            (self.now, &mut self.sides[at]);
        let ask = desk.ask(who, Usd::from_nanos(bound), now);
        if !self.crowded {
            assert_eq!(self.all.missing(&ask), alone.missing(&ask));
        }
        for (scope, window) in self.all.missing(&ask) {
            let slots = kept_beside.slots(&scope);
            self.all.load(ask.organization, (scope, window), ask.zone, &slots, now);
        }
        for (scope, window) in alone.missing(&ask) {
            let slots = kept_alone.slots(&scope);
            alone.load(scope, window, ask.zone, &slots, now);
        }
        let (beside, alone) = match held {
            None => (self.all.hold(&ask, now), alone.hold(&ask, now)),
            Some((ours, theirs)) => {
                (self.all.amend(ours, &ask, now), alone.amend(theirs, &ask, now))
            }
        };
        let ids = beside.as_ref().ok().zip(alone.as_ref().ok()).map(|(a, b)| (a.id, b.id));
        let numbered = beside.map(|mut holding| {
            holding.id = HoldId(holding.id.0 & NUMBER);
            holding
        });
        assert_eq!(numbered, alone);
        self.sides[at].calls.extend(ids.map(|(ours, alone)| (ours, alone, who.to_vec())));
    }

    fn finish(&mut self, at: usize, ago: usize, end: &End) {
        let side = &mut self.sides[at];
        let Some((ours, alone, _)) = side.call(ago) else { return };
        let beside = self.all.finish(ours, end.clone(), self.now);
        let by_itself = side.alone.finish(alone, end.clone(), self.now);
        same(&beside, &by_itself, self.crowded);
        side.kept_beside.post(&beside.postings);
        side.kept_alone.post(&by_itself.postings);
    }

    fn sweep(&mut self) {
        let swept = self.all.sweep(self.now);
        for side in &mut self.sides {
            let ours = |id| self.all.organization(id) == Some(&side.desk.organization);
            let mut beside = swept.iter().filter(|swept| ours(swept.id));
            for alone in side.alone.sweep(self.now) {
                let beside = beside.next().expect("it is swept beside the other too");
                assert_eq!(beside.id.0 & NUMBER, alone.id.0);
                same(&beside.finished, &alone.finished, self.crowded);
                side.kept_beside.post(&beside.finished.postings);
                side.kept_alone.post(&alone.finished.postings);
            }
            assert!(beside.next().is_none());
        }
    }

    fn evict(&mut self, idle: i64) {
        let since = self.now.checked_sub(SignedDuration::from_secs(idle)).expect("an instant");
        self.all.evict(since);
        self.sides.iter_mut().for_each(|side| _ = side.alone.evict(since));
    }

    fn is_sound(&self) {
        assert_eq!(self.all.check(), Ok(()));
        let alone: usize = self.sides.iter().map(|side| side.alone.in_flight()).sum();
        assert_eq!(self.all.in_flight(), alone);
        for side in &self.sides {
            assert_eq!(side.kept_beside, side.kept_alone);
        }
    }
}

fn same(beside: &Finished, alone: &Finished, crowded: bool) {
    let what = |of: &Finished| (of.receipt.end.clone(), of.receipt.overage, of.postings.clone());
    assert_eq!(what(beside), what(alone));
    if !crowded {
        assert_eq!(beside.receipt, alone.receipt);
    }
}

fn end(kind: u8, charged: u64) -> End {
    let charged = Usd::from_nanos(charged);
    match kind % 4 {
        0 => End::Voided { why: VoidReason::VendorRefused },
        1 => End::Presumed { charged, why: PresumeReason::Timeout },
        _ => End::Settled { usage: Usage::default(), charged },
    }
}

proptest! {
    #[test]
    fn an_organization_gets_what_it_would_get_alone(deeds in deeds(), crowded in any::<bool>()) {
        let mut world = World::new(crowded);
        for (at, deed) in &deeds {
            world.happen(*at, deed);
            world.is_sound();
        }
    }

    #[test]
    fn no_organization_crowds_out_what_is_within_the_share_of_another(
        wanted in prop::collection::vec(0_usize..40, 1..6),
        counters_max in 0_usize..60,
    ) {
        let (mut books, names) = filled(&wanted, counters_max);
        books.evict(at(NOON));
        let left: Vec<usize> = names.iter().map(|name| counters(&books, name)).collect();
        let share = counters_max / wanted.len();
        for (had, has) in wanted.iter().zip(&left) {
            prop_assert!(*has >= (*had).min(share), "{left:?} of {wanted:?}");
        }
        let all: usize = wanted.iter().sum();
        prop_assert!(books.counters() <= counters_max, "{left:?} of {wanted:?}");
        let unused = counters_max.min(all) - books.counters();
        prop_assert!(unused < wanted.len(), "{left:?} of {wanted:?}: {unused} places stay empty");
    }
}

/// As many counters of each organization as `wanted`, each used in a second of its own.
fn filled(wanted: &[usize], counters_max: usize) -> (AllBooks, Vec<Name>) {
    let mut books = AllBooks::new(Settings { counters_max, ..Settings::default() });
    let names = (0..wanted.len()).map(|index| Name::kept(format!("organization {index}")));
    let names: Vec<Name> = names.collect();
    for (name, wanted) in names.iter().zip(wanted) {
        for number in 0..*wanted {
            let seconds = i64::try_from(number).expect("small");
            let now = at(NOON).checked_add(seconds.seconds()).expect("an instant");
            let counter = (session(&number.to_string()), Window::Daily);
            books.load(name, counter, &jiff::tz::TimeZone::UTC, &[], now);
        }
    }
    books.sweep(at("2025-06-01T12:05:00Z"));
    (books, names)
}

fn counters(books: &AllBooks, name: &Name) -> usize {
    books.of(name).map_or(0, Books::counters)
}

#[test]
fn a_million_sessions_of_one_organization_cost_another_nothing() {
    let (mut books, names) = filled(&[100_000, 3], 1_000);
    assert_eq!(books.evict(at(NOON)), 99_003);
    assert_eq!(names.iter().map(|name| counters(&books, name)).collect::<Vec<_>>(), [997, 3]);
}

#[test]
fn ended_calls_are_remembered_of_each_in_fair_shares() {
    let mut books = AllBooks::new(Settings::default());
    let desks: Vec<Desk> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"]
        .into_iter()
        .chain(["o", "p", "q", "r"])
        .map(|name| Desk::new(vec![]).of(name))
        .collect();
    let mut end = |desk: &Desk| {
        let ask = desk.ask(&[agent("bot")], usd("0.01"), at(NOON));
        let id = books.hold(&ask, at(NOON)).expect("nothing limits it").id;
        books.finish(id, end(2, 7), at(NOON));
        id
    };
    let quiet = end(&desks[0]);
    let busy: Vec<HoldId> = desks
        .iter()
        .skip(1)
        .flat_map(|desk| (0..2_048).map(|_| end(desk)).collect::<Vec<_>>())
        .collect();
    books.evict(at(NOON));
    let mut is_known = |id| books.finish(id, end_now(), at(NOON)).receipt.end == end_first();
    assert!(is_known(quiet), "it has had one call");
    let known = busy.iter().filter(|id| is_known(**id)).count();
    assert!((32_700..=32_768).contains(&known), "{known}");
}

fn end_first() -> End {
    end(2, 7)
}

fn end_now() -> End {
    end(2, 9)
}

#[test]
fn two_zones_do_not_put_each_others_counters_out_of_force() {
    let mut books = AllBooks::new(Settings::default());
    let daily = || Desk::new(vec![budget(ScopeKind::Agent, "1.00", "daily")]);
    let desks = [daily().of("acme").zone("Europe/Berlin"), daily().of("umbrella")];
    let asks = desks.each_ref().map(|desk| desk.ask(&[agent("bot")], usd("0.60"), at(NOON)));
    for ask in &asks {
        books.begin(ask);
    }
    for ask in &asks {
        assert!(books.missing(ask).is_empty());
        books.hold(ask, at(NOON)).expect("each has a dollar of its own");
        assert!(matches!(books.hold(ask, at(NOON)), Err(Unheld::Short(_))));
    }
}

#[test]
fn an_organization_that_begins_after_a_jump_counts_by_the_same_clock() {
    let mut books = AllBooks::new(Settings::default());
    let desks = ["first", "second"].map(|name| Desk::new(vec![]).of(name));
    let post = |books: &mut AllBooks, ask: &Ask<'_>| {
        let id = books.hold(ask, ask.now).expect("nothing limits it").id;
        books.finish(id, end(2, 7), ask.now).postings[0].slot
    };
    post(&mut books, &desks[0].ask(&[agent("bot")], usd("0.01"), at(NOON)));
    books.jump(86_400, at("2025-06-02T12:00:00Z"));
    let [first, second] = desks.each_ref().map(|desk| {
        post(&mut books, &desk.ask(&[agent("bot")], usd("0.01"), at("2025-06-02T12:00:00Z")))
    });
    assert_eq!(first, second);
    assert!(first < at("2025-06-01T12:15:00Z").as_second(), "no day has passed");
}

#[test]
fn an_organization_beyond_those_that_can_be_told_apart_is_not_admitted() {
    let mut books = AllBooks::new(Settings::default());
    let mut desk = Desk::new(vec![]);
    for number in 0..=65_536 {
        desk.organization = Name::kept(format!("organization {number}"));
        let held = books.hold(&desk.ask(&[agent("bot")], usd("0.01"), at(NOON)), at(NOON));
        assert_eq!(held.is_ok(), number < 65_536, "{number}");
    }
    assert_eq!((books.in_flight(), books.check()), (65_536, Ok(())));
}
