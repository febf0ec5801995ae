//! A meter aside: it works on a thread where nobody waits, and is waited for only so long.
//!
//! A thread that carries calls must never be held up by what reads their answers: its timers, its
//! sockets and every other call on it would stand still. So each meter works in the runtime's pool
//! for blocking work, one batch at a time; one that hangs holds up one thread there, and its own
//! call is presumed.

use std::time::Duration;

use bytes::Bytes;
use reins_dialects::Metered;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::metering::{Metering, unmetered};

/// A meter that is given its answer in batches.
pub(crate) struct Aside {
    state: State,
    /// Batches that it was not given yet.
    waiting: Vec<Bytes>,
    /// How long it may take for a batch.
    patience: Duration,
}

enum State {
    Free(Metering),
    Busy(JoinHandle<Metering>),
    /// It hung, or its runtime ended.
    Lost,
}

/// A meter, and what it has still to read.
pub(crate) struct Rest {
    metering: Metering,
    batches: Vec<Bytes>,
}

// === impl Rest ===

impl Rest {
    /// Reads it: what the whole answer consumed.
    pub(crate) fn read(self) -> Metered {
        read(self.metering, &self.batches).finish()
    }
}

// === impl Aside ===

impl Aside {
    pub(crate) const fn new(metering: Metering, patience: Duration) -> Self {
        Self { state: State::Free(metering), waiting: Vec::new(), patience }
    }

    /// Gives the meter more to read. The newest batch is kept back: most streams have only one,
    /// which [`Aside::finish`] reads in the same step.
    ///
    /// Dropped while it waits, this has lost nothing.
    pub(crate) async fn feed(&mut self, batch: Bytes) {
        self.waiting.push(batch);
        if self.waiting.len() < 2 {
            return;
        }
        let free = self.free().await;
        let batches = std::mem::take(&mut self.waiting);
        if let Some(metering) = free {
            self.state = State::Busy(spawn_blocking(move || read(metering, &batches)));
        }
    }

    /// What the answer consumed. After a fault, or too long a wait: nothing is known.
    pub(crate) async fn finish(self) -> Metered {
        let patience = self.patience;
        let Some(rest) = self.rest().await else { return unmetered() };
        match timeout(patience, spawn_blocking(move || rest.read())).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => given_up(),
        }
    }

    /// What is left to be read, for whoever goes to such a thread to do it; nothing, where the
    /// meter is lost.
    pub(crate) async fn rest(mut self) -> Option<Rest> {
        let metering = self.free().await?;
        Some(Rest { metering, batches: self.waiting })
    }

    /// The meter, once it is done with what it has.
    async fn free(&mut self) -> Option<Metering> {
        if let State::Busy(reading) = &mut self.state {
            self.state = match timeout(self.patience, reading).await {
                Ok(Ok(metering)) => State::Free(metering),
                Ok(Err(_)) | Err(_) => {
                    given_up();
                    State::Lost
                }
            };
        }
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Free(metering) => Some(metering),
            State::Busy(_) | State::Lost => None,
        }
    }
}

fn read(mut metering: Metering, batches: &[Bytes]) -> Metering {
    batches.iter().for_each(|batch| metering.feed(batch));
    metering
}

fn given_up() -> Metered {
    tracing::error!("a meter hangs: its call will be presumed");
    unmetered()
}
