//! Changes to a call: what rules and budgets make of it, so often and no more.

use std::sync::Arc;

use super::{Case, Next, blocks};
use crate::{
    Amendment, Budget, BudgetStop, Cursor, DecidedBy, Mark, OnExceed, Refusal, Short, Tokens, Usd,
};

/// How often a call may be changed before it is refused instead.
///
/// A call that four rules or budgets have changed and a fifth still wants to change goes round in
/// circles; no policy that we know of changes a call more than twice.
pub(super) const AMENDMENTS_MAX: usize = 4;

impl Case {
    /// A budget fell short: counts the call more closely, changes it as the budget or a rule asks,
    /// or refuses it.
    pub(crate) fn exceeded(&mut self, short: &Short) -> Result<(), Refusal> {
        let snapshot = Arc::clone(&self.snapshot);
        let Some(budget) = snapshot.budgets.get(short.standing.budget) else {
            return Err(Refusal::Internal { what: "a budget fell short that is not there".into() });
        };
        if self.may_fit_counted(budget, short) && self.count_text() {
            return Ok(());
        }
        let refusal = self.over_budget(budget, short);
        let amendment = self.mended(budget, short);
        let by = DecidedBy::Budget { budget: budget.name.clone() };
        match amendment.map(|amendment| self.amend(amendment, by, Cursor::END)) {
            Some(Next::Again) if self.cursor == Cursor::START => Ok(()),
            _ => Err(refusal),
        }
    }

    /// What makes the call fit: the clip that a rule asked for, else what the budget asks for.
    fn mended(&self, budget: &Budget, short: &Short) -> Option<Amendment> {
        let clipped = self.clip_floor.and_then(|floor| self.affordable(short, floor));
        clipped.or_else(|| match &budget.on_exceed {
            OnExceed::Clip { floor } => self.affordable(short, *floor),
            OnExceed::Downgrade { model } => {
                Some(Amendment::Downgrade { model: Arc::clone(model) })
            }
            OnExceed::Block | OnExceed::Warn => None,
        })
    }

    /// The clip that makes the call fit what is left, where that is still useful.
    fn affordable(&self, short: &Short, floor: Tokens) -> Option<Amendment> {
        let left = short.standing.left();
        let cap = self.snapshot.prices.affordable_cap(self.call(), left)?;
        let floor = floor.max(self.call().thinking_budget.plus(Tokens(1)));
        let lower = self.call().output_cap.is_none_or(|now| cap < now);
        (cap >= floor && lower).then_some(Amendment::Clip { output_cap: cap })
    }

    /// Changes the call and starts the rules again; goes on at `otherwise` where there is nothing
    /// to change.
    pub(super) fn amend(&mut self, to: Amendment, by: DecidedBy, otherwise: Cursor) -> Next {
        let mark = match to {
            Amendment::ClipToAfford { floor } => {
                self.clip_floor = Some(floor);
                None
            }
            Amendment::Downgrade { model } => self.downgrade(model, by.clone()),
            Amendment::Clip { output_cap } => self.clip(output_cap, by.clone()),
        };
        let Some(mark) = mark else {
            self.cursor = otherwise;
            return Next::Again;
        };
        if self.amendments == AMENDMENTS_MAX {
            return Next::Block(Refusal::Blocked(blocks::changed_too_often(by)));
        }
        self.amendments += 1;
        self.start_again();
        self.decision.mark(mark);
        Next::Again
    }

    /// The call is another one: its rules start again, and what is held is not its own.
    fn start_again(&mut self) {
        self.decision.restart();
        self.bound = self.snapshot.prices.bound(self.call());
        self.cursor = Cursor::START;
        self.stale = true;
        self.readings = None;
    }

    /// Whether the call would fit if its text were nothing. Counting takes long, and who has spent
    /// everything could ask for it without end.
    fn may_fit_counted(&self, budget: &Budget, short: &Short) -> bool {
        let mut least = self.call().clone();
        least.input.text_bytes = 0;
        if self.clip_floor.is_some() || matches!(budget.on_exceed, OnExceed::Clip { .. }) {
            least.output_cap = Some(Tokens(1));
        }
        let bound = self.snapshot.prices.bound(&least);
        bound.is_ok_and(|bound| bound.total <= short.standing.left())
    }

    /// Counts the text by its tokens, once for each model. Whether the call may cost less by that.
    fn count_text(&mut self) -> bool {
        let call = &self.asking.call;
        if self.counted_for.as_ref() == Some(&call.model) || call.input.by_reference.is_some() {
            return false;
        }
        self.counted_for = Some(Arc::clone(&call.model));
        let tokens = self.asking.text.as_ref().and_then(|text| text.tokens(call));
        let Some(tokens) = tokens.map(Tokens::get).filter(|tokens| *tokens < call.input.text_bytes)
        else {
            return false;
        };
        self.asking.call.input.text_bytes = tokens;
        self.start_again();
        true
    }

    fn downgrade(&mut self, to: Arc<str>, by: DecidedBy) -> Option<Mark> {
        let from = Arc::clone(&self.asking.call.model);
        let known = to == from || self.models_tried.contains(&to);
        if known || !self.snapshot.prices.sells(self.call(), &to) {
            return None;
        }
        self.models_tried.push(Arc::clone(&from));
        self.asking.call.model = Arc::clone(&to);
        // Another model counts in another way.
        self.asking.call.input.text_bytes = self.text_bytes;
        Some(Mark::Downgraded { by, from, to })
    }

    fn clip(&mut self, to: Tokens, by: DecidedBy) -> Option<Mark> {
        let call = &mut self.asking.call;
        let fits = call.output_cap.is_some_and(|cap| cap <= to);
        if fits || to <= call.thinking_budget {
            return None;
        }
        call.output_cap = Some(to);
        Some(Mark::Clipped { by, to })
    }

    fn over_budget(&self, budget: &Budget, short: &Short) -> Refusal {
        let standing = &short.standing;
        Refusal::OverBudget(BudgetStop {
            budget: budget.name.clone(),
            scope: standing.scope.clone(),
            used: standing.spent,
            held: standing.held,
            limit: standing.limit,
            window: budget.window,
            bound: self.bound.as_ref().map_or(Usd::ZERO, |bound| bound.total),
            resets_at: short.fits_at,
            only_in_flight: short.only_in_flight,
            as_429: self.snapshot.budget_429,
        })
    }
}
