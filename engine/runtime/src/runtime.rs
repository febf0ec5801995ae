//! The runtime: what every call needs, and the one thing that changes while calls are in flight.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use reins_flight::Crew;
use reins_governor::{Clock, Ledger};
use reins_store::{Embedded, Registry, Secrets};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::RuntimeError;
use crate::idempotency::Idempotency;
use crate::pools::Pools;
use crate::refusal_log::RefusalLog;
use crate::served::Served;

/// What every call needs.
#[derive(Debug)]
pub struct Runtime<P: Pools> {
    /// The organizations that are served. A call takes its organization's version once, and never
    /// sees another.
    pub served: ArcSwap<Served<P::Pool>>,
    /// Who holds and spends what: the store.
    pub(crate) ledger: Arc<dyn Ledger>,
    /// The same, as what it is.
    pub store: Arc<Embedded>,
    /// The keys of callers.
    pub registry: Registry,
    /// The keys of vendors.
    pub(crate) secrets: Secrets,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What all flights share.
    pub crew: Crew,
    /// The calls that came with a key of their own.
    pub(crate) idempotency: Idempotency,
    /// Places for calls at once.
    pub(crate) places: Arc<Semaphore>,
    /// What the host keeps for each connection is made here.
    pub(crate) pools: P,
    /// What was logged of refusals that leave no record.
    pub(crate) refusal_log: RefusalLog,
}

// === impl Runtime ===

impl<P: Pools> Runtime<P> {
    /// Waits until the calls in flight have ended, for so long at most, and closes the store.
    pub(crate) async fn stop(&self, within: Duration) -> Result<(), RuntimeError> {
        // Calls in flight outlive their connections: their owners may still be draining.
        self.crew.owners.close();
        if timeout(within, self.crew.owners.wait()).await.is_err() {
            let left = self.crew.owners.len();
            tracing::warn!(left, "calls were still in flight when the time to stop was over");
        }
        self.store.close().await.map_err(RuntimeError::Closing)
    }
}
