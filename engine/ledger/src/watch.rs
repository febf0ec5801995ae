//! The watch: whether the wall clock has jumped, by a monotonic clock beside it.
//!
//! A clock that is slewed drifts from the monotonic one by parts in a thousand at the most, so a
//! difference that came up at once is a jump.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far the clocks may come apart without a jump, in seconds: a leap second, and what passes
/// between reading the one and the other.
pub(crate) const TOLERANCE_SECONDS: i64 = 2;
const TOLERANCE: Duration = Duration::from_secs(TOLERANCE_SECONDS.unsigned_abs());
/// For how long the same two readings are compared with. Two seconds in ten minutes are six times
/// what NTP slews at the most.
const COMPARED_FOR: Duration = Duration::from_secs(600);

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock of this process.
    pub monotonic: Duration,
}

/// Compares glances at both clocks.
#[derive(Clone, Debug)]
pub struct Watch {
    since: Glance,
}

// === impl Watch ===

impl Watch {
    /// From now on, the clocks go together.
    #[must_use]
    pub const fn new(since: Glance) -> Self {
        Self { since }
    }

    /// By how many seconds the wall clock has jumped, rounded up, if it has.
    #[must_use]
    pub fn jumped(&self, glance: &Glance) -> Option<i64> {
        let wall = glance.wall.duration_since(self.since.wall);
        let passed = glance.monotonic.saturating_sub(self.since.monotonic);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let apart = wall.saturating_sub(passed);
        let seconds = apart.as_secs().saturating_add(i64::from(apart.subsec_nanos() > 0));
        (apart.unsigned_abs() > TOLERANCE).then_some(seconds)
    }

    /// Takes a glance that shows no jump: small differences do not add up to one.
    pub fn keep(&mut self, glance: Glance) {
        if glance.monotonic.saturating_sub(self.since.monotonic) >= COMPARED_FOR {
            self.since = glance;
        }
    }

    /// The wall clock has jumped; from now on, the clocks go together as `glance` shows them.
    pub const fn jump(&mut self, glance: Glance) {
        self.since = glance;
    }
}

#[cfg(test)]
mod tests {
    //! What is a jump, and what is not.
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::{Glance, Watch};

    fn glance(wall_ms: i64, monotonic_ms: u64) -> Glance {
        let noon = Timestamp::constant(1_800_000_000, 0);
        let wall = noon.checked_add(SignedDuration::from_millis(wall_ms)).expect("near");
        Glance { wall, monotonic: Duration::from_millis(monotonic_ms) }
    }

    #[test]
    fn a_difference_that_came_up_at_once_is_a_jump() {
        let watch = Watch::new(glance(0, 7_000));
        for (wall, monotonic, jumped) in [
            (5_000, 12_000, None),
            (90_000_000, 90_007_000, None),
            (6_999, 10_000, Some(4)),
            (-1_000, 7_000, None),
            (-2_000, 7_000, None),
            (-2_900, 7_000, Some(-2)),
            (-3_000, 7_000, Some(-3)),
            (-3_400, 7_000, Some(-3)),
            (1_000_000_000, 7_000, Some(1_000_000)),
            (0, 3_607_000, Some(-3_600)),
        ] {
            assert_eq!(watch.jumped(&glance(wall, monotonic)), jumped, "{wall} {monotonic}");
        }
    }

    #[test]
    fn drift_does_not_add_up() {
        let mut watch = Watch::new(glance(0, 0));
        for second in 0..1_000_000 {
            // 500 parts in a million, as fast as NTP slews.
            let glance = glance(second * 1_000 + second / 2, second.unsigned_abs() * 1_000);
            assert_eq!(watch.jumped(&glance), None, "after {second} s");
            watch.keep(glance);
        }
    }
}
