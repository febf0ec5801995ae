//! The drain: what a client left behind is read on for the usage at its end, within bounds.

use http_body_util::BodyExt;
use reins_governor::Ledger;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::aside::Aside;
use crate::batch::Batch;
use crate::outcome::BodyEnd;
use crate::pulse::Pulse;
use crate::{BoxedBody, Terms};

/// The rest of an answer, and who reads it.
pub(crate) struct Drain<'a, L: Ledger> {
    pub(crate) rest: BoxedBody,
    pub(crate) aside: &'a mut Aside,
    pub(crate) pulse: Pulse<'a, L>,
}

// === impl Drain ===

impl<L: Ledger> Drain<'_, L> {
    /// Reads on, where there is a place to do so, as long and as much as the terms allow.
    pub(crate) async fn run(mut self, terms: &Terms, places: &Semaphore) -> BodyEnd {
        let Ok(_place) = places.try_acquire() else { return BodyEnd::Cut };
        let mut batch = Batch::default();
        let reading = self.read(terms, &mut batch);
        let end = timeout(terms.drain_timeout, reading).await.unwrap_or(BodyEnd::Cut);
        if let Some(last) = batch.rest() {
            self.aside.feed(last).await;
        }
        end
    }

    async fn read(&mut self, terms: &Terms, batch: &mut Batch) -> BodyEnd {
        let mut read = 0_u64;
        loop {
            match self.pulse.within(terms.idle_timeout, self.rest.frame()).await {
                None => return BodyEnd::Idle,
                // Many clients leave at the end marker, without waiting for the connection.
                Some(None) if read == 0 => return BodyEnd::Whole,
                Some(None) => return BodyEnd::Drained,
                Some(Some(Err(_))) => return BodyEnd::Broken,
                Some(Some(Ok(frame))) => {
                    let Some(bytes) = frame.data_ref() else { continue };
                    read = read.saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
                    if let Some(full) = batch.add(bytes) {
                        self.aside.feed(full).await;
                    }
                    if read > terms.drain_max {
                        return BodyEnd::Cut;
                    }
                }
            }
        }
    }
}
