//! The desk: what every call needs, and the one thing that changes while calls are in flight.

use std::sync::Arc;

use arc_swap::ArcSwap;
use reins_flight::Crew;
use reins_governor::{Clock, Ledger};
use reins_store::{Embedded, Registry};
use tokio::sync::Semaphore;

use crate::idempotency::Repeats;
use crate::room::Room;
use crate::served::Served;
use reins_runtime::RefusalLog;

/// What every call needs.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The organizations that are served. A call takes its organization's version once, and never
    /// sees another.
    pub(crate) served: ArcSwap<Served>,
    /// Who holds and spends what: the store.
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) store: Arc<Embedded>,
    pub(crate) registry: Registry,
    pub(crate) secrets: reins_store::Secrets,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) crew: Crew,
    pub(crate) repeats: Repeats,
    /// Places for calls at once.
    pub(crate) places: Arc<Semaphore>,
    /// Room for the bodies of their requests.
    pub(crate) room: Room,
    /// Limits the idle connections to all vendors of all organizations together.
    pub(crate) idle_room: Arc<Semaphore>,
    /// What was told of refusals that leave no record.
    pub(crate) refusal_log: RefusalLog,
}
