//! A row: one call in flight.

use reins_governor::{Ask, Budget, Budgets, Claim, Scope, Scopes};
use smallvec::SmallVec;

use crate::slot::slot_of;
use crate::tally::Amounts;
use crate::timeline::Timeline;
use crate::typical::ModelIndex;

/// One call in flight. It is held in every counter of every scope it has.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) state: State,
    /// The slot it was held in, and belongs to: by the wall clock as it is now.
    pub(crate) slot: i64,
    /// The same slot in ledger time, which no jump changes.
    pub(crate) kept: i64,
    /// The wall clock has jumped since it was held: what was posted for it may count under another
    /// date than `slot`.
    pub(crate) outdated: bool,
    pub(crate) amounts: Amounts,
    pub(crate) scopes: Scopes,
    /// When somebody last said that it is alive.
    pub(crate) beat: i64,
    /// Where its charge is remembered, should a budget hold what is typical.
    pub(crate) model: Option<ModelIndex>,
    budgets: Budgets,
    /// The budgets that count it: the index of each, and that of its scope.
    watched: SmallVec<[(usize, usize); 4]>,
}

/// How far a call in flight has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing was sent.
    Held,
    /// The request may have been sent.
    Dispatched,
}

// === impl Row ===

impl Row {
    pub(crate) fn new(
        ask: &Ask<'_>,
        amounts: Amounts,
        model: Option<ModelIndex>,
        now: i64,
        timeline: &Timeline,
    ) -> Self {
        let scopes = scopes(ask);
        let watch = |claim: &Claim| {
            let at = scopes.iter().position(|scope| *scope == claim.scope)?;
            Some((claim.budget?, at))
        };
        let watched = ask.claims.iter().filter_map(watch).collect();
        let budgets = ask.budgets.clone();
        let (slot, kept) = (slot_of(now), slot_of(timeline.ledger_time(now)));
        let (state, outdated, beat) = (State::Held, false, now);
        Self { state, slot, kept, outdated, amounts, scopes, beat, model, budgets, watched }
    }

    /// The clock jumped by so many seconds, and shows `now`.
    pub(crate) fn jump(&mut self, seconds: i64, now: i64, timeline: &Timeline) {
        self.beat = self.beat.saturating_add(seconds);
        self.slot = timeline.date_at(self.kept, now);
        self.outdated = true;
    }

    /// The budgets that count it, each with its index and scope.
    pub(crate) fn watched(&self) -> impl Iterator<Item = (usize, &Budget, &Scope)> {
        self.watched.iter().filter_map(|(index, at)| {
            Some((*index, self.budgets.get(*index)?, self.scopes.get(*at)?))
        })
    }
}

/// Every scope of the call once, those of claims among them.
fn scopes(ask: &Ask<'_>) -> Scopes {
    let mut scopes = Scopes::new();
    for scope in ask.scopes.iter().chain(ask.claims.iter().map(|claim| &claim.scope)) {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes
}
