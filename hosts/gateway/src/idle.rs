//! Idle wires: connections to one vendor that are kept open with nothing to do.
//!
//! Each runtime has its own: a wire is woken by the one that it was opened on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id};
use tokio::time::sleep;

use crate::wire::Wire;

/// Wires that a runtime keeps.
///
/// As many as calls may be in flight to one vendor on one core before opening a connection for
/// each becomes the smaller cost.
const WIRES_MAX: usize = 1024;

/// How long they are kept.
///
/// Shorter than the 60 s after which common load balancers close from their side, so that a call
/// rarely meets a connection that is being closed.
const LIFE: Duration = Duration::from_secs(50);

/// Wires to one vendor that nobody uses.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    kept: Mutex<HashMap<Id, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Each with when it was last used, in that order.
    wires: VecDeque<(Instant, Wire)>,
    /// Somebody closes those that grow old.
    swept: bool,
}

// === impl Idle ===

impl Idle {
    /// Takes the one that was used last, if it is still open.
    pub(crate) async fn take(&self) -> Option<Wire> {
        loop {
            let here = Handle::current().id();
            let (since, mut wire) = self.kept.lock().get_mut(&here)?.wires.pop_back()?;
            if since.elapsed() < LIFE && wire.is_open().await {
                return Some(wire);
            }
        }
    }

    /// Keeps one that can be used again.
    pub(crate) fn keep(self: &Arc<Self>, wire: Wire) {
        let here = Handle::current().id();
        let mut all = self.kept.lock();
        let kept = all.entry(here).or_default();
        if kept.wires.len() >= WIRES_MAX {
            kept.wires.pop_front();
        }
        kept.wires.push_back((Instant::now(), wire));
        let was_swept = std::mem::replace(&mut kept.swept, true);
        drop(all);
        if !was_swept {
            tokio::spawn(sweep(Arc::downgrade(self), here));
        }
    }

    /// Closes the ones that grew old; answers whether any are left.
    fn close_old(&self, here: Id) -> bool {
        let mut all = self.kept.lock();
        let kept = all.entry(here).or_default();
        let old = |(since, _): &mut (Instant, Wire)| since.elapsed() >= LIFE;
        while kept.wires.pop_front_if(old).is_some() {}
        kept.swept = !kept.wires.is_empty();
        kept.swept
    }
}

/// Closes old wires until there are none, or nobody wants them any more.
async fn sweep(idle: Weak<Idle>, here: Id) {
    loop {
        sleep(LIFE).await;
        let left = idle.upgrade().is_some_and(|idle| idle.close_old(here));
        if !left {
            return;
        }
    }
}
