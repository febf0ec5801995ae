//! Setting money aside: in every scope of a call, or in none.

use jiff::Timestamp;
use reins_governor::{
    Ask, Budget, Claim, HoldId, HoldMode, Holding, Overshoot, Reading, Readings, Scope, Short,
    Standing, Unheld, Usd,
};
use smallvec::SmallVec;

use super::Books;
use crate::account::Account;
use crate::counter::Counter;
use crate::row::{Row, State};
use crate::tally::Amounts;

impl Books {
    /// Sets `ask` aside in every scope of the call.
    ///
    /// # Errors
    /// A counter that is not in memory: nobody knows what was spent there. Else the first budget
    /// that does not suffice. Nothing is held then.
    pub fn hold(&mut self, ask: &Ask<'_>, now: Timestamp) -> Result<Holding, Unheld> {
        let id = HoldId(self.issued + 1);
        let holding = self.take(id, ask, now)?;
        self.issued = id.0;
        Ok(holding)
    }

    /// Changes a hold that was not dispatched to what `ask` says. One that is no longer there is
    /// taken anew, under a new id.
    ///
    /// # Errors
    /// As [`Books::hold`]; the hold then stays as it was.
    pub fn amend(&mut self, id: HoldId, ask: &Ask<'_>, now: Timestamp) -> Result<Holding, Unheld> {
        let Some(row) = self.remove_held(id) else { return self.hold(ask, now) };
        let taken = self.take(id, ask, now);
        if taken.is_err() {
            self.enter(id, row);
        }
        taken
    }

    fn take(&mut self, id: HoldId, ask: &Ask<'_>, now: Timestamp) -> Result<Holding, Unheld> {
        let now = self.see(now);
        self.calendar.turn_to(ask.zone);
        let (amounts, model) = self.typical.amounts(ask);
        ask.claims.iter().try_for_each(|claim| self.afford(claim, ask, amounts))?;
        self.enter(id, Row::new(ask, amounts, model, now, &self.timeline));
        let (readings, standings) = (self.readings(ask), self.standings_of(ask));
        let (held, overshoot) = (set_aside(ask, amounts), self.overshoot(ask));
        Ok(Holding { id, held, readings, standings, overshoot })
    }

    /// Whether the budget of `claim` can carry its amount, in the window of now.
    ///
    /// INVARIANT: a counter that was forgotten since it was made ready, is of another zone, or has
    /// to be read anew, never begins empty here: what was spent would count from zero.
    fn afford(&mut self, claim: &Claim, ask: &Ask<'_>, amounts: Amounts) -> Result<(), Unheld> {
        let account = self.accounts.get_mut(&claim.scope);
        let counter = account.and_then(|account| account.counter_mut(claim.window));
        let seen = self.seen;
        let counter = counter.filter(|c| c.is_of(&self.calendar) && c.stands_at(seen));
        let counter = counter.ok_or(Unheld::Missing)?;
        counter.advance(self.seen, &mut self.calendar);
        fit(claim, ask, amounts, counter, self.seen).map_err(Unheld::Short)
    }

    /// Puts a row into every counter of its scopes.
    pub(super) fn enter(&mut self, id: HoldId, row: Row) {
        for scope in &row.scopes {
            let account = match self.accounts.get_mut(scope) {
                Some(account) => account,
                None => self.accounts.entry(scope.clone()).or_insert_with(Account::default),
            };
            account.advance(self.seen, &mut self.calendar);
            account.enter(&row);
        }
        self.rows.insert(id, row);
    }

    /// Takes a row out that was not dispatched.
    pub(super) fn remove_held(&mut self, id: HoldId) -> Option<Row> {
        self.rows.get(&id).filter(|row| row.state == State::Held)?;
        let row = self.rows.remove(&id)?;
        self.leave(&row);
        Some(row)
    }

    /// Takes a row out of every counter of its scopes.
    pub(super) fn leave(&mut self, row: &Row) {
        for scope in &row.scopes {
            if let Some(account) = self.accounts.get_mut(scope) {
                account.leave(row);
                if account.is_bare() {
                    self.accounts.remove(scope);
                }
            }
        }
    }

    fn readings(&self, ask: &Ask<'_>) -> Readings {
        let read = |key: &reins_governor::ReadKey| {
            let same = |claim: &&Claim| claim.scope.kind == key.kind && claim.window == key.window;
            let counter = ask.claims.iter().find(same).and_then(|claim| self.counter(claim));
            counter.map_or(Reading::default(), |counter| counter.tally(self.seen).reading())
        };
        Readings(ask.reads.iter().map(read).collect())
    }

    fn standings_of(&self, ask: &Ask<'_>) -> SmallVec<[Standing; 4]> {
        let stand = |claim: &Claim| {
            let (index, budget) = budget_of(claim, ask)?;
            Some(standing(index, budget, &claim.scope, self.counter(claim)?, self.seen))
        };
        ask.claims.iter().filter_map(stand).collect()
    }

    fn overshoot(&self, ask: &Ask<'_>) -> Option<Overshoot> {
        let over = |claim: &Claim| {
            let (index, budget) = budget_of(claim, ask)?;
            let promised = budget.enforces() && budget.hold == HoldMode::Typical;
            let tally = self.counter(claim).filter(|_| promised)?.tally(self.seen);
            Some(Overshoot { budget: index, by: tally.overshoot(budget.limit) })
        };
        let passed = ask.claims.iter().filter_map(over).filter(|over| over.by > Usd::ZERO);
        passed.max_by_key(|over| over.by)
    }

    fn counter(&self, claim: &Claim) -> Option<&Counter> {
        self.accounts.get(&claim.scope)?.counter(claim.window)
    }
}

/// What is set aside for a call: by the budget that holds most of it; its bound, where none counts
/// it.
fn set_aside(ask: &Ask<'_>, amounts: Amounts) -> Usd {
    let modes = ask.claims.iter().filter_map(|claim| Some(budget_of(claim, ask)?.1.hold));
    modes.map(|mode| amounts.by(mode)).max().unwrap_or(amounts.bound)
}

/// Whether the budget of `claim` can carry its amount on top of what `counter` says.
fn fit(
    claim: &Claim,
    ask: &Ask<'_>,
    amounts: Amounts,
    counter: &Counter,
    now: i64,
) -> Result<(), Short> {
    let Some((index, budget)) = budget_of(claim, ask) else { return Ok(()) };
    let (amount, tally) = (amounts.by(budget.hold), counter.tally(now));
    if !budget.enforces() || tally.fits(amount, budget.limit, budget.hold) {
        return Ok(());
    }
    Err(Short {
        standing: standing(index, budget, &claim.scope, counter, now),
        fits_at: counter.fits_at(amount, budget.limit, budget.hold),
        only_in_flight: tally.fits_spent(amount, budget.limit),
    })
}

/// How `budget` stands for `scope`.
pub(super) fn standing(
    index: usize,
    budget: &Budget,
    scope: &Scope,
    counter: &Counter,
    now: i64,
) -> Standing {
    let tally = counter.tally(now);
    Standing {
        budget: index,
        scope: scope.clone(),
        spent: tally.spent(),
        held: tally.held(budget.hold),
        limit: budget.limit,
        resets_at: counter.resets_at().filter(|at| at.as_second() > now),
    }
}

fn budget_of<'a>(claim: &Claim, ask: &Ask<'a>) -> Option<(usize, &'a Budget)> {
    let index = claim.budget?;
    Some((index, ask.budgets.get(index)?))
}
