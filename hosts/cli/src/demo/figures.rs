//! Figures: what the ledger and the vendor's books say at one moment.

use std::sync::Arc;

use jiff::Timestamp;
use reins_config::Organization;
use reins_governor::{
    Budget, Clock, Name, Scope, ScopeKind, Transaction, TransactionId, Usd, Window,
};
use reins_store::{Reports, Spent, StoreError};
use reins_vendor::Books;
use serde::Deserialize;

/// Over which time everybody's spend is asked for: the demo is shorter than any window.
const WINDOW: Window = Window::Rolling { hours: 24 };

/// What the ledger and the books say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Each budget.
    pub(crate) budgets: Vec<Level>,
    /// The vendor's books.
    pub(crate) billed: Sum,
    /// The ledger, in all.
    pub(crate) charged: Sum,
}

/// How a budget stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// How much.
    pub(crate) limit: Usd,
    /// Charged.
    pub(crate) spent: Usd,
    /// Set aside for calls in flight.
    pub(crate) held: Usd,
}

/// Calls, and what they cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// What they cost.
    pub(crate) usd: Usd,
    /// Calls that cost something.
    pub(crate) calls: u64,
    /// Calls that are not over.
    pub(crate) open: u64,
}

/// What a call's record says of its end.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    /// What became of it.
    pub(crate) status: String,
    /// How well its cost is known.
    pub(crate) accuracy: String,
    /// What it cost.
    pub(crate) cost: Cost,
}

/// The part of a cost that is of interest here.
#[derive(Debug, Deserialize)]
pub(crate) struct Cost {
    /// All of it.
    pub(crate) total: Usd,
}

/// Where figures are read.
#[derive(Debug)]
pub(crate) struct Sources {
    /// The store, beside the gateway that writes it.
    pub(crate) reports: Reports,
    /// The vendor's books.
    pub(crate) books: Arc<Books>,
    /// What the gateway's file says.
    pub(crate) organization: Organization,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
}

// === impl Figures ===

impl Figures {
    /// Whether the two sides name the same amount, and nothing is under way.
    pub(crate) fn agree(&self) -> bool {
        self.billed.usd == self.charged.usd && self.charged.open == 0
    }
}

// === impl Level ===

impl Level {
    /// What neither is spent nor set aside.
    pub(crate) const fn left(&self) -> Usd {
        self.limit.saturating_sub(self.spent).saturating_sub(self.held)
    }
}

// === impl Sources ===

impl Sources {
    /// Reads all figures.
    pub(crate) async fn read(&self) -> Result<Figures, StoreError> {
        let mut budgets = Vec::new();
        for budget in &self.organization.budgets {
            budgets.push(self.level(budget).await?);
        }
        Ok(Figures { budgets, billed: self.billed(), charged: self.charged().await? })
    }

    async fn level(&self, budget: &Budget) -> Result<Level, StoreError> {
        // The demo's budgets name one spender each, so that the pattern is the name.
        let scope = Scope::new(budget.scope.kind, Name::kept(budget.scope.pattern.text()));
        let spent = self.spent_over(&scope, budget.window).await?;
        let name = Arc::from(budget.name.as_str());
        Ok(Level { name, limit: budget.limit, spent: spent.spent, held: spent.held })
    }

    /// What an agent spent.
    pub(crate) async fn spent_by(&self, agent: &str) -> Result<Sum, StoreError> {
        self.spent(Scope::new(ScopeKind::Agent, Name::kept(agent))).await
    }

    async fn charged(&self) -> Result<Sum, StoreError> {
        let organization = self.organization.id.clone();
        self.spent(Scope::new(ScopeKind::Organization, organization)).await
    }

    async fn spent(&self, scope: Scope) -> Result<Sum, StoreError> {
        let spent = self.spent_over(&scope, WINDOW).await?;
        Ok(Sum { usd: spent.spent, calls: spent.calls, open: spent.in_flight })
    }

    async fn spent_over(&self, scope: &Scope, window: Window) -> Result<Spent, StoreError> {
        let (organization, zone) = (self.organization(), &self.organization.zone);
        self.reports.spent(organization, scope, window, zone, self.now()).await
    }

    fn billed(&self) -> Sum {
        let totals = self.books.totals();
        let nanos = u64::try_from(totals.rounded_nanos()).unwrap_or(u64::MAX);
        Sum { usd: Usd::from_nanos(nanos), calls: totals.billed, open: totals.open }
    }

    /// The record of a call, once the call is over.
    pub(crate) async fn record(&self, id: TransactionId) -> Result<Option<Record>, StoreError> {
        let record = self.reports.transaction(id).await?;
        let shown = |record: Transaction| serde_json::from_str(&record.json()?);
        record.map(shown).transpose().map_err(|error| damaged(&error))
    }

    /// The organization whose figures these are.
    pub(crate) const fn organization(&self) -> &Name {
        &self.organization.id
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Damaged(format!("a record is not what it should be: {error}"))
}
