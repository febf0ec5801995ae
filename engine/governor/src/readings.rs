//! Readings: spend as it stood when a hold was taken.

use jiff::Timestamp;
use minicbor::{Decode, Encode};
use serde::Serialize;
use smallvec::SmallVec;

use crate::{Scope, ScopeKind, Usd, Window, form};

/// A figure of spend that some policy reads, declared so that the ledger counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadKey {
    /// Whose spend: the caller's own scope of this kind.
    pub kind: ScopeKind,
    /// Over which time.
    pub window: Window,
}

/// Spend of one scope over one window, one's own hold and all earlier ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Charged.
    pub spent: Usd,
    /// Set aside for calls in flight, this one included.
    pub held: Usd,
    /// Calls, those in flight and this one included.
    pub calls: u64,
}

/// One reading per declared key, in the order of the declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings(pub SmallVec<[Reading; 4]>);

/// What was read of spend for a call, as a record has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct SpendRead {
    /// Whose spend: the caller's own scope of this kind.
    #[serde(rename = "scope")]
    #[n(0)]
    pub kind: ScopeKind,
    /// Over which time.
    #[n(1)]
    pub window: Window,
    /// Charged.
    #[cbor(n(2), skip_if = "form::is_default")]
    pub spent: Usd,
    /// Set aside for calls in flight, the call itself included.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub held: Usd,
    /// Calls, those in flight and the call itself included.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub calls: u64,
}

/// How one budget stands for one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which budget, by its index in the snapshot.
    pub budget: usize,
    /// Whose.
    pub scope: Scope,
    /// Charged in this window.
    pub spent: Usd,
    /// Set aside, this call included.
    pub held: Usd,
    /// The limit.
    pub limit: Usd,
    /// When the window's oldest spend falls out of it, at the earliest.
    pub resets_at: Option<Timestamp>,
}

// === impl Reading ===

impl Reading {
    /// Charged and set aside together.
    #[must_use]
    pub const fn used(&self) -> Usd {
        self.spent.saturating_add(self.held)
    }
}

// === impl Readings ===

impl Readings {
    /// The reading of the key that was declared at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Reading> {
        self.0.get(index)
    }
}

// === impl SpendRead ===

impl SpendRead {
    pub(crate) const fn new(key: ReadKey, reading: Reading) -> Self {
        let (ReadKey { kind, window }, Reading { spent, held, calls }) = (key, reading);
        Self { kind, window, spent, held, calls }
    }
}

// === impl Standing ===

impl Standing {
    /// What neither is spent nor set aside.
    #[must_use]
    pub const fn left(&self) -> Usd {
        self.limit.saturating_sub(self.spent).saturating_sub(self.held)
    }
}
