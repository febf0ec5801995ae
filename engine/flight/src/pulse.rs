//! The pulse of a call: whatever it waits for, its hold hears again and again that it is alive.

use std::pin::pin;
use std::time::Duration;

use reins_governor::{Admitted, Clock, Ledger};
use tokio::time::timeout;

/// How often a call says that it is alive, at most.
///
/// A hold lives ten minutes after its last heartbeat: sixty beats may be missed.
const BEAT_EVERY: Duration = Duration::from_secs(10);

/// Says for one call that it is alive.
pub(crate) struct Pulse<'a, L: Ledger> {
    admitted: &'a Admitted<L>,
    clock: &'a dyn Clock,
    /// When it last said so.
    beaten: Duration,
}

// === impl Pulse ===

impl<'a, L: Ledger> Pulse<'a, L> {
    pub(crate) fn new(admitted: &'a Admitted<L>, clock: &'a dyn Clock) -> Self {
        Self { admitted, clock, beaten: clock.monotonic() }
    }

    /// Waits for `work` as long as it takes.
    pub(crate) async fn through<W: Future>(&mut self, work: W) -> W::Output {
        let mut work = pin!(work);
        loop {
            let done = timeout(BEAT_EVERY, work.as_mut()).await;
            self.beat();
            if let Ok(done) = done {
                return done;
            }
        }
    }

    /// Waits for `work`, at most this long.
    pub(crate) async fn within<W: Future>(
        &mut self,
        limit: Duration,
        work: W,
    ) -> Option<W::Output> {
        let (mut work, mut left) = (pin!(work), limit);
        loop {
            let wait = left.min(BEAT_EVERY);
            let done = timeout(wait, work.as_mut()).await;
            self.beat();
            left = left.saturating_sub(wait);
            match done {
                Ok(done) => return Some(done),
                Err(_) if left.is_zero() => return None,
                Err(_) => {}
            }
        }
    }

    fn beat(&mut self) {
        let now = self.clock.monotonic();
        if now.saturating_sub(self.beaten) >= BEAT_EVERY {
            self.beaten = now;
            self.admitted.beat(self.clock.now());
        }
    }
}
