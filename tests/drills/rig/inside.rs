//! A gateway inside the drill's own process, for drills that look into its books or turn its clock.

use std::net::SocketAddr;
use std::sync::Arc;

use reins_gateway::{Gateway, ServeError};
use reins_governor::Clock;
use reins_runtime::{Accepted, MachineClock, Start};
use reins_store::Embedded;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{BETA_KEY, KEY, Kept, Site, VENDOR_KEY};

/// A gateway that serves.
pub(crate) struct Inside {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Arc<Embedded>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServeError>>,
}

fn variable(name: &str) -> Option<String> {
    match name {
        "REINS_KEY" => Some(KEY.to_owned()),
        "BETA_KEY" => Some(BETA_KEY.to_owned()),
        "VENDOR_KEY" => Some(VENDOR_KEY.to_owned()),
        _ => None,
    }
}

/// A gateway's start, by the machine's own clock.
fn start_of(site: &Site) -> Start {
    let clock: Arc<dyn Clock> = Arc::new(MachineClock::new());
    Start {
        config: site.file(),
        variables: Arc::new(variable),
        clock,
        accepted: Accepted::default(),
    }
}

// === impl Inside ===

impl Inside {
    pub(crate) async fn start(site: &Site) -> Self {
        Self::with(start_of(site)).await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// A gateway on a file that may be refused.
    pub(crate) async fn try_start(site: &Site) -> Result<Self, ServeError> {
        Self::with(start_of(site)).await
    }

    pub(crate) async fn at(site: &Site, clock: Arc<dyn Clock>) -> Self {
        let started = Self::with(Start { clock, ..start_of(site) }).await;
        started.unwrap_or_else(|error| panic!("{error:?}"))
    }

    async fn with(start: Start) -> Result<Self, ServeError> {
        let gateway = Gateway::start(start, None).await?;
        let (address, ledger) = (gateway.address(), Arc::clone(gateway.ledger()));
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(gateway.run(async {
            drop(stopped.await);
        }));
        Ok(Self { address, ledger, stop, running })
    }

    /// What is kept, once everything so far is.
    pub(crate) async fn kept(&self, site: &Site) -> Kept {
        super::until("no call is open", async || self.ledger.health().in_flight == 0).await;
        self.ledger.flush().await.unwrap();
        Kept::of(site)
    }

    /// Stops in order; the books must add up.
    pub(crate) async fn stop(self) {
        self.ledger.check().await.unwrap();
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }
}
