//! The pulse of a call: whatever it waits for, its hold hears again and again that it is alive.

use std::pin::pin;
use std::time::Duration;

use reins_governor::{Admitted, Clock};
use tokio::time::{sleep, timeout};

use crate::Presence;

/// How often a call says that it is alive, at most.
///
/// A hold lives ten minutes after its last heartbeat: sixty beats may be missed.
const BEAT_EVERY: Duration = Duration::from_secs(10);

/// Says for one call that it is alive.
pub(crate) struct Pulse<'a> {
    admitted: &'a Admitted,
    clock: &'a dyn Clock,
    /// When it last said so.
    beaten: Duration,
    /// The client, and how long the call goes on after it left.
    client: Option<(&'a Presence, Duration)>,
}

/// Why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late {
    /// Its time limit has passed.
    TimedOut,
    /// The client left, and the drain timeout has passed since.
    GivenUp,
}

// === impl Pulse ===

impl<'a> Pulse<'a> {
    pub(crate) fn new(admitted: &'a Admitted, clock: &'a dyn Clock) -> Self {
        Self { admitted, clock, beaten: clock.monotonic(), client: None }
    }

    /// The same for a call that goes on for `drain` after its client left.
    pub(crate) const fn of_client(mut self, client: &'a Presence, drain: Duration) -> Self {
        self.client = Some((client, drain));
        self
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
    ) -> Result<W::Output, Late> {
        let (mut work, mut gone) = (pin!(work), pin!(gone(self.client)));
        let mut left = limit;
        loop {
            let wait = left.min(BEAT_EVERY);
            let done = tokio::select! {
                biased;
                done = work.as_mut() => Ok(done),
                () = gone.as_mut() => Err(Late::GivenUp),
                () = sleep(wait) => Err(Late::TimedOut),
            };
            self.beat();
            left = left.saturating_sub(wait);
            match done {
                Err(Late::TimedOut) if !left.is_zero() => {}
                done => return done,
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

/// Returns once the client has been gone for as long as the call goes on without it.
async fn gone(client: Option<(&Presence, Duration)>) {
    match client {
        Some((client, drain)) => client.gone_for(drain).await,
        None => std::future::pending().await,
    }
}
