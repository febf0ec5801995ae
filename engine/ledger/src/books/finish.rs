//! Ending a call: released where it was held, charged where it was held, exactly once.

use jiff::Timestamp;
use reins_governor::{Budget, End, Fault, HoldId, PresumeReason, Receipt, Scope, Usd, VoidReason};
use smallvec::SmallVec;

use super::hold::standing;
use super::{Books, Finished, Swept};
use crate::ended::Done;
use crate::row::{Row, State};
use crate::slot::Posting;

impl Books {
    /// Lets go of a hold that was not dispatched; any other stays as it is.
    pub fn void(&mut self, id: HoldId, why: VoidReason) {
        if let Some(row) = self.remove_held(id) {
            self.conclude(id, row, End::Voided { why });
        }
    }

    /// From now on the call is presumed to cost something, until it is finished.
    ///
    /// # Errors
    /// When the hold is no longer there.
    pub fn dispatch(&mut self, id: HoldId) -> Result<(), Fault> {
        let row = self.rows.get_mut(&id).ok_or(Fault::Expired)?;
        row.state = State::Dispatched;
        Ok(())
    }

    /// Ends a call, dispatched or not. A second end gets the first one's answer and posts nothing;
    /// only usage that comes late corrects a presumed charge, once. A call that nobody remembers
    /// has cost nothing here.
    pub fn finish(&mut self, id: HoldId, end: End, now: Timestamp) -> Finished {
        self.see(now);
        match self.rows.remove(&id) {
            Some(row) => {
                self.leave(&row);
                self.conclude(id, row, end)
            }
            None => self.finish_again(id, end),
        }
    }

    /// Says that a call is still alive.
    pub fn beat(&mut self, id: HoldId, now: Timestamp) {
        let now = self.see(now);
        if let Some(row) = self.rows.get_mut(&id) {
            row.beat = now;
        }
    }

    /// Ends the calls that gave no sign of life: what was not dispatched is void, the rest is
    /// presumed to have cost all that was held.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<Swept> {
        let seen = self.see(now);
        let life = i64::try_from(self.settings.hold_life.as_secs()).unwrap_or(i64::MAX);
        let lost = |row: &Row| row.beat.saturating_add(life) <= seen;
        let rows = self.rows.iter().filter(|(_, row)| lost(row));
        let mut ends: Vec<(HoldId, End)> = rows.map(|(id, row)| (*id, end_of_lost(row))).collect();
        ends.sort_unstable_by_key(|(id, _)| *id);
        let sweep = |(id, end)| Swept { id, finished: self.finish(id, end, now) };
        ends.into_iter().map(sweep).collect()
    }

    fn finish_again(&mut self, id: HoldId, end: End) -> Finished {
        let Some(done) = self.ended.get_mut(id) else { return Finished::unknown() };
        let settles = matches!(end, End::Settled { .. });
        match done.row.take_if(|_| settles) {
            Some(row) => {
                let presumed = done.receipt.end.charged();
                self.correct(id, &row, end, presumed)
            }
            None => Finished::unchanged(done.receipt.clone()),
        }
    }

    /// Posts the end of a row that has left every counter.
    fn conclude(&mut self, id: HoldId, row: Row, end: End) -> Finished {
        let calls = u64::from(!matches!(end, End::Voided { .. }));
        let finished = self.charge(&row, end, Usd::ZERO, calls);
        let correctable = matches!(finished.receipt.end, End::Presumed { .. });
        let row = correctable.then_some(row);
        self.ended.remember(id, Done { receipt: finished.receipt.clone(), row }, self.seen);
        finished
    }

    /// Replaces what a call was presumed to cost by what it did cost. Where the clock has jumped
    /// since it was held, its counters are read anew: under which date they count it is not known.
    fn correct(&mut self, id: HoldId, row: &Row, end: End, presumed: Usd) -> Finished {
        for scope in row.scopes.iter().filter(|_| row.outdated) {
            if let Some(account) = self.accounts.get_mut(scope) {
                account.counters.clear();
            }
        }
        let finished = self.charge(row, end, presumed, 0);
        if let Some(done) = self.ended.get_mut(id) {
            done.receipt = finished.receipt.clone();
        }
        finished
    }

    /// Posts what `end` costs beyond what was charged `already`.
    fn charge(&mut self, row: &Row, end: End, already: Usd, calls: u64) -> Finished {
        let charged = end.charged();
        if matches!(end, End::Settled { .. }) {
            self.typical.charge(row.model, charged);
        }
        let nanos = charged.nanos_i64() - already.nanos_i64();
        let postings = self.post(row, nanos, calls);
        let overage = charged.saturating_sub(row.amounts.bound);
        let (standings, reached) = (SmallVec::new(), SmallVec::new());
        let mut receipt = Receipt { end, overage, standings, reached };
        self.stand(row, nanos, &mut receipt);
        Finished { receipt, postings }
    }

    /// Posts in every counter of every scope of the call, whether it was there at the hold or not.
    fn post(&mut self, row: &Row, nanos: i64, calls: u64) -> SmallVec<[Posting; 6]> {
        for scope in &row.scopes {
            if let Some(account) = self.accounts.get_mut(scope) {
                account.advance(self.seen, &mut self.calendar);
                account.post(row.slot, nanos, calls);
            }
        }
        if nanos == 0 && calls == 0 {
            return SmallVec::new();
        }
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        let posting =
            |scope: &Scope| Posting { scope: scope.clone(), slot: row.kept, nanos, calls };
        row.scopes.iter().map(posting).collect()
    }

    /// Writes on `receipt` how each budget stands now, and the warnings that the last `nanos`
    /// reached.
    fn stand(&self, row: &Row, nanos: i64, receipt: &mut Receipt) {
        for (index, budget, scope) in row.watched() {
            let account = self.accounts.get(scope);
            let counter = account.and_then(|account| account.counter(budget.window));
            let Some(counter) = counter else { continue };
            let standing = standing(index, budget, scope, counter, self.seen);
            if counter.covers(row.slot) {
                let before = counter.tally(self.seen).spent_before(nanos);
                receipt
                    .reached
                    .extend(reached(budget, before, standing.spent).map(|pct| (index, pct)));
            }
            receipt.standings.push(standing);
        }
    }
}

/// How a call ends that gave no sign of life.
fn end_of_lost(row: &Row) -> End {
    match row.state {
        State::Held => End::Voided { why: VoidReason::Expired },
        State::Dispatched => {
            End::Presumed { charged: row.amounts.bound, why: PresumeReason::OwnerLost }
        }
    }
}

/// The warning percentages that lie between what was spent `before` and `after`.
fn reached(budget: &Budget, before: Usd, after: Usd) -> impl Iterator<Item = u32> {
    let crossed = move |pct: &u32| {
        let threshold = budget.limit.percent(*pct);
        before < threshold && threshold <= after
    };
    budget.warn_at.iter().copied().filter(crossed)
}

// === impl Finished ===

impl Finished {
    /// An answer that was given before.
    fn unchanged(receipt: Receipt) -> Self {
        Self { receipt, postings: SmallVec::new() }
    }

    /// The answer for a call that nobody remembers.
    pub(crate) fn unknown() -> Self {
        Self::unchanged(Receipt {
            end: End::Voided { why: VoidReason::Expired },
            overage: Usd::ZERO,
            standings: SmallVec::new(),
            reached: SmallVec::new(),
        })
    }
}
