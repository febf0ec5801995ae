//! A clock that a drill turns: time passes on both of its hands, and the wall clock alone jumps.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use reins_governor::Clock;
use reins_runtime::MachineClock;

/// A clock by hand. Its monotonic time also runs by itself, so that timeouts end.
#[derive(Debug)]
pub(crate) struct Wall {
    hands: Mutex<Hands>,
    machine: MachineClock,
}

#[derive(Debug)]
struct Hands {
    wall: Timestamp,
    passed: Duration,
}

// === impl Wall ===

impl Wall {
    pub(crate) fn at(wall: Timestamp) -> Arc<Self> {
        let hands = Mutex::new(Hands { wall, passed: Duration::ZERO });
        Arc::new(Self { hands, machine: MachineClock::new() })
    }

    /// Time passes, and both clocks show it.
    pub(crate) fn pass(&self, seconds: u64) {
        let mut hands = self.hands.lock();
        let time = Duration::from_secs(seconds);
        hands.passed += time;
        hands.wall = hands.wall.checked_add(time).unwrap();
    }

    /// Time passes until the wall clock shows `wall`.
    pub(crate) fn pass_to(&self, wall: Timestamp) {
        let seconds = wall.duration_since(self.now()).as_secs();
        self.pass(u64::try_from(seconds).unwrap());
    }

    /// The wall clock jumps, and no time has passed.
    pub(crate) fn jump(&self, seconds: i64) {
        let mut hands = self.hands.lock();
        hands.wall = hands.wall.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.hands.lock().wall
    }

    fn monotonic(&self) -> Duration {
        self.hands.lock().passed + self.machine.monotonic()
    }
}
