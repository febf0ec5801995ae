//! Presence: whether the client of a call is still there, and how long it has been gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Whether the client of one call is still there. Copies are of the same client.
#[derive(Clone, Debug)]
pub struct Presence(Arc<watch::Sender<Option<Instant>>>);

// === impl Presence ===

impl Presence {
    /// A client that is there.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// The client has left: now, or at the time that was said before.
    pub(crate) fn left(&self) -> Instant {
        let now = Instant::now();
        self.0.send_if_modified(|left| left.replace(left.unwrap_or(now)).is_none());
        self.0.borrow().unwrap_or(now)
    }

    /// Whether the client is still there.
    pub(crate) fn is_here(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Comes back once the client has been gone for so long: never while it is there.
    pub(crate) async fn gone_for(&self, long: Duration) {
        let left = self.0.subscribe().wait_for(Option::is_some).await.ok().and_then(|left| *left);
        match left.and_then(|left| left.checked_add(long)) {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

impl Default for Presence {
    fn default() -> Self {
        Self::new()
    }
}
