//! Limits: how many calls a second somebody may make.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gcra::clock::{Clock, Reference};
use gcra::middleware::NoOpMiddleware;
use gcra::nanos::Nanos;
use gcra::state::keyed::DashMapStateStore;
use gcra::{Quota, RateLimiter};
use reins_governor::{Identity, Name, Pattern, Scope, ScopeKind};

/// Calls after which names that have been quiet are forgotten.
const CALLS_PER_TIDYING: u64 = 16_384;

/// The latest time that can be shown, some 290 years: the limiter adds to it unchecked.
const NANOS_MAX: u64 = u64::MAX / 2;

/// How many calls a second a scope may make. Each name that the pattern matches has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What kind of caller.
    pub kind: ScopeKind,
    /// Which ones.
    pub pattern: Pattern,
    /// So many in the long run.
    pub calls_per_second: NonZeroU32,
    /// So many at once, after a pause.
    pub burst: NonZeroU32,
}

/// The limits of one organization.
#[derive(Debug)]
pub struct Limits {
    /// Narrow scopes first: a call refused to an agent takes nothing from the organization.
    buckets: Box<[Arc<Buckets>]>,
    clock: Dial,
    calls: AtomicU64,
}

/// One limit, and a bucket for each name.
struct Buckets {
    limit: Limit,
    bucket: Bucket,
}

type Bucket = RateLimiter<Name, DashMapStateStore<Name>, Dial, NoOpMiddleware<Instant>>;

/// A clock that shows the latest time it was told.
#[derive(Clone, Debug, Default)]
struct Dial(Arc<AtomicU64>);

/// Nanoseconds from an origin; unlike the limiter's own, they never overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Instant(u64);

// === impl Limits ===

impl Limits {
    /// These limits, all of which hold.
    #[must_use]
    pub fn new(limits: Vec<Limit>) -> Self {
        Self::made(limits, Dial::default(), Vec::new())
    }

    /// Other limits in place of these: one that stays as it was goes on from where it stands.
    #[must_use]
    pub fn replaced_by(&self, limits: Vec<Limit>) -> Self {
        Self::made(limits, self.clock.clone(), self.buckets.to_vec())
    }

    fn made(mut limits: Vec<Limit>, clock: Dial, mut before: Vec<Arc<Buckets>>) -> Self {
        limits.sort_by_key(|limit| limit.kind);
        let same = |limit| match before.iter().position(|buckets| buckets.limit == limit) {
            // Each goes on once, should there be two of the same.
            Some(index) => before.swap_remove(index),
            None => Arc::new(Buckets::new(limit, &clock)),
        };
        let buckets = limits.into_iter().map(same).collect();
        Self { buckets, clock, calls: AtomicU64::new(0) }
    }

    /// Counts a call of `identity` at `now`, on a clock that never goes back.
    ///
    /// # Errors
    /// Whose limit is reached, and after how long the next call may come.
    pub fn take(&self, identity: &Identity, now: Duration) -> Result<(), (Scope, Duration)> {
        self.clock.turn(now);
        if self.calls.fetch_add(1, Ordering::Relaxed) % CALLS_PER_TIDYING == CALLS_PER_TIDYING - 1 {
            self.tidy();
        }
        self.buckets.iter().try_for_each(|buckets| buckets.take(identity))
    }

    /// Forgets the names that have been quiet for so long that their bucket is full again.
    pub fn tidy(&self) {
        self.buckets.iter().for_each(|buckets| buckets.bucket.retain_recent());
    }

    /// How many names are remembered, over all limits.
    #[must_use]
    pub fn names(&self) -> usize {
        self.buckets.iter().map(|buckets| buckets.bucket.len()).sum()
    }
}

// === impl Buckets ===

impl Buckets {
    fn new(limit: Limit, clock: &Dial) -> Self {
        let quota = Quota::per_second(limit.calls_per_second).allow_burst(limit.burst);
        let bucket = RateLimiter::dashmap_with_clock(quota, clock.clone());
        Self { limit, bucket }
    }

    fn take(&self, identity: &Identity) -> Result<(), (Scope, Duration)> {
        let name = identity.name(self.limit.kind);
        let Some(name) = name.filter(|name| self.limit.pattern.matches(name)) else {
            return Ok(());
        };
        self.bucket.check_key(name).map_err(|until| {
            let wait = until.wait_time_from(self.bucket.clock().now());
            (Scope::new(self.limit.kind, name.clone()), wait)
        })
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets").field("limit", &self.limit).finish_non_exhaustive()
    }
}

// === impl Dial ===

impl Dial {
    fn turn(&self, now: Duration) {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_max(nanos.min(NANOS_MAX), Ordering::Relaxed);
    }
}

impl Clock for Dial {
    type Instant = Instant;

    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::Relaxed))
    }
}

// === impl Instant ===

impl std::ops::Add<Nanos> for Instant {
    type Output = Self;

    fn add(self, other: Nanos) -> Self {
        Self(self.0.saturating_add(other.as_u64()))
    }
}

impl Reference for Instant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Nanos::new(self.0.saturating_sub(earlier.0))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration.as_u64()))
    }
}

#[cfg(test)]
mod tests;
