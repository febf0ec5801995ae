//! A desk to ask the books from: budgets, a zone, and short ways to write calls.

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{
    Ask, Budget, BudgetScope, Budgets, Claim, End, HoldId, HoldMode, Holding, Name, OnExceed,
    ReadKey, Scope, ScopeKind, Scopes, Short, Unheld, Usage, Usd, Window,
};

use crate::Books;

/// What asks are made of.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) organization: Name,
    pub(super) budgets: Budgets,
    pub(super) reads: Vec<ReadKey>,
    pub(super) zone: TimeZone,
}

impl Desk {
    pub(super) fn new(budgets: Vec<Budget>) -> Self {
        let (budgets, zone) = (Budgets::new(budgets), TimeZone::UTC);
        Self { organization: "acme".into(), budgets, reads: Vec::new(), zone }
    }

    pub(super) fn reading(self, kind: ScopeKind, window: Window) -> Self {
        let mut reads = self.reads;
        reads.push(ReadKey { kind, window });
        Self { reads, ..self }
    }

    pub(super) fn zone(self, name: &str) -> Self {
        Self { zone: TimeZone::get(name).expect(name), ..self }
    }

    pub(super) fn of(self, organization: &'static str) -> Self {
        Self { organization: organization.into(), ..self }
    }

    /// What a call of `who` asks at `now`, as the flow would.
    pub(super) fn ask(&self, who: &[Scope], bound: Usd, now: Timestamp) -> Ask<'_> {
        let mut claims = smallvec::SmallVec::new();
        for scope in who {
            for (index, budget) in self.budgets.iter().enumerate() {
                let counted = budget.scope.pattern.matches(&scope.name);
                if budget.scope.kind == scope.kind && counted {
                    let (scope, window) = (scope.clone(), budget.window);
                    claims.push(Claim { scope, window, budget: Some(index) });
                }
            }
        }
        claims.sort_by_key(|claim: &Claim| claim.budget);
        for read in &self.reads {
            let read_scope = who.iter().find(|scope| scope.kind == read.kind).cloned();
            let claim = |scope| Claim { scope, window: read.window, budget: None };
            claims.extend(read_scope.map(claim));
        }
        Ask {
            organization: &self.organization,
            budgets: &self.budgets,
            scopes: Scopes::from(who),
            claims,
            reads: &self.reads,
            model: ("openai", "gpt-4o"),
            bound,
            zone: &self.zone,
            now,
        }
    }
}

impl Books {
    /// Holds as the flow does on a ledger that keeps nothing beyond memory.
    pub(super) fn take_in(&mut self, ask: &Ask<'_>) -> Result<Holding, Short> {
        self.begin(ask);
        self.hold(ask, ask.now).map_err(short)
    }

    /// Amends likewise.
    pub(super) fn amend_in(&mut self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Short> {
        self.begin(ask);
        self.amend(id, ask, ask.now).map_err(short)
    }
}

fn short(unheld: Unheld) -> Short {
    match unheld {
        Unheld::Short(short) => short,
        Unheld::Missing => panic!("a counter that was just begun is missing"),
    }
}

pub(super) fn budget(kind: ScopeKind, limit: &str, window: &str) -> Budget {
    Budget {
        name: Name::kept(format!("{kind} {window}")),
        scope: BudgetScope { kind, pattern: "*".parse().expect("a pattern") },
        limit: usd(limit),
        window: window.parse().expect(window),
        on_exceed: OnExceed::Block,
        hold: HoldMode::Bound,
        warn_at: Vec::new(),
    }
}

pub(super) fn usd(text: &str) -> Usd {
    text.parse().expect(text)
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

pub(super) fn agent(name: &str) -> Scope {
    Scope::new(ScopeKind::Agent, Name::kept(name))
}

pub(super) fn session(name: &str) -> Scope {
    Scope::new(ScopeKind::Session, Name::kept(name))
}

pub(super) fn organization() -> Scope {
    Scope::new(ScopeKind::Organization, "acme".into())
}

pub(super) fn settled(charged: &str) -> End {
    settled_nanos(usd(charged).nanos())
}

pub(super) fn settled_nanos(charged: u64) -> End {
    End::Settled { usage: Usage::default(), charged: Usd::from_nanos(charged) }
}
