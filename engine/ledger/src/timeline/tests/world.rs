//! A world with a true time, a clock that is wrong about it, and a store that knows the clock only.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{
    Ask, Budgets, Claim, End, HoldId, PresumeReason, Reading, Scope, ScopeKind, Scopes, Usage, Usd,
    Window,
};

use crate::slot::slot_of;
use crate::{
    Books, ClockReading, Command, Finished, JumpDetector, Outcome, Settings, Slot, Span, span,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Clocks go no further from the truth than this.
const ERROR_MAX: i64 = 40 * 365 * DAY;

/// Every kind of window, by how long it can be with its last bucket.
const WINDOWS: [(Window, i64); 9] = [
    (Window::Hourly, HOUR),
    (Window::Rolling { hours: 1 }, HOUR + 300),
    (Window::Rolling { hours: 5 }, 5 * HOUR + 300),
    (Window::Rolling { hours: 24 }, DAY + 900),
    (Window::Daily, 25 * HOUR),
    (Window::Weekly, 7 * DAY + HOUR),
    (Window::Rolling { hours: 168 }, 7 * DAY + 2 * HOUR),
    (Window::Rolling { hours: 720 }, 30 * DAY + 12 * HOUR),
    (Window::Monthly, 31 * DAY + HOUR),
];

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Hold(u64),
    Finish { ago: usize, nanos: u64, presumed: bool },
    Correct { ago: usize, nanos: u64 },
    Pass(i64),
    Jump(i64),
    SetRight,
    Restart { pause: i64, jump: i64 },
    Evict,
}

/// A call, as the truth has it.
#[derive(Debug)]
struct Call {
    id: HoldId,
    /// When it was held, in true time.
    at: i64,
    /// The slot of ledger time it was dispatched in.
    dispatched: i64,
    nanos: u64,
    open: bool,
    presumed: bool,
    /// The clock was behind when it was held.
    behind: bool,
    /// The clock has jumped ahead since while no store ran.
    hidden: bool,
}

/// A stretch that ended in a jump that the store saw.
#[derive(Clone, Copy, Debug)]
struct Ended {
    /// In true time.
    at: i64,
    /// The jumps that the store had seen before.
    seen: i64,
    /// The clock was right.
    right: bool,
    /// A pause of unknown length ended with it.
    paused: bool,
}

/// What was met, so that nothing is proved about nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    right_after_jump: u64,
    wrong_in_old_window: u64,
    wrong_and_rolling: u64,
    not_promised: u64,
    went_back_in_pause: u64,
    held: u64,
    corrected: u64,
}

pub(super) struct World {
    zone: TimeZone,
    budgets: Budgets,
    scope: Scope,
    true_now: i64,
    error: i64,
    monotonic: u64,
    books: Books,
    detector: JumpDetector,
    /// What is on the disk: nano-USD and calls by slot, and the last ledger time that is known.
    disk: BTreeMap<i64, (i64, i64)>,
    known: i64,
    /// When that was written, in true time.
    written: i64,
    calls: Vec<Call>,
    /// Since the clock last jumped ahead while no store ran.
    ended: Vec<Ended>,
    /// The sum of the jumps that the store has seen.
    seen_jumps: i64,
    jumped: bool,
    pub(super) seen: Seen,
}

// === impl Seen ===

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.right_after_jump += other.right_after_jump;
        self.wrong_in_old_window += other.wrong_in_old_window;
        self.wrong_and_rolling += other.wrong_and_rolling;
        self.not_promised += other.not_promised;
        self.went_back_in_pause += other.went_back_in_pause;
        self.held += other.held;
        self.corrected += other.corrected;
    }

    pub(super) fn is_enough(&self) {
        let promised = [self.right_after_jump, self.wrong_in_old_window, self.wrong_and_rolling];
        let rest = [self.went_back_in_pause, self.held, self.corrected];
        assert!(promised.iter().all(|met| *met > 2_000), "{self:?}");
        assert!(rest.iter().all(|met| *met > 50), "{self:?}");
        assert!(self.not_promised < promised.iter().sum(), "{self:?}");
    }
}

// === impl World ===

impl World {
    pub(super) fn new(zone: &str, start: i64) -> Self {
        let (wall, monotonic) = (instant(start), Duration::ZERO);
        Self {
            zone: TimeZone::get(zone).expect(zone),
            budgets: Budgets::new(Vec::new()),
            scope: Scope::new(ScopeKind::Agent, "bot".into()),
            true_now: start,
            error: 0,
            monotonic: 0,
            books: Books::new(Settings::default()),
            detector: JumpDetector::new(ClockReading { wall, monotonic }),
            disk: BTreeMap::new(),
            known: i64::MIN,
            written: start,
            calls: Vec::new(),
            ended: Vec::new(),
            seen_jumps: 0,
            jumped: false,
            seen: Seen::default(),
        }
    }

    pub(super) fn happen(&mut self, deed: &Deed) {
        match *deed {
            Deed::Hold(nanos) => self.hold(nanos),
            Deed::Finish { ago, nanos, presumed } => self.finish(ago, nanos, presumed),
            Deed::Correct { ago, nanos } => self.correct(ago, nanos),
            Deed::Pass(seconds) => self.pass(seconds),
            Deed::Jump(by) => self.jump(by),
            Deed::SetRight => self.jump(-self.error),
            Deed::Restart { pause, jump } => self.restart(pause, jump),
            Deed::Evict => {
                let idle_since = Timestamp::MAX;
                self.books.step(Command::Evict { idle_since }, self.wall());
            }
        }
        assert_eq!(self.books.check(), Ok(()));
        assert_eq!(self.books.in_flight(), self.calls.iter().filter(|call| call.open).count());
    }

    /// Invariants 1 and 2, of what is charged and of what is held.
    pub(super) fn no_spend_is_missing(&mut self) {
        self.load();
        for (window, _) in WINDOWS {
            let rolling = matches!(window, Window::Rolling { .. });
            let open = self.truly_open(window);
            let old = self.left().is_some_and(|at| open.contains(at));
            if self.error == 0 || rolling || old {
                self.counts_at_least(window, &open, self.error == 0 || !rolling);
            }
        }
    }

    fn counts_at_least(&mut self, window: Window, open: &Span, by_date: bool) {
        let in_window = self.calls.iter().filter(|call| open.contains(call.at));
        let promised = |call: &&Call| !call.hidden || by_date && !call.behind;
        let (promised, rest): (Vec<&Call>, Vec<&Call>) = in_window.partition(promised);
        let truth: u64 = promised.iter().map(|call| call.nanos).sum();
        let held: u64 = promised.iter().filter(|call| call.open).map(|call| call.nanos).sum();
        let Reading { spent, held: holds, .. } = self.reading(window);
        let counted = spent.nanos() + holds.nanos();
        assert!(counted >= truth, "{window}: {truth} in truth, {counted} counted: {self:?}");
        assert!(holds.nanos() >= held, "{window}: {held} are held, {holds} counted: {self:?}");
        self.seen.held += u64::from(held > 0 && self.jumped);
        self.seen.not_promised += u64::from(!rest.is_empty());
        if truth > 0 && self.jumped {
            let rolling = matches!(window, Window::Rolling { .. });
            self.seen.right_after_jump += u64::from(self.error == 0);
            self.seen.wrong_in_old_window += u64::from(self.error != 0 && !rolling);
            self.seen.wrong_and_rolling += u64::from(self.error != 0 && rolling);
        }
    }

    /// Without jumps, a window has exactly what was spent in it.
    pub(super) fn spend_is_exact(&mut self) {
        self.load();
        for (window, _) in WINDOWS {
            let open = span(window, &self.zone, instant(self.true_now));
            let in_window = self.calls.iter().filter(|call| open.contains(call.at));
            let truth: u64 = in_window.map(|call| call.nanos).sum();
            let Reading { spent, held, .. } = self.reading(window);
            assert_eq!(spent.nanos() + held.nanos(), truth, "{window}: {self:?}");
        }
    }

    /// Invariant 3: with no further jump, a window is empty once a store has run as long as it is.
    pub(super) fn all_spend_leaves(&mut self) {
        let open: Vec<HoldId> = self.calls.iter().filter(|c| c.open).map(|call| call.id).collect();
        open.into_iter().for_each(|id| self.end(id, 1, false));
        let mut ran = 0;
        for (window, length) in WINDOWS {
            // A slot for edges that charges of earlier stretches are rounded over.
            let until = length + 300;
            self.pass((until - ran).max(0));
            ran = ran.max(until);
            self.load();
            let spent = self.reading(window).spent;
            assert_eq!(spent, Usd::ZERO, "{window} after {ran} s: {self:?}");
        }
    }

    /// When a store last knew of a clock that was right, but for a moment between two that agree.
    fn left(&self) -> Option<i64> {
        let index = self.ended.iter().rposition(|ended| ended.right)?;
        let moment = (0..index).any(|first| {
            let first = self.ended[first];
            let mut paused = self.ended.iter().take(index).any(|ended| ended.paused);
            (index..self.ended.len()).any(|last| {
                paused |= self.ended[last].paused;
                let after = self.ended.get(last + 1).map_or(self.seen_jumps, |next| next.seen);
                let short = paused || self.ended[last].at - first.at <= 900;
                let apart = after - first.seen;
                short && (apart.abs() <= 4 || paused && apart > 0)
            })
        });
        (!moment).then_some(self.ended[index].at)
    }

    /// The window that is open in truth, to the second.
    fn truly_open(&self, window: Window) -> Span {
        let end = self.true_now + 1;
        match window {
            Window::Rolling { hours } => Span { start: end - i64::from(hours) * HOUR, end },
            _ => span(window, &self.zone, instant(self.true_now)),
        }
    }

    fn reading(&self, window: Window) -> Reading {
        self.books.reading(&self.scope, window, self.wall()).expect("loaded")
    }

    fn wall(&self) -> Timestamp {
        instant(self.true_now + self.error)
    }

    fn pass(&mut self, seconds: i64) {
        self.true_now += seconds;
        self.monotonic += seconds.unsigned_abs();
        self.look();
        let open = self.calls.iter().filter(|call| call.open);
        open.for_each(|call| self.books.beat(call.id, instant(self.true_now + self.error)));
    }

    fn jump(&mut self, by: i64) {
        let error = (self.error + by).clamp(-ERROR_MAX, ERROR_MAX);
        // WHY: what the detector does not see is not a jump, and would add up here.
        if (error - self.error).abs() <= 2 {
            return;
        }
        let (at, seen, right) = (self.true_now, self.seen_jumps, self.error == 0);
        self.ended.push(Ended { at, seen, right, paused: false });
        self.seen_jumps += error - self.error;
        self.error = error;
        self.jumped = true;
        self.look();
    }

    /// What a store does at least once a second.
    fn look(&mut self) {
        let reading =
            ClockReading { wall: self.wall(), monotonic: Duration::from_secs(self.monotonic) };
        match self.detector.jumped(&reading) {
            None => self.detector.accept(reading),
            Some(seconds) => {
                self.detector.restart(reading);
                self.books.step(Command::Jump { seconds }, reading.wall);
                self.write();
            }
        }
    }

    /// What is in flight is presumed in the slot in which it was dispatched.
    fn restart(&mut self, pause: i64, jump: i64) {
        for call in self.calls.iter_mut().filter(|call| call.open) {
            let spend = self.disk.entry(call.dispatched).or_default();
            *spend = (spend.0 + i64::try_from(call.nanos).expect("small"), spend.1 + 1);
            call.open = false;
        }
        let mut timeline = self.books.timeline().clone();
        let before = self.error;
        self.true_now += pause;
        self.error = (self.error + jump).clamp(-ERROR_MAX, ERROR_MAX);
        let wall = self.wall();
        let back = timeline.resume(wall.as_second(), self.known);
        self.jumped_unseen(before, back);
        let changed = timeline != *self.books.timeline();
        self.books = Books::on(timeline.into(), Settings::default());
        if changed {
            self.write();
        }
        (self.monotonic, self.detector) =
            (0, JumpDetector::new(ClockReading { wall, monotonic: Duration::ZERO }));
    }

    /// What a jump while no store ran leaves of the promises.
    fn jumped_unseen(&mut self, before: i64, back: Option<i64>) {
        self.jumped |= before != self.error;
        self.seen.went_back_in_pause += u64::from(back.is_some());
        if self.error > before {
            self.calls.iter_mut().for_each(|call| call.hidden = true);
            self.ended.clear();
        } else if before == 0 && self.error != 0 && back.is_none() {
            self.ended.clear();
        }
        if let Some(back) = back {
            let (at, seen, right) = (self.written, self.seen_jumps, before == 0);
            self.ended.push(Ended { at, seen, right, paused: true });
            self.seen_jumps += back;
        }
    }

    /// Reads what is kept of every window, as a store does.
    fn load(&mut self) {
        for (window, _) in WINDOWS {
            let now = self.wall();
            let earliest = self.books.timeline().earliest(window, &self.zone, now);
            let slot = |(start, (nanos, calls)): (&i64, &(i64, i64))| Slot {
                start: *start,
                spent: Usd::from_nanos(nanos.unsigned_abs()),
                calls: calls.unsigned_abs(),
            };
            let slots: Vec<Slot> = self.disk.range(earliest..).map(slot).collect();
            let (scope, zone) = (self.scope.clone(), &self.zone);
            self.books.step(Command::Load { scope, window, zone, slots: &slots }, now);
        }
    }

    fn hold(&mut self, nanos: u64) {
        self.load();
        let (zone, budgets, now) = (self.zone.clone(), self.budgets.clone(), self.wall());
        let claim = |(window, _)| Claim { scope: self.scope.clone(), window, budget: None };
        let organization = "acme".into();
        let ask = Ask {
            organization: &organization,
            budgets: &budgets,
            scopes: Scopes::from_iter([self.scope.clone()]),
            claims: WINDOWS.into_iter().map(claim).collect(),
            reads: &[],
            model: ("openai", "gpt-4o"),
            bound: Usd::from_nanos(nanos),
            zone: &zone,
            now,
        };
        let Outcome::Held(Ok(holding)) = self.books.step(Command::Hold(ask), now) else {
            panic!("no budget limits it");
        };
        let id = holding.id;
        self.books.dispatch(id).expect("it is there");
        self.write();
        let (at, behind) = (self.true_now, self.error < 0);
        let dispatched = slot_of(self.books.timeline().ledger_time(now.as_second()));
        let (open, presumed, hidden) = (true, false, false);
        self.calls.push(Call { id, at, dispatched, nanos, open, presumed, behind, hidden });
    }

    fn finish(&mut self, ago: usize, nanos: u64, presumed: bool) {
        let open = self.calls.iter().rev().filter(|call| call.open);
        let Some(id) = open.map(|call| call.id).nth(ago) else { return };
        self.end(id, nanos, presumed);
    }

    /// Usage comes late for a call that was presumed.
    fn correct(&mut self, ago: usize, nanos: u64) {
        let presumed = self.calls.iter().rev().filter(|call| call.presumed);
        let Some(id) = presumed.map(|call| call.id).nth(ago) else { return };
        self.seen.corrected += u64::from(self.jumped);
        self.end(id, nanos, false);
    }

    fn end(&mut self, id: HoldId, nanos: u64, presumed: bool) {
        let charged = Usd::from_nanos(nanos);
        let end = if presumed {
            End::Presumed { charged, why: PresumeReason::Timeout }
        } else {
            End::Settled { usage: Usage::default(), charged }
        };
        let outcome = self.books.step(Command::Finish(id, end), self.wall());
        let Outcome::Finished(Finished { receipt, postings }) = outcome else {
            panic!("{outcome:?}");
        };
        for posting in postings {
            let spend = self.disk.entry(posting.slot).or_default();
            *spend = (spend.0 + posting.nanos, spend.1 + posting.calls);
        }
        self.write();
        // WHY: how a call ended is forgotten after a day, and holds by another store have its id.
        let known = self.calls.iter_mut().rev().find(|call| call.id == id);
        if let Some(call) = known.filter(|_| receipt.end.charged() == charged) {
            (call.nanos, call.open, call.presumed) = (nanos, false, presumed);
        }
    }

    /// Something is written, and says how late it is.
    fn write(&mut self) {
        let ledger = self.books.timeline().ledger_time(self.wall().as_second());
        if self.known < ledger {
            (self.known, self.written) = (ledger, self.true_now);
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { true_now, error, disk, calls, .. } = self;
        let (left, timeline) = (self.left(), self.books.timeline());
        writeln!(f, "true {true_now}, clock {error:+}, left {left:?}, {timeline:?}")?;
        writeln!(f, "kept {disk:?}")?;
        write!(f, "{calls:#?}")
    }
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}
