//! Copies of an answer on its way, sent to the owner of its call in batches.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::backlog::Followed;
use crate::batch::Batch;
use crate::outcome::BodyEnd;
use crate::owner::{Event, Lag};

/// What the owner of one call gets to see of its answer.
#[derive(Debug)]
pub(crate) struct Copies {
    owner: mpsc::UnboundedSender<Event>,
    /// Copies that the owner was not sent yet: it is woken for many pieces at once.
    batch: Batch,
    lag: Arc<Lag>,
}

// === impl Copies ===

impl Copies {
    pub(crate) fn new(owner: mpsc::UnboundedSender<Event>, lag: Arc<Lag>) -> Self {
        Self { owner, batch: Batch::default(), lag }
    }

    /// Copies a piece.
    pub(crate) fn add(&mut self, piece: &Bytes) {
        let full = self.batch.add(piece);
        self.send(full);
    }

    /// The answer has ended.
    pub(crate) fn ended(&mut self, end: BodyEnd) {
        self.last(Event::Ended(end));
    }

    /// The client has left, and the owner reads the rest.
    pub(crate) fn left(&mut self, rest: Followed) {
        self.last(Event::Left(rest));
    }

    fn last(&mut self, event: Event) {
        let rest = self.batch.rest();
        self.send(rest);
        // WHY: as in `send`.
        drop(self.owner.send(event));
    }

    fn send(&self, batch: Option<Bytes>) {
        if let Some(batch) = batch.filter(|batch| self.lag.sends(batch.len())) {
            // WHY: the owner listens until the end; if it died, the call is presumed already.
            drop(self.owner.send(Event::Batch(batch)));
        }
    }
}
