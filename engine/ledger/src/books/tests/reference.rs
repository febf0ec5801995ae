//! The books as anybody would write them: rows in a list, and every question a walk over it.

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{
    Ask, Budgets, End, HoldId, HoldMode, Holding, Overshoot, Reading, Readings, Receipt, Scope,
    Short, Standing, Usd, VoidReason, Window,
};
use smallvec::SmallVec;

use crate::{Finished, Posting, SLOT_SECONDS, Slot, span};

pub(super) struct Reference {
    pub(super) rows: Vec<Paper>,
    zone: TimeZone,
    seen: i64,
    charges: Vec<Usd>,
}

/// One call.
pub(super) struct Paper {
    pub(super) id: HoldId,
    pub(super) dispatched: bool,
    pub(super) beat: i64,
    /// The answer, once there is one, and when it was first given.
    pub(super) receipt: Option<(Receipt, i64)>,
    correctable: bool,
    /// Whether its first end was presumed.
    pub(super) was_presumed: bool,
    pub(super) forgotten: bool,
    pub(super) bound: Usd,
    typical: Usd,
    remembered: bool,
    slot: i64,
    scopes: Vec<Scope>,
    watched: Vec<(usize, Scope)>,
    budgets: Budgets,
}

/// What a window holds; `held` by bound, then by what is typical.
#[derive(Clone, Copy, Default)]
struct Sums {
    spent: u64,
    held: [u64; 2],
    calls: u64,
}

impl Reference {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { rows: Vec::new(), zone, seen: 0, charges: Vec::new() }
    }

    pub(super) fn see(&mut self, now: Timestamp) -> i64 {
        self.seen = self.seen.max(now.as_second());
        self.seen
    }

    pub(super) fn row(&mut self, id: HoldId) -> Option<&mut Paper> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    pub(super) fn hold(&mut self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Short> {
        self.see(ask.now);
        let (typical, remembered) = self.typical(ask);
        for (index, scope) in watched(ask) {
            let budget = ask.budgets.get(index).expect("a budget");
            let mode = budget.hold as usize;
            let amount = [ask.bound, typical][mode].nanos();
            let sums = self.sums(&scope, budget.window, self.seen);
            let room = budget.limit.nanos().checked_sub(amount);
            if budget.enforces() && room.is_none_or(|room| sums.spent + sums.held[mode] > room) {
                let fits_at = room.and_then(|room| self.fits_at(&scope, budget.window, mode, room));
                let only_in_flight = room.is_some_and(|room| sums.spent <= room);
                let standing = self.standing(ask.budgets, index, &scope);
                return Err(Short { standing, fits_at, only_in_flight });
            }
        }
        self.rows.push(Paper {
            id,
            dispatched: false,
            beat: self.seen,
            receipt: None,
            correctable: false,
            was_presumed: false,
            forgotten: false,
            bound: ask.bound,
            typical,
            remembered,
            slot: self.seen - self.seen.rem_euclid(SLOT_SECONDS),
            scopes: ask.scopes.to_vec(),
            watched: watched(ask),
            budgets: ask.budgets.clone(),
        });
        let stand = |(index, scope): (usize, Scope)| self.standing(ask.budgets, index, &scope);
        let standings = watched(ask).into_iter().map(stand).collect();
        let modes =
            watched(ask).into_iter().map(|(index, _)| ask.budgets.get(index).expect("there").hold);
        let amounts = modes.map(|mode| [ask.bound, typical][mode as usize]);
        let held = amounts.max().unwrap_or(ask.bound);
        let overshoot = self.overshoot(ask);
        Ok(Holding { id, held, readings: self.readings(ask), standings, overshoot })
    }

    pub(super) fn finish(&mut self, id: HoldId, end: End, now: Timestamp) -> Finished {
        self.see(now);
        let at = self.rows.iter().position(|row| row.id == id && !row.forgotten);
        let Some(at) = at else { return unknown() };
        let (row, settles) = (&self.rows[at], matches!(end, End::Settled { .. }));
        let already = match &row.receipt {
            None => None,
            Some((receipt, _)) if row.correctable && settles => Some(receipt.end.charged()),
            Some((receipt, _)) => {
                return Finished { receipt: receipt.clone(), postings: SmallVec::new() };
            }
        };
        let before = self.spent(at);
        if settles && row.remembered {
            self.charges.push(end.charged());
        }
        let overage = end.charged().saturating_sub(row.bound);
        let nanos = end.charged().nanos_i64() - already.unwrap_or_default().nanos_i64();
        let calls = i64::from(already.is_none() && !matches!(end, End::Voided { .. }));
        let ended_at = row.receipt.as_ref().map_or(self.seen, |(_, at)| *at);
        let receipt = Receipt {
            end: end.clone(),
            overage,
            standings: SmallVec::new(),
            reached: SmallVec::new(),
        };
        self.rows[at].correctable = matches!(end, End::Presumed { .. });
        self.rows[at].was_presumed |= self.rows[at].correctable;
        self.rows[at].receipt = Some((receipt, ended_at));
        let after = self.spent(at);
        let row = &self.rows[at];
        let stand = |(index, scope): &(usize, Scope)| self.standing(&row.budgets, *index, scope);
        let standings = row.watched.iter().map(stand).collect();
        let mut reached = SmallVec::new();
        for (n, (index, _)) in row.watched.iter().enumerate() {
            let budget = row.budgets.get(*index).expect("a budget");
            for pct in &budget.warn_at {
                let threshold = budget.limit.percent(*pct).nanos();
                if before[n] < threshold && threshold <= after[n] {
                    reached.push((*index, *pct));
                }
            }
        }
        let posting =
            |scope: &Scope| Posting { scope: scope.clone(), slot: row.slot, nanos, calls };
        let changed = nanos != 0 || calls != 0;
        let postings = row.scopes.iter().filter(|_| changed).map(posting).collect();
        let receipt = Receipt { end, overage, standings, reached };
        self.rows[at].receipt = Some((receipt.clone(), ended_at));
        Finished { receipt, postings }
    }

    /// What a store would have kept of `scope`.
    pub(super) fn kept(&self, scope: &Scope) -> Vec<Slot> {
        let rows = self.rows.iter().filter(|row| row.scopes.contains(scope));
        let slot = |row: &Paper| {
            let end = &row.receipt.as_ref()?.0.end;
            let charged = !matches!(end, End::Voided { .. });
            charged.then(|| Slot { start: row.slot, spent: end.charged(), calls: 1 })
        };
        rows.filter_map(slot).collect()
    }

    pub(super) fn reading(&self, scope: &Scope, window: Window) -> Reading {
        let sums = self.sums(scope, window, self.seen);
        let (spent, held) = (Usd::from_nanos(sums.spent), Usd::from_nanos(sums.held[0]));
        Reading { spent, held, calls: sums.calls }
    }

    fn readings(&self, ask: &Ask<'_>) -> Readings {
        let read = |key: &reins_governor::ReadKey| {
            let scope = ask.scopes.iter().find(|scope| scope.kind == key.kind);
            scope.map(|scope| self.reading(scope, key.window)).unwrap_or_default()
        };
        Readings(ask.reads.iter().map(read).collect())
    }

    fn overshoot(&self, ask: &Ask<'_>) -> Option<Overshoot> {
        let passed = |(index, scope): (usize, Scope)| {
            let budget = ask.budgets.get(index).expect("a budget");
            let sums = self.sums(&scope, budget.window, self.seen);
            let most = sums.spent + sums.held[HoldMode::Bound as usize];
            let loose = budget.enforces() && budget.hold == HoldMode::Typical;
            let by = most.checked_sub(budget.limit.nanos()).filter(|by| loose && *by > 0)?;
            Some(Overshoot { budget: index, by: Usd::from_nanos(by) })
        };
        watched(ask).into_iter().filter_map(passed).max_by_key(|over| over.by)
    }

    fn standing(&self, budgets: &Budgets, index: usize, scope: &Scope) -> Standing {
        let budget = budgets.get(index).expect("a budget");
        let sums = self.sums(scope, budget.window, self.seen);
        let used = |row: &&Paper| row.charged().unwrap_or(row.bound) > Usd::ZERO;
        let rows = self.counted(scope, budget.window, self.seen);
        let resets_at = match budget.window {
            Window::Rolling { .. } => {
                rows.filter(used).map(|r| self.leaves(r, budget.window)).min()
            }
            _ => Some(span(budget.window, &self.zone, instant(self.seen)).end),
        };
        Standing {
            budget: index,
            scope: scope.clone(),
            spent: Usd::from_nanos(sums.spent),
            held: Usd::from_nanos(sums.held[budget.hold as usize]),
            limit: budget.limit,
            resets_at: resets_at.map(instant),
        }
    }

    fn counted(&self, scope: &Scope, window: Window, now: i64) -> impl Iterator<Item = &Paper> {
        let span = span(window, &self.zone, instant(now));
        self.rows.iter().filter(move |row| span.contains(row.slot) && row.scopes.contains(scope))
    }

    fn sums(&self, scope: &Scope, window: Window, now: i64) -> Sums {
        let mut sums = Sums::default();
        for row in self.counted(scope, window, now) {
            match &row.receipt {
                None => {
                    sums.held[0] += row.bound.nanos();
                    sums.held[1] += row.typical.nanos();
                    sums.calls += 1;
                }
                Some((receipt, _)) => {
                    sums.spent += receipt.end.charged().nanos();
                    sums.calls += u64::from(!matches!(receipt.end, End::Voided { .. }));
                }
            }
        }
        sums
    }

    fn fits_at(&self, scope: &Scope, window: Window, mode: usize, room: u64) -> Option<Timestamp> {
        let rows = self.counted(scope, window, self.seen);
        let mut leaves: Vec<i64> = rows.map(|row| self.leaves(row, window)).collect();
        leaves.sort_unstable();
        leaves.dedup();
        let fits = |at: &i64| {
            let sums = self.sums(scope, window, *at);
            sums.spent + sums.held[mode] <= room
        };
        leaves.into_iter().find(fits).map(instant)
    }

    /// When `row` falls out of the window.
    fn leaves(&self, row: &Paper, window: Window) -> i64 {
        let mut at = span(window, &self.zone, instant(row.slot)).end;
        if let Window::Rolling { hours } = window {
            at = row.slot + i64::from(hours) * 3_600;
            while span(window, &self.zone, instant(at)).start <= row.slot {
                at += SLOT_SECONDS;
            }
        }
        at
    }

    fn spent(&self, at: usize) -> Vec<u64> {
        let row = &self.rows[at];
        let spent = |(index, scope): &(usize, Scope)| {
            let window = row.budgets.get(*index).expect("a budget").window;
            self.sums(scope, window, self.seen).spent
        };
        row.watched.iter().map(spent).collect()
    }

    fn typical(&self, ask: &Ask<'_>) -> (Usd, bool) {
        let typical = |(index, _): (usize, Scope)| {
            ask.budgets.get(index).is_some_and(|budget| budget.hold == HoldMode::Typical)
        };
        let wanted = watched(ask).into_iter().any(typical);
        let mut lately: Vec<Usd> = self.charges.iter().rev().take(256).copied().collect();
        lately.sort_unstable();
        if !wanted || lately.len() < 32 {
            return (ask.bound, wanted);
        }
        let dearer = lately.len() / 100;
        (lately[lately.len() - 1 - dearer].min(ask.bound), wanted)
    }
}

impl Paper {
    pub(super) const fn slot(&self) -> i64 {
        self.slot
    }

    fn charged(&self) -> Option<Usd> {
        self.receipt.as_ref().map(|(receipt, _)| receipt.end.charged())
    }
}

fn watched(ask: &Ask<'_>) -> Vec<(usize, Scope)> {
    ask.claims.iter().filter_map(|claim| Some((claim.budget?, claim.scope.clone()))).collect()
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("an instant")
}

fn unknown() -> Finished {
    let receipt = Receipt {
        end: End::Voided { why: VoidReason::Expired },
        overage: Usd::ZERO,
        standings: SmallVec::new(),
        reached: SmallVec::new(),
    };
    Finished { receipt, postings: SmallVec::new() }
}
