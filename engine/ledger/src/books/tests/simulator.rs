//! Random commands, by a seed, on the books and on the reference: every answer must be the same.
//!
//! `REINS_SIMULATE=seeds,steps` runs as many seeds of as many steps; a failure names its seed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use reins_governor::{
    Ask, Budget, End, HoldId, HoldMode, Holding, Name, OnExceed, PresumeReason, Scope, ScopeKind,
    Short, Standing, Unheld, Usage, Usd, VoidReason, Window,
};

use super::desk::{Desk, budget};
use super::dice::Dice;
use super::reference::Reference;
use crate::{Books, Command, Finished, Outcome, Settings};

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
];

/// Seconds after which rows that can change no more leave the reference.
const OLD: i64 = 45 * 86_400;

/// What all runs came across: a simulation that misses one of these proves little.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    admitted: u64,
    short: u64,
    short_of_flight: u64,
    never_fits: u64,
    typical: u64,
    amended: u64,
    overage: u64,
    corrected: u64,
    reached: u64,
    forgotten: u64,
    swept: u64,
    evicted: u64,
    loaded: u64,
    unready: u64,
}

struct World {
    seed: u64,
    seen: Seen,
    dice: Dice,
    now: Timestamp,
    books: Books,
    reference: Reference,
    desks: Vec<Desk>,
    last_id: u64,
}

#[test]
fn the_books_answer_as_the_reference_does() {
    #[expect(clippy::disallowed_methods, reason = "how long to simulate is asked for by hand")]
    let wanted = std::env::var("REINS_SIMULATE").ok();
    let wanted = wanted.as_deref().and_then(|text| text.split_once(','));
    let number = |text: &str| text.parse::<u64>().expect("REINS_SIMULATE=seeds,steps");
    let (seeds, steps) = wanted.map_or((4, 10_000), |(a, b)| (number(a), number(b)));
    let mut seen = Seen::default();
    for seed in 0..seeds {
        let run = catch_unwind(AssertUnwindSafe(|| World::new(seed, seen).run(steps)));
        match run {
            Ok(met) => seen = met,
            Err(failure) => {
                println!("seed {seed}, {steps} steps");
                resume_unwind(failure);
            }
        }
    }
    seen.is_enough();
}

impl Seen {
    fn hold(&mut self, outcome: &Result<Holding, Short>, bound: Usd) {
        match outcome {
            Ok(holding) => {
                self.admitted += 1;
                let less = |s: &Standing| s.held > Usd::ZERO && s.held < bound;
                self.typical += u64::from(holding.standings.iter().any(less));
            }
            Err(short) => {
                self.short += 1;
                self.short_of_flight += u64::from(short.only_in_flight);
                self.never_fits += u64::from(short.fits_at.is_none());
            }
        }
    }

    fn finish(&mut self, finished: &Finished, again: bool) {
        self.overage += u64::from(finished.receipt.overage > Usd::ZERO);
        self.reached += u64::from(!finished.receipt.reached.is_empty());
        self.corrected += u64::from(again && !finished.postings.is_empty());
        let expired = End::Voided { why: VoidReason::Expired };
        self.forgotten += u64::from(again && finished.receipt.end == expired);
    }

    /// Whether the runs were long and wild enough to prove something.
    fn is_enough(&self) {
        let Self { admitted, short, short_of_flight, never_fits, typical, .. } = *self;
        let Self {
            amended,
            overage,
            corrected,
            reached,
            forgotten,
            swept,
            evicted,
            loaded,
            unready,
            ..
        } = *self;
        let holds = [admitted, short, short_of_flight, never_fits, typical, amended, unready];
        let rest = [overage, corrected, reached, forgotten, swept, evicted, loaded];
        assert!(!holds.contains(&0) && !rest.contains(&0), "too little was met: {self:?}");
    }
}

impl World {
    fn new(seed: u64, seen: Seen) -> Self {
        let mut dice = Dice(seed);
        let zone = *dice.pick(&ZONES);
        let start = 1_735_700_000 + i64::try_from(dice.below(31_536_000)).expect("a year");
        Self {
            seed,
            seen,
            now: Timestamp::from_second(start).expect("an instant"),
            books: Books::new(Settings { counters_max: 6, ..Settings::default() }),
            reference: Reference::new(TimeZone::get(zone).expect(zone)),
            desks: desks().into_iter().map(|desk| desk.zone(zone)).collect(),
            dice,
            last_id: 0,
        }
    }

    fn run(mut self, steps: u64) -> Seen {
        for step in 0..steps {
            self.pass_time();
            self.act();
            if step % 16 == 0 {
                assert_eq!(self.books.check(), Ok(()), "seed {} step {step}", self.seed);
            }
        }
        self.end_all();
        self.seen
    }

    /// Mostly a little, at times a lot, rarely backwards.
    fn pass_time(&mut self) {
        let most = *self.dice.pick(&[1, 1, 5, 30, 120, 900]);
        let jump = if self.dice.one_in(150) { 200_000 } else { most };
        let seconds = i64::try_from(self.dice.below(jump + 1)).expect("small");
        let back = self.dice.one_in(30);
        let by = SignedDuration::from_secs(if back { -seconds.min(90_000) } else { seconds });
        self.now = self.now.checked_add(by).expect("an instant");
    }

    fn act(&mut self) {
        match self.dice.below(40) {
            0..14 => self.hold(),
            14..16 => self.amend(),
            16..18 => self.void(),
            18..24 => self.dispatch(),
            24..36 => self.finish(),
            36..38 => self.beat(),
            38 => self.sweep(),
            _ => self.evict(),
        }
    }

    fn hold(&mut self) {
        let (desk, who, bound) = self.call();
        let ask = desk.ask(&who, bound, self.now);
        self.hold_unready(&ask);
        self.load(&ask);
        let id = HoldId(self.last_id + 1);
        let expected = self.reference.hold(id, &ask);
        self.last_id += u64::from(expected.is_ok());
        self.seen.hold(&expected, bound);
        let outcome = self.books.step(Command::Hold(ask), self.now);
        let expected = Outcome::Held(expected.map_err(Unheld::Short));
        assert_eq!(outcome, expected, "at {}", self.now);
    }

    /// Where a counter was forgotten since somebody made it ready, nothing is held: what was spent
    /// would count from zero.
    fn hold_unready(&mut self, ask: &Ask<'_>) {
        if self.books.missing(ask).is_empty() {
            return;
        }
        self.seen.unready += 1;
        self.reference.see(self.now);
        let in_flight = self.books.in_flight();
        let outcome = self.books.step(Command::Hold(ask.clone()), self.now);
        assert!(matches!(outcome, Outcome::Held(Err(_))), "{outcome:?}");
        assert_eq!(self.books.in_flight(), in_flight);
    }

    fn amend(&mut self) {
        let Some(id) = self.some_call(|held, open| held && open) else { return };
        let (desk, who, bound) = self.call();
        let ask = desk.ask(&who, bound, self.now);
        self.load(&ask);
        let at = self.reference.rows.iter().position(|row| row.id == id).expect("a row");
        let old = self.reference.rows.remove(at);
        let expected = self.reference.hold(id, &ask);
        match &expected {
            Ok(_) => self.seen.amended += 1,
            Err(_) => self.reference.rows.insert(at, old),
        }
        let outcome = self.books.step(Command::Amend(id, ask), self.now);
        assert_eq!(outcome, Outcome::Held(expected.map_err(Unheld::Short)));
    }

    fn void(&mut self) {
        let Some(id) = self.some_call(|_, _| true) else { return };
        let row = self.reference.row(id).expect("a row");
        if row.receipt.is_none() && !row.dispatched {
            // The books take no note of the time here.
            let seen = self.reference.see(Timestamp::MIN);
            let end = End::Voided { why: VoidReason::Abandoned };
            self.reference.finish(id, end, Timestamp::from_second(seen).expect("an instant"));
        }
        self.books.step(Command::Void(id, VoidReason::Abandoned), self.now);
    }

    fn dispatch(&mut self) {
        let Some(id) = self.some_call(|held, _| held) else { return };
        let row = self.reference.row(id).expect("a row");
        let open = row.receipt.is_none();
        row.dispatched |= open;
        let outcome = self.books.step(Command::Dispatch(id), self.now);
        let expected = if open { Ok(()) } else { Err(reins_governor::Fault::Expired) };
        assert_eq!(outcome, Outcome::Dispatched(expected));
    }

    fn finish(&mut self) {
        let often_open = !self.dice.one_in(4);
        let Some(id) = self.some_call(|_, open| open || !often_open) else { return };
        let bound = self.reference.row(id).expect("a row").bound;
        let end = self.end(bound);
        let again = self.reference.row(id).expect("a row").receipt.is_some();
        let expected = self.reference.finish(id, end.clone(), self.now);
        let outcome = self.books.step(Command::Finish(id, end), self.now);
        let Outcome::Finished(finished) = outcome else { panic!("{outcome:?}") };
        same(&finished, &expected, again);
        self.seen.finish(&finished, again);
        if let Some((answer, _)) = &mut self.reference.row(id).expect("a row").receipt {
            // A correction may have been answered without counters that are not in memory.
            let answered = finished.receipt.end == answer.end;
            *answer = if answered { finished.receipt } else { answer.clone() };
        }
    }

    fn beat(&mut self) {
        let Some(id) = self.some_call(|_, open| open) else { return };
        let seen = self.reference.see(self.now);
        self.reference.row(id).expect("a row").beat = seen;
        self.books.step(Command::Beat(id), self.now);
    }

    fn sweep(&mut self) {
        let seen = self.reference.see(self.now);
        let lost = |row: &&super::reference::Paper| row.receipt.is_none() && row.beat + 600 <= seen;
        let mut lost: Vec<(HoldId, End)> =
            self.reference.rows.iter().filter(lost).map(|row| (row.id, end_of_lost(row))).collect();
        lost.sort_unstable_by_key(|(id, _)| *id);
        let outcome = self.books.step(Command::Sweep, self.now);
        let Outcome::Swept(swept) = outcome else { panic!("{outcome:?}") };
        assert_eq!(swept.len(), lost.len());
        self.seen.swept += u64::from(!lost.is_empty());
        for (swept, (id, end)) in swept.into_iter().zip(lost) {
            assert_eq!(swept.id, id);
            assert_eq!(swept.finished, self.reference.finish(id, end, self.now));
        }
    }

    fn evict(&mut self) {
        let idle = SignedDuration::from_secs(i64::try_from(self.dice.below(7_200)).expect("small"));
        let idle_since = self.now.checked_sub(idle).expect("an instant");
        let outcome = self.books.step(Command::Evict { idle_since }, self.now);
        let Outcome::Evicted(evicted) = outcome else { panic!("{outcome:?}") };
        self.seen.evicted += u64::from(evicted > 0);
        let seen = self.reference.see(Timestamp::MIN);
        for row in &mut self.reference.rows {
            let presumed = row.was_presumed;
            let since = idle_since.as_second();
            let since = if presumed { since.min(seen - 86_400) } else { since };
            row.forgotten |= row.receipt.as_ref().is_some_and(|(_, at)| *at < since);
        }
        self.reference.rows.retain(|row| !row.forgotten || row.slot() > seen - OLD);
    }

    /// Loads what the books lack, as a store would.
    fn load(&mut self, ask: &Ask<'_>) {
        self.reference.see(self.now);
        for (scope, window) in self.books.missing(ask) {
            let slots = self.reference.kept(&scope);
            self.seen.loaded += u64::from(!slots.is_empty());
            let zone = ask.zone;
            self.books.step(Command::Load { scope, window, zone, slots: &slots }, self.now);
        }
        assert!(self.books.missing(ask).is_empty());
    }

    /// Some call that was not forgotten; most often a late one.
    fn some_call(&mut self, wanted: impl Fn(bool, bool) -> bool) -> Option<HoldId> {
        let rows =
            self.reference.rows.iter().filter(|row| wanted(!row.dispatched, row.receipt.is_none()));
        let ids: Vec<HoldId> = rows.map(|row| row.id).collect();
        let late = ids.len().saturating_sub(12);
        let from = if self.dice.one_in(8) { &ids[..] } else { &ids[late..] };
        (!from.is_empty()).then(|| *self.dice.pick(from))
    }

    fn call(&mut self) -> (Desk, Vec<Scope>, Usd) {
        let desk = self.dice.pick(&self.desks).clone();
        let mut who = Vec::new();
        for (kind, names) in [
            (ScopeKind::Session, &["s1", "s2", "s3", "s4"][..]),
            (ScopeKind::User, &["ann", "bob"]),
            (ScopeKind::Agent, &["bot", "clerk"]),
            (ScopeKind::Organization, &["acme"]),
        ] {
            if kind == ScopeKind::Organization || !self.dice.one_in(5) {
                who.push(Scope::new(kind, Name::kept(*self.dice.pick(names))));
            }
        }
        let most = *self.dice.pick(&[1, 1_000, 900_000_000, 3_000_000_000]);
        (desk, who, Usd::from_nanos(self.dice.below(most)))
    }

    fn end(&mut self, bound: Usd) -> End {
        let part = self.dice.below(120);
        let charged = bound.percent(u32::try_from(part).expect("small"));
        match self.dice.below(4) {
            0 => End::Voided { why: VoidReason::VendorFailed },
            1 => End::Presumed { charged: charged.min(bound), why: PresumeReason::Reset },
            _ => End::Settled { usage: Usage::default(), charged },
        }
    }

    /// With no more calls, nothing is held once the hold's life has passed (I8).
    fn end_all(&mut self) {
        let life = SignedDuration::from_secs(100_000);
        self.now = self.now.checked_add(life).expect("an instant");
        self.sweep();
        assert_eq!((self.books.in_flight(), self.books.check()), (0, Ok(())));
        for account in self.books.accounts.values() {
            for counter in &account.counters {
                assert_eq!(counter.tally(self.books.seen).held(HoldMode::Bound), Usd::ZERO);
            }
        }
    }
}

fn same(finished: &Finished, expected: &Finished, again: bool) {
    assert_eq!(finished.postings, expected.postings);
    assert_eq!(finished.receipt.end, expected.receipt.end);
    assert_eq!(finished.receipt.overage, expected.receipt.overage);
    if !again {
        assert_eq!(finished.receipt, expected.receipt);
    }
    // A late answer cannot speak of counters that are not in memory.
    assert!(finished.receipt.standings.iter().all(|s| expected.receipt.standings.contains(s)));
    assert!(finished.receipt.reached.iter().all(|r| expected.receipt.reached.contains(r)));
}

fn end_of_lost(row: &super::reference::Paper) -> End {
    if row.dispatched {
        End::Presumed { charged: row.bound, why: PresumeReason::OwnerLost }
    } else {
        End::Voided { why: VoidReason::Expired }
    }
}

/// Budgets as they come and go: none, some, more, and others.
fn desks() -> Vec<Desk> {
    let on = |kind, limit, window, on_exceed, hold| Budget {
        on_exceed,
        hold,
        warn_at: vec![50, 80, 100],
        ..budget(kind, limit, window)
    };
    let block = |kind, limit, window| on(kind, limit, window, OnExceed::Block, HoldMode::Bound);
    let agent = block(ScopeKind::Agent, "6.00", "daily");
    let rolling = block(ScopeKind::Agent, "5.00", "rolling 9h");
    let session = block(ScopeKind::Session, "2.00", "rolling 1h");
    let month = block(ScopeKind::Organization, "400.00", "monthly");
    let week = on(ScopeKind::User, "30.00", "weekly", OnExceed::Warn, HoldMode::Bound);
    let typical =
        on(ScopeKind::Organization, "20.00", "rolling 24h", OnExceed::Block, HoldMode::Typical);
    let hour = on(ScopeKind::Organization, "4.00", "hourly", OnExceed::Block, HoldMode::Typical);
    let beside = block(ScopeKind::Organization, "5.00", "hourly");
    vec![
        Desk::new(Vec::new()).reading(ScopeKind::Session, Window::Daily),
        Desk::new(vec![agent.clone(), session.clone()]),
        Desk::new(vec![agent, rolling, session.clone(), month.clone(), week.clone()])
            .reading(ScopeKind::Agent, Window::Hourly)
            .reading(ScopeKind::User, Window::Weekly),
        Desk::new(vec![typical, session, month, week]),
        Desk::new(vec![hour, beside]).reading(ScopeKind::Team, Window::Daily),
    ]
}
