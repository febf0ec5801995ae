//! Samples: what the tests of every crate begin with. Behind the feature `samples`, which only
//! dev-dependencies ask for.

pub mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{Clock, Environment, Identity, KeyId, Name};

/// A clock that only moves when a test turns it.
#[derive(Debug)]
pub struct HandClock {
    start: Timestamp,
    /// Seconds that have passed since.
    passed: AtomicI64,
    /// Seconds by which the wall clock has jumped since.
    jumped: AtomicI64,
}

// === impl HandClock ===

impl HandClock {
    /// A clock that shows this time, such as `2026-03-01T11:00:00Z`.
    ///
    /// # Panics
    /// Where the text is no time.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test writes the time down")]
    pub fn at(time: &str) -> Arc<Self> {
        let time: Timestamp = time.parse().expect(time);
        Arc::new(Self { start: time, passed: AtomicI64::new(0), jumped: AtomicI64::new(0) })
    }

    /// Lets so many seconds pass.
    pub fn turn(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sets the wall clock ahead by so many seconds, or back. No time passes.
    pub fn jump(&self, seconds: i64) {
        self.jumped.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        let passed = self.passed.load(Ordering::Relaxed);
        let since = passed.saturating_add(self.jumped.load(Ordering::Relaxed));
        self.start.saturating_add(SignedDuration::from_secs(since)).unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.passed.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// An agent of the organization `acme`, with nothing else known of its caller.
#[must_use]
pub fn caller(agent: &str) -> Identity {
    Identity {
        organization: "acme".into(),
        team: None,
        agent: Name::kept(agent),
        user: None,
        session: None,
        parent: None,
        key: KeyId("key_ci".into()),
        key_name: "ci".into(),
        environment: Environment::Live,
        roles: [].into(),
        metadata: None,
        observe: false,
    }
}
