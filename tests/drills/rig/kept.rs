//! What Reins kept: the other side of the books.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reins_governor::{Name, Scope, ScopeKind, Usd, Window};
use reins_runtime::MachineClock;
use reins_store::{Embedded, OpenOptions, Registry, Reports, RootSecret, Totals};
use serde_json::Value;

use super::Site;

/// The store of a site, read beside its server or after it.
pub(crate) struct Kept(Reports);

// === impl Kept ===

impl Kept {
    pub(crate) fn of(site: &Site) -> Self {
        Self(Reports::open(&site.store(), &MachineClock::new()).unwrap())
    }

    pub(crate) async fn totals(&self) -> Totals {
        self.totals_of("acme").await
    }

    /// What an organization's calls come to.
    pub(crate) async fn totals_of(&self, organization: &str) -> Totals {
        self.0.totals(&Name::kept(organization)).await.unwrap()
    }

    /// The record of a call; `None` while there is none.
    pub(crate) async fn record(&self, id: &str) -> Option<Value> {
        let found = self.0.transaction(id.parse().unwrap()).await.unwrap()?;
        Some(serde_json::from_str(&found.json().unwrap()).unwrap())
    }

    /// What a session was charged, in nano-dollars, and its calls.
    pub(crate) async fn session(&self, name: &str) -> (u64, u64) {
        self.session_of("acme", name).await
    }

    /// The same of another organization.
    pub(crate) async fn session_of(&self, organization: &str, name: &str) -> (u64, u64) {
        let scope = Scope::new(ScopeKind::Session, Name::kept(name));
        let (of, utc) = (Name::kept(organization), TimeZone::UTC);
        let spent = self.0.spent(&of, &scope, Window::Monthly, &utc, now()).await.unwrap();
        (spent.spent.nanos(), spent.calls)
    }

    /// Fails where what is kept contradicts itself.
    pub(crate) async fn check(&self) {
        self.0.check().await.unwrap_or_else(|mismatch| panic!("{mismatch}"));
    }
}

fn now() -> Timestamp {
    reins_governor::Clock::now(&MachineClock::new())
}

/// Opens the store as a restart does, and checks what it finds: how many calls it presumed, and
/// what everything comes to.
pub(crate) async fn reopened(site: &Site) -> (u64, Totals) {
    let ledger = open(site).await;
    let presumed = ledger.recovered().presumed;
    ledger.check().await.unwrap_or_else(|mismatch| panic!("{mismatch}"));
    assert_eq!(ledger.health().in_flight, 0);
    ledger.close().await.unwrap();
    let totals = Kept::of(site).totals().await;
    assert_eq!((totals.held, totals.in_flight), (Usd::ZERO, 0), "something is still held");
    (presumed, totals)
}

/// The keys of a store, as the commands reach them.
pub(crate) async fn registry(site: &Site) -> Registry {
    let root = RootSecret::of_store(&site.store(), |_| None).unwrap();
    Registry::open(&site.store(), &root, Arc::new(MachineClock::new())).await.unwrap()
}

async fn open(site: &Site) -> Arc<Embedded> {
    let options = OpenOptions::new(site.store(), Arc::new(MachineClock::new()));
    Embedded::open(options).await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// An amount of a record, in nano-dollars.
pub(crate) fn nanos(amount: &Value) -> u64 {
    match amount {
        Value::String(text) => text.parse::<Usd>().unwrap().nanos(),
        other => other.as_u64().unwrap_or_else(|| panic!("`{other}` is no amount")),
    }
}

/// Nano-dollars as people read them.
pub(crate) fn text(nanos: u64) -> String {
    format!("${}", Usd::from_nanos(nanos))
}
