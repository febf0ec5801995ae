//! The statement: one look at what a scope spent, and at every budget that counts it.

use jiff::Timestamp;
use reins_config::Organization;
use reins_governor::{Budget, Name, Scope, ScopeKind, Standing, Usd, Window};
use reins_store::{Reports, StoreError};
use serde::Serialize;

/// A window that all of a store's life lies in: half a million years.
const EVER: Window = Window::Rolling { hours: u32::MAX };

/// What is asked.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) organization: &'a Organization,
    /// Whose spend; `None` for everybody's.
    pub(crate) scope: Option<Scope>,
    pub(crate) now: Timestamp,
}

/// What a scope spent.
#[derive(Debug, Serialize)]
pub(crate) struct Statement {
    pub(crate) organization: Name,
    /// Whose spend the totals are.
    #[serde(skip)]
    pub(crate) scope: Scope,
    pub(crate) spent_usd: Usd,
    pub(crate) held_usd: Usd,
    pub(crate) calls: u64,
    pub(crate) budgets: Vec<BudgetLine>,
}

/// How one budget stands for one scope.
#[derive(Debug, Serialize)]
pub(crate) struct BudgetLine {
    pub(crate) name: Name,
    #[serde(serialize_with = "as_text")]
    pub(crate) scope: Scope,
    pub(crate) window: Window,
    pub(crate) limit_usd: Usd,
    pub(crate) spent_usd: Usd,
    pub(crate) held_usd: Usd,
    pub(crate) left_usd: Usd,
    pub(crate) resets_at: Option<Timestamp>,
}

// === impl Asked ===

impl Asked<'_> {
    /// Answers from what is kept.
    pub(crate) async fn statement(&self, reports: &Reports) -> Result<Statement, StoreError> {
        let of = self.organization;
        let whole = || Scope::new(ScopeKind::Organization, of.id.clone());
        let scope = self.scope.clone().unwrap_or_else(whole);
        let totals = reports.spent(&of.id, &scope, EVER, &of.zone, self.now).await?;
        let mut budgets = Vec::new();
        for (index, budget) in of.budgets.iter().enumerate() {
            for scope in self.counted(reports, budget).await? {
                let (all, zone) = (&of.budgets, &of.zone);
                let standing = reports.standing(&of.id, all, index, &scope, zone, self.now);
                let standing = standing.await?;
                budgets.extend(standing.map(|standing| BudgetLine::new(budget, standing)));
            }
        }
        Ok(Statement {
            organization: of.id.clone(),
            scope,
            spent_usd: totals.spent,
            held_usd: totals.held,
            calls: totals.calls,
            budgets,
        })
    }

    /// The names that a budget counts. A pattern that nobody has met yet stands for itself.
    async fn counted(&self, reports: &Reports, budget: &Budget) -> Result<Vec<Scope>, StoreError> {
        let (kind, pattern) = (budget.scope.kind, &budget.scope.pattern);
        if let Some(scope) = &self.scope {
            let counts = scope.kind == kind && pattern.matches(&scope.name);
            return Ok(counts.then(|| scope.clone()).into_iter().collect());
        }
        let itself = || vec![Scope::new(kind, Name::kept(pattern.text()))];
        if pattern.is_exact() {
            return Ok(itself());
        }
        let of = self.organization;
        let scopes = reports.spenders(&of.id, kind, budget.window, &of.zone, self.now);
        let mut scopes = scopes.await?;
        scopes.retain(|scope| pattern.matches(&scope.name));
        Ok(if scopes.is_empty() { itself() } else { scopes })
    }
}

// === impl BudgetLine ===

impl BudgetLine {
    fn new(budget: &Budget, standing: Standing) -> Self {
        Self {
            name: budget.name.clone(),
            window: budget.window,
            limit_usd: standing.limit,
            spent_usd: standing.spent,
            held_usd: standing.held,
            left_usd: standing.left(),
            resets_at: standing.resets_at,
            scope: standing.scope,
        }
    }
}

/// `agent=support-bot`
fn as_text<S: serde::Serializer>(scope: &Scope, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(scope)
}
