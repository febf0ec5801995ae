//! Strangers: connections that have not shown a key that is known. Where all places are taken, the
//! one that has been there the longest makes room for a new one, so that whoever only opens
//! connections keeps nobody out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// How long a stranger is left alone. A client sends its request together with the end of the
/// handshake, whatever the distance: what has said nothing for so long was not opened to be used
/// now.
const GRACE: Duration = Duration::from_millis(100);

/// All strangers, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    silent: BTreeMap<u64, Silent>,
}

/// A connection that may be let go.
#[derive(Debug)]
struct Silent {
    since: Duration,
    go: Arc<Notify>,
}

/// One connection, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Visitor {
    strangers: Arc<Strangers>,
    number: u64,
    since: Duration,
    go: Arc<Notify>,
}

// === impl Strangers ===

impl Strangers {
    /// A connection that was opened now.
    pub(crate) fn arrive(self: &Arc<Self>, now: Duration) -> Visitor {
        let go = Arc::new(Notify::new());
        let mut waiting = self.0.lock();
        let number = waiting.next;
        waiting.next = number.saturating_add(1);
        waiting.silent.insert(number, Silent { since: now, go: Arc::clone(&go) });
        drop(waiting);
        Visitor { strangers: Arc::clone(self), number, since: now, go }
    }

    /// Asks the oldest stranger to go; `false` where there is none that has been left alone for long
    /// enough.
    pub(crate) fn evict_oldest(&self, now: Duration) -> bool {
        let mut waiting = self.0.lock();
        let Some(oldest) = waiting.silent.first_entry() else { return false };
        if now.saturating_sub(oldest.get().since) < GRACE {
            return false;
        }
        oldest.remove().go.notify_one();
        true
    }
}

// === impl Visitor ===

impl Visitor {
    /// A request is there, and is being looked at: it is not let go meanwhile.
    pub(crate) fn asks(&self) {
        self.strangers.0.lock().silent.remove(&self.number);
    }

    /// Its request came without a key that is known: it is as much of a stranger as before.
    pub(crate) fn is_unknown(&self) {
        let silent = Silent { since: self.since, go: Arc::clone(&self.go) };
        self.strangers.0.lock().silent.insert(self.number, silent);
    }

    /// Comes back when it is to go.
    pub(crate) async fn must_go(&self) {
        self.go.notified().await;
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.strangers.0.lock().silent.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    //! Who goes first, and who never.
    use std::sync::Arc;
    use std::time::Duration;

    use super::{GRACE, Strangers, Visitor};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    async fn goes(visitor: &Visitor) -> bool {
        tokio::time::timeout(Duration::from_millis(1), visitor.must_go()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_goes_first_and_who_is_new_is_left_alone() {
        let strangers = Arc::new(Strangers::default());
        let [first, second, third] = [1, 2, 9].map(|second| strangers.arrive(at(second)));
        let now = at(9) + GRACE / 2;
        assert!(strangers.evict_oldest(now) && strangers.evict_oldest(now));
        assert!(!strangers.evict_oldest(now), "the third came just now");
        assert!(goes(&first).await && goes(&second).await && !goes(&third).await);
    }

    #[tokio::test]
    async fn who_has_a_key_stays_and_who_left_is_forgotten() {
        let strangers = Arc::new(Strangers::default());
        let [known, unknown, gone] = [1, 2, 3].map(|second| strangers.arrive(at(second)));
        known.asks();
        unknown.asks();
        drop(gone);
        assert!(!strangers.evict_oldest(at(60)), "both are being answered");
        unknown.is_unknown();
        assert!(strangers.evict_oldest(at(60)) && !strangers.evict_oldest(at(60)));
        assert!(goes(&unknown).await && !goes(&known).await);
    }
}
