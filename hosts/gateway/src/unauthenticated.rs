//! Unauthenticated connections: those that have not shown a known key. Where all places are taken,
//! the oldest of them is closed for a new one, so that idle strangers keep no caller out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// How old a connection is at least when it is evicted. A client sends its request together with
/// the last packet of the handshake, whatever the distance: after this time a silent connection was
/// not opened for a call.
const AGE_MIN: Duration = Duration::from_millis(100);

/// All unauthenticated connections that wait for a request, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Unauthenticated(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    connections: BTreeMap<u64, Evictable>,
}

#[derive(Debug)]
struct Evictable {
    since: Duration,
    evicted: Arc<Notify>,
}

/// One connection, from its beginning to its end. Dropping it removes it from the list.
#[derive(Debug)]
pub(crate) struct Listed {
    list: Arc<Unauthenticated>,
    number: u64,
    since: Duration,
    evicted: Arc<Notify>,
    /// Whether it is on the list: later requests on it need not take the lock.
    on_list: AtomicBool,
}

// === impl Unauthenticated ===

impl Unauthenticated {
    /// Lists a connection that was accepted now.
    pub(crate) fn list(self: &Arc<Self>, now: Duration) -> Listed {
        let evicted = Arc::new(Notify::new());
        let mut waiting = self.0.lock();
        let number = waiting.next;
        waiting.next = number.saturating_add(1);
        let evictable = Evictable { since: now, evicted: Arc::clone(&evicted) };
        waiting.connections.insert(number, evictable);
        drop(waiting);
        let on_list = AtomicBool::new(true);
        Listed { list: Arc::clone(self), number, since: now, evicted, on_list }
    }

    /// Evicts the oldest connection; `false` where there is none of at least [`AGE_MIN`].
    pub(crate) fn evict_oldest(&self, now: Duration) -> bool {
        let mut waiting = self.0.lock();
        let Some(oldest) = waiting.connections.first_entry() else { return false };
        if now.saturating_sub(oldest.get().since) < AGE_MIN {
            return false;
        }
        oldest.remove().evicted.notify_one();
        true
    }
}

// === impl Listed ===

impl Listed {
    /// Takes the connection off the list: a request is being answered, or its key was known.
    pub(crate) fn protect(&self) {
        if self.on_list.swap(false, Ordering::Relaxed) {
            self.list.0.lock().connections.remove(&self.number);
        }
    }

    /// Puts the connection on the list again, at its old place: its request had no known key.
    pub(crate) fn expose(&self) {
        let evictable = Evictable { since: self.since, evicted: Arc::clone(&self.evicted) };
        self.list.0.lock().connections.insert(self.number, evictable);
        self.on_list.store(true, Ordering::Relaxed);
    }

    /// Completes when the connection is evicted.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.protect();
    }
}

#[cfg(test)]
mod tests {
    //! Which connection is evicted first, and which never.
    use std::sync::Arc;
    use std::time::Duration;

    use super::{AGE_MIN, Listed, Unauthenticated};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    async fn is_evicted(connection: &Listed) -> bool {
        tokio::time::timeout(Duration::from_millis(1), connection.evicted()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_is_evicted_first_and_a_new_one_never() {
        let list = Arc::new(Unauthenticated::default());
        let [first, second, third] = [1, 2, 9].map(|second| list.list(at(second)));
        let now = at(9) + AGE_MIN / 2;
        assert!(list.evict_oldest(now) && list.evict_oldest(now));
        assert!(!list.evict_oldest(now), "the third was accepted just now");
        assert!(is_evicted(&first).await && is_evicted(&second).await);
        assert!(!is_evicted(&third).await);
    }

    #[tokio::test]
    async fn a_known_key_protects_and_a_closed_connection_is_forgotten() {
        let list = Arc::new(Unauthenticated::default());
        let [known, unknown, closed] = [1, 2, 3].map(|second| list.list(at(second)));
        known.protect();
        unknown.protect();
        drop(closed);
        assert!(!list.evict_oldest(at(60)), "both are being answered");
        unknown.expose();
        assert!(list.evict_oldest(at(60)) && !list.evict_oldest(at(60)));
        assert!(is_evicted(&unknown).await && !is_evicted(&known).await);
    }
}
