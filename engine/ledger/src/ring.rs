//! A rolling window: buckets of time that fall out of it one after the other.
//!
//! A bucket counts until it is wholly out of the window: the error is against the spender.

use std::collections::VecDeque;

use reins_governor::HoldMode;

use crate::slot::floor;
use crate::tally::Tally;
use crate::windows::Rolling;

/// Only buckets in which something happened, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    shape: Rolling,
    /// The start of the first bucket that still counts.
    since: i64,
    buckets: VecDeque<Bucket>,
    total: Tally,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    start: i64,
    tally: Tally,
}

// === impl Ring ===

impl Ring {
    pub(crate) fn new(hours: u32, now: i64) -> Self {
        let shape = Rolling::new(hours);
        let (buckets, total) = (VecDeque::new(), Tally::default());
        Self { shape, since: shape.since(now), buckets, total }
    }

    /// Lets go of what is out of the window at `now`, which never goes back.
    pub(crate) fn advance(&mut self, now: i64) {
        self.since = self.shape.since(now);
        while let Some(oldest) = self.buckets.front().filter(|oldest| oldest.start < self.since) {
            self.total.take(&oldest.tally);
            self.buckets.pop_front();
        }
    }

    /// Makes `change` in the bucket of `slot`, unless that bucket is out of the window.
    pub(crate) fn change(&mut self, slot: i64, change: impl Fn(&mut Tally)) {
        let start = floor(slot, self.shape.width);
        if start < self.since {
            return;
        }
        change(&mut self.total);
        if let Some(bucket) = self.bucket(start) {
            change(&mut bucket.tally);
        }
    }

    pub(crate) const fn covers(&self, slot: i64) -> bool {
        floor(slot, self.shape.width) >= self.since
    }

    /// The sums at `now`, which may be later than the last [`Ring::advance`].
    pub(crate) fn tally(&self, now: i64) -> Tally {
        let since = self.shape.since(now);
        let mut tally = self.total;
        for gone in self.buckets.iter().take_while(|bucket| bucket.start < since) {
            tally.take(&gone.tally);
        }
        tally
    }

    /// When so much has left the window that at most `room` nano-USD are used.
    pub(crate) fn down_to(&self, room: u128, mode: HoldMode) -> Option<i64> {
        let mut used = self.total.used_nanos(mode);
        let leaves = |bucket: &Bucket| {
            used = used.saturating_sub(bucket.tally.used_nanos(mode));
            (used <= room).then(|| self.shape.leaves(bucket.start))
        };
        self.buckets.iter().find_map(leaves)
    }

    /// When the oldest spend or hold leaves the window.
    pub(crate) fn oldest_leaves(&self) -> Option<i64> {
        let used = |bucket: &&Bucket| bucket.tally.used_nanos(HoldMode::Bound) > 0;
        self.buckets.iter().find(used).map(|bucket| self.shape.leaves(bucket.start))
    }

    /// Whether the total is the sum of the buckets, in order and in the window.
    pub(crate) fn is_sound(&self) -> bool {
        let mut sum = Tally::default();
        self.buckets.iter().for_each(|bucket| sum.add(&bucket.tally));
        let kept = self.buckets.iter().all(|bucket| bucket.start >= self.since);
        sum == self.total && kept && self.buckets.iter().is_sorted_by(|a, b| a.start < b.start)
    }

    pub(crate) const fn total(&self) -> Tally {
        self.total
    }

    /// The bucket beginning at `start`; nearly always the newest.
    fn bucket(&mut self, start: i64) -> Option<&mut Bucket> {
        let after = self.buckets.iter().rposition(|bucket| bucket.start <= start);
        let at = after.filter(|at| self.buckets.get(*at).is_some_and(|b| b.start == start));
        let at = at.unwrap_or_else(|| {
            let at = after.map_or(0, |after| after + 1);
            self.buckets.insert(at, Bucket { start, tally: Tally::default() });
            at
        });
        self.buckets.get_mut(at)
    }
}
