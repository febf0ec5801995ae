//! Compiling the conditions of one rule.

use std::sync::Arc;

use reins_governor::{Budget, Endpoint, ReadKey, Usd};

use super::{Compiler, Here, listed};
use crate::condition::Condition;
use crate::expression::Expression;
use crate::schedule::{Minutes, Unreadable};
use crate::spend::{Limit, Spend};
use crate::{AmountRange, Conditions, Flaw, Schedule, SpendCondition, TokenLimit, Warning};

/// All of a limit, in hundredths.
const WHOLE_PCT: u32 = 100;

// === impl Compiler ===

impl Compiler<'_> {
    /// In the order in which they are asked: what is cheap first, spend last.
    pub(super) fn conditions(
        &mut self,
        here: Here<'_>,
        when: &Conditions,
        allows: bool,
    ) -> Vec<Condition> {
        let conditions = [
            listed(&when.agents, Condition::Agents),
            listed(&when.teams, Condition::Teams),
            listed(&when.vendors, Condition::Vendors),
            listed(&when.models, Condition::Models),
            listed(&when.not_models, Condition::NotModels),
            self.endpoints(here, &when.endpoints),
            listed(&when.roles, Condition::Roles),
            when.stream.map(Condition::Stream),
            when.tokens.and_then(|limit| self.tokens(here, limit)),
            when.amount.and_then(|range| self.amount(here, range, allows)),
            when.hours.as_ref().and_then(|schedule| self.hours(here, schedule)),
            when.cel.as_ref().and_then(|source| self.cel(here, source)),
            when.spend.map(|spend| Condition::Spend(self.spend(here, spend, allows))),
        ];
        conditions.into_iter().flatten().collect()
    }

    fn endpoints(&mut self, here: Here<'_>, words: &[Arc<str>]) -> Option<Condition> {
        let mut endpoints = Vec::new();
        for word in words {
            match Endpoint::from_word(word) {
                Some(endpoint) => endpoints.push(endpoint),
                None => {
                    let at = here.at("when.endpoints");
                    self.flaws.push(Flaw::Endpoint { at, endpoint: Arc::clone(word) });
                }
            }
        }
        listed(&endpoints, Condition::Endpoints)
    }

    fn tokens(&mut self, here: Here<'_>, limit: TokenLimit) -> Option<Condition> {
        if limit == TokenLimit::default() {
            let at = here.at("when.tokens");
            self.flaws.push(Flaw::Nothing { at, missing: "`input` or `output`" });
            return None;
        }
        Some(Condition::Tokens(limit))
    }

    fn amount(&mut self, here: Here<'_>, range: AmountRange, allows: bool) -> Option<Condition> {
        let at = here.at("when.amount");
        match (range.min, range.max) {
            (None, None) => {
                self.flaws.push(Flaw::Nothing { at, missing: "`min` or `max`" });
                None
            }
            (Some(min), Some(max)) if min > max => {
                self.flaws.push(Flaw::Range { at, min, max });
                None
            }
            (_, max) => Some(Condition::Amount { range, unknown: !allows || max.is_none() }),
        }
    }

    fn hours(&mut self, here: Here<'_>, schedule: &Schedule) -> Option<Condition> {
        let at = here.at("when.hours");
        let cron = Arc::clone(&schedule.cron);
        match Minutes::read(schedule, self.zone) {
            Ok(minutes) => {
                if minutes.is_one_minute() {
                    self.warnings.push(Warning::OneMinute { at, cron });
                }
                return Some(Condition::Hours(Box::new(minutes)));
            }
            Err(Unreadable::Cron(why)) => self.flaws.push(Flaw::Cron { at, cron, why }),
            Err(Unreadable::Zone(zone)) => self.flaws.push(Flaw::Zone { at, zone }),
        }
        None
    }

    fn cel(&mut self, here: Here<'_>, source: &Arc<str>) -> Option<Condition> {
        let budgets = self.budgets;
        match Expression::compile(source, budgets, &mut |key| self.read(key)) {
            Ok(expression) => Some(Condition::Cel(Arc::new(expression))),
            Err(defects) => {
                self.flaws.extend(defects.into_iter().map(|defect| Flaw::Cel {
                    at: here.at("when.cel"),
                    what: defect.to_string(),
                    help: defect.help(),
                    span: defect.span,
                }));
                None
            }
        }
    }

    fn spend(&mut self, here: Here<'_>, spend: SpendCondition, allows: bool) -> Spend {
        let key = ReadKey { kind: spend.scope, window: spend.window };
        let limit = self.limit(here, spend);
        Spend { key, read: self.read(key), limit, calls: spend.max_transactions, allows }
    }

    /// The index of a reading, declared once however many rules read it.
    fn read(&mut self, key: ReadKey) -> usize {
        self.reads.iter().position(|read| *read == key).unwrap_or_else(|| {
            self.reads.push(key);
            self.reads.len() - 1
        })
    }

    fn limit(&mut self, here: Here<'_>, spend: SpendCondition) -> Limit {
        let threshold = |limit: Usd| limit.percent(spend.threshold_pct.unwrap_or(WHOLE_PCT));
        if let Some(limit) = spend.limit {
            return Limit::Named(threshold(limit));
        }
        if spend.max_transactions.is_some() && spend.threshold_pct.is_none() {
            return Limit::CallsOnly;
        }
        let fits = |b: &&Budget| b.scope.kind == spend.scope && b.window == spend.window;
        let budgets: Vec<_> = self.budgets.iter().filter(fits).collect();
        self.warn_of(here, spend, &budgets);
        let limit = |b: &&Budget| (b.scope.pattern.clone(), threshold(b.limit));
        Limit::Budgets(budgets.iter().map(limit).collect())
    }

    fn warn_of(&mut self, here: Here<'_>, spend: SpendCondition, budgets: &[&Budget]) {
        let at = here.at("when.spend");
        if budgets.is_empty() {
            let (kind, window) = (spend.scope, spend.window);
            self.warnings.push(Warning::NoLimit { at, kind, window });
            return;
        }
        let pairs = budgets.iter().enumerate().flat_map(|(index, one)| {
            budgets.iter().skip(index + 1).map(move |other| (*one, *other))
        });
        if let Some((one, other)) = pairs.into_iter().find(|(one, other)| may_meet(one, other)) {
            let (one, other) = (one.name.clone(), other.name.clone());
            self.warnings.push(Warning::TwoBudgets { at, one, other });
        }
    }
}

/// Whether some spender may be counted by both.
fn may_meet(one: &Budget, other: &Budget) -> bool {
    let (one, other) = (&one.scope.pattern, &other.scope.pattern);
    match (one.is_exact(), other.is_exact()) {
        (true, _) => other.matches(one.text()),
        (false, true) => one.matches(other.text()),
        (false, false) => true,
    }
}
