//! Idle wires: connections to one vendor that are kept open with nothing to do.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::wire::Wire;

/// Wires that are kept.
///
/// As many as calls may be in flight to one vendor on one machine before opening a connection for
/// each becomes the smaller cost.
const WIRES_MAX: usize = 1024;

/// How long they are kept.
///
/// Shorter than the 60 s after which common load balancers close from their side, so that a call
/// rarely meets a connection that is being closed.
const LIFE: Duration = Duration::from_secs(50);

/// Wires to one vendor that nobody uses.
#[derive(Debug)]
pub(crate) struct Idle {
    kept: Mutex<Kept>,
    /// Limits the idle wires of all vendors together.
    room: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Each with when it was last used, in that order.
    wires: VecDeque<(Instant, Resting)>,
    /// Somebody closes those that grow old.
    swept: bool,
}

/// An idle wire, counted in the room of all.
#[derive(Debug)]
struct Resting {
    wire: Wire,
    _place: OwnedSemaphorePermit,
}

// === impl Idle ===

impl Idle {
    pub(crate) fn new(room: Arc<Semaphore>) -> Self {
        Self { kept: Mutex::default(), room }
    }

    /// Takes the one that was used last, if it is still open.
    pub(crate) async fn take(&self) -> Option<Wire> {
        loop {
            let (since, Resting { mut wire, _place }) = self.kept.lock().wires.pop_back()?;
            if since.elapsed() < LIFE && wire.is_open().await {
                return Some(wire);
            }
        }
    }

    /// Keeps one that can be used again; closes it where there is no room.
    pub(crate) fn keep(self: &Arc<Self>, wire: Wire) {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return };
        let wire = Resting { wire, _place: place };
        let mut kept = self.kept.lock();
        if kept.wires.len() >= WIRES_MAX {
            kept.wires.pop_front();
        }
        kept.wires.push_back((Instant::now(), wire));
        let was_swept = std::mem::replace(&mut kept.swept, true);
        drop(kept);
        if !was_swept {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Closes the ones that grew old; answers whether any are left.
    fn close_old(&self) -> bool {
        let mut kept = self.kept.lock();
        let old = |(since, _): &mut (Instant, Resting)| since.elapsed() >= LIFE;
        while kept.wires.pop_front_if(old).is_some() {}
        kept.swept = !kept.wires.is_empty();
        kept.swept
    }
}

/// Closes old wires until there are none, or nobody wants them any more.
async fn sweep(idle: Weak<Idle>) {
    loop {
        sleep(LIFE).await;
        let left = idle.upgrade().is_some_and(|idle| idle.close_old());
        if !left {
            return;
        }
    }
}
