//! Detection of jumps of the wall clock, by comparison with the monotonic clock of the process.
//!
//! Slewing moves the wall clock away from the monotonic one by parts in a thousand at the most; a
//! larger difference within minutes is a jump.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far the two clocks may come apart without a jump, in seconds: one for a leap second, one for
/// slewing and for the time between the two readings.
pub(crate) const TOLERANCE_SECONDS: i64 = 2;
const TOLERANCE: Duration = Duration::from_secs(TOLERANCE_SECONDS.unsigned_abs());
/// How long a reading serves as the base of comparison. The tolerance in ten minutes is six times
/// what NTP slews at the most, 500 parts in a million.
const COMPARED_FOR: Duration = Duration::from_secs(600);

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock of this process.
    pub monotonic: Duration,
}

/// Compares readings of both clocks with an earlier one.
#[derive(Clone, Debug)]
pub struct JumpDetector {
    base: ClockReading,
}

// === impl JumpDetector ===

impl JumpDetector {
    /// A detector that compares with `base`.
    #[must_use]
    pub const fn new(base: ClockReading) -> Self {
        Self { base }
    }

    /// The seconds by which the wall clock has jumped since the base, rounded up; `None` within the
    /// tolerance.
    #[must_use]
    pub fn jumped(&self, reading: &ClockReading) -> Option<i64> {
        let wall = reading.wall.duration_since(self.base.wall);
        let passed = reading.monotonic.saturating_sub(self.base.monotonic);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let apart = wall.saturating_sub(passed);
        let seconds = apart.as_secs().saturating_add(i64::from(apart.subsec_nanos() > 0));
        (apart.unsigned_abs() > TOLERANCE).then_some(seconds)
    }

    /// Takes a reading without a jump as the new base, once the old one is ten minutes old: slewing
    /// must not add up to a jump.
    pub fn accept(&mut self, reading: ClockReading) {
        if reading.monotonic.saturating_sub(self.base.monotonic) >= COMPARED_FOR {
            self.base = reading;
        }
    }

    /// Takes `reading` as the new base after a jump.
    pub const fn restart(&mut self, reading: ClockReading) {
        self.base = reading;
    }
}

#[cfg(test)]
mod tests {
    //! What is a jump, and what is not.
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::{ClockReading, JumpDetector};

    fn reading(wall_ms: i64, monotonic_ms: u64) -> ClockReading {
        let noon = Timestamp::constant(1_800_000_000, 0);
        let wall = noon.checked_add(SignedDuration::from_millis(wall_ms)).expect("near");
        ClockReading { wall, monotonic: Duration::from_millis(monotonic_ms) }
    }

    #[test]
    fn a_difference_that_came_up_at_once_is_a_jump() {
        let detector = JumpDetector::new(reading(0, 7_000));
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
            assert_eq!(detector.jumped(&reading(wall, monotonic)), jumped, "{wall} {monotonic}");
        }
    }

    #[test]
    fn drift_does_not_add_up() {
        let mut detector = JumpDetector::new(reading(0, 0));
        for second in 0..1_000_000 {
            // 500 parts in a million, as fast as NTP slews.
            let reading = reading(second * 1_000 + second / 2, second.unsigned_abs() * 1_000);
            assert_eq!(detector.jumped(&reading), None, "after {second} s");
            detector.accept(reading);
        }
    }
}
