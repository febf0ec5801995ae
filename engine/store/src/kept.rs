//! A transaction as it is kept: its whole text, beside the columns it is looked up and summed by.

use std::sync::Arc;

use jiff::Timestamp;
use reins_governor::{
    Action, Name, Scope, ScopeKind, Scopes, Status, Transaction, TransactionId, Usage, Usd,
};
use serde::Deserialize;

/// A record or a draft, encoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) columns: Columns,
    /// The JSON object, as journal and database hold it.
    pub(crate) text: Box<str>,
}

/// The part of a transaction that has columns of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Columns {
    pub(crate) id: TransactionId,
    pub(crate) organization: Name,
    pub(crate) team: Option<Name>,
    pub(crate) agent: Name,
    pub(crate) user: Option<Name>,
    pub(crate) session: Option<Name>,
    pub(crate) key_name: Name,
    pub(crate) vendor: Arc<str>,
    pub(crate) model_asked: Arc<str>,
    pub(crate) model_used: Arc<str>,
    pub(crate) tokens: Usage,
    pub(crate) cost: Total,
    pub(crate) status: Status,
    pub(crate) action: Action,
    pub(crate) policy: Option<Arc<str>>,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) bound: Option<Usd>,
    pub(crate) attempts: Vec<Try>,
    pub(crate) at: Timestamp,
}

/// The charge, without its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Total {
    pub(crate) total: Usd,
}

/// One try at the vendor: which, and what was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Try {
    pub(crate) number: u32,
    pub(crate) held: Usd,
}

// === impl Kept ===

impl Kept {
    /// Encodes a transaction.
    pub(crate) fn of(transaction: &Transaction) -> serde_json::Result<Self> {
        let text = transaction.json()?.into_boxed_str();
        Ok(Self { columns: Columns::of(transaction), text })
    }

    /// Reads back what [`Kept::of`] encoded.
    pub(crate) fn read(text: &str) -> serde_json::Result<Self> {
        Ok(Self { columns: serde_json::from_str(text)?, text: text.into() })
    }
}

// === impl Columns ===

impl Columns {
    fn of(from: &Transaction) -> Self {
        let (opening, who) = (&from.opening, &*from.opening.who);
        let attempts = from.attempts.iter();
        Self {
            id: opening.id,
            organization: who.organization.clone(),
            team: who.team.clone(),
            agent: who.agent.clone(),
            user: who.user.clone(),
            session: who.session.clone(),
            key_name: who.key_name.clone(),
            vendor: Arc::clone(&opening.call.vendor),
            model_asked: Arc::clone(&opening.model_asked),
            model_used: Arc::clone(&from.model_used),
            tokens: from.tokens,
            cost: Total { total: from.cost.total },
            status: from.status,
            action: opening.action,
            policy: opening.policy.clone(),
            rule: opening.rule.clone(),
            bound: opening.bound,
            attempts: attempts.map(|one| Try { number: one.number, held: one.held }).collect(),
            at: opening.at,
        }
    }

    /// The try under way, or the last one.
    pub(crate) fn last_try(&self) -> Try {
        self.attempts.last().copied().unwrap_or(Try { number: 0, held: Usd::ZERO })
    }

    /// The most that the last try can cost: where a budget holds what is typical, that is more than
    /// was set aside.
    pub(crate) fn most(&self) -> Usd {
        self.last_try().held.max(self.bound.unwrap_or_default())
    }

    /// Every scope the call touches.
    pub(crate) fn scopes(&self) -> Scopes {
        let scope = |kind| Some(Scope::new(kind, self.name(kind)?.clone()));
        ScopeKind::ALL.into_iter().filter_map(scope).collect()
    }

    /// The call's name in scopes of `kind`.
    pub(crate) fn name(&self, kind: ScopeKind) -> Option<&Name> {
        match kind {
            ScopeKind::Key => Some(&self.key_name),
            ScopeKind::Session => self.session.as_ref(),
            ScopeKind::User => self.user.as_ref(),
            ScopeKind::Agent => Some(&self.agent),
            ScopeKind::Team => self.team.as_ref(),
            ScopeKind::Organization => Some(&self.organization),
        }
    }
}
