//! Whether the client of a call is still connected, and since when it is not.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Whether the client of one call is still connected. Clones are of the same client.
#[derive(Clone, Debug)]
pub struct Presence(Arc<watch::Sender<Option<Instant>>>);

// === impl Presence ===

impl Presence {
    /// A client that is connected.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// The client has left: now, unless it had left before.
    pub(crate) fn left(&self) -> Instant {
        let now = Instant::now();
        self.0.send_if_modified(|left| left.replace(left.unwrap_or(now)).is_none());
        self.0.borrow().unwrap_or(now)
    }

    /// Whether the client is still connected.
    pub(crate) fn is_here(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Returns once the client has been gone for so long, and never while it is connected.
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
