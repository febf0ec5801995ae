//! Commands: all that can happen to the books, as data for a simulator.

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{Ask, End, Fault, HoldId, Holding, Scope, Unheld, VoidReason, Window};

use crate::books::{Books, Finished, Swept};
use crate::slot::Slot;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// [`Books::load`]
    Load {
        /// Whose counter.
        scope: Scope,
        /// Over which time.
        window: Window,
        /// In which zone.
        zone: &'a TimeZone,
        /// What was kept.
        slots: &'a [Slot],
    },
    /// [`Books::hold`]
    Hold(Ask<'a>),
    /// [`Books::amend`]
    Amend(HoldId, Ask<'a>),
    /// [`Books::void`]
    Void(HoldId, VoidReason),
    /// [`Books::dispatch`]
    Dispatch(HoldId),
    /// [`Books::finish`]
    Finish(HoldId, End),
    /// [`Books::beat`]
    Beat(HoldId),
    /// [`Books::sweep`]
    Sweep,
    /// [`Books::jump`]
    Jump {
        /// How far, rounded up.
        seconds: i64,
    },
    /// [`Books::evict`]
    Evict {
        /// Since when a counter must have been used to stay.
        idle_since: Timestamp,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "an outcome is looked at once, and not kept")]
pub enum Outcome {
    /// Of a command that has no answer.
    Done,
    /// Of a hold or its amendment.
    Held(Result<Holding, Unheld>),
    /// Of a dispatch.
    Dispatched(Result<(), Fault>),
    /// Of an end.
    Finished(Finished),
    /// Of a sweep.
    Swept(Vec<Swept>),
    /// Of an eviction: how many counters.
    Evicted(usize),
}

impl Books {
    /// Makes `command` happen at `now`.
    pub fn step(&mut self, command: Command<'_>, now: Timestamp) -> Outcome {
        match command {
            Command::Load { scope, window, zone, slots } => {
                self.load(scope, window, zone, slots, now);
                Outcome::Done
            }
            Command::Hold(ask) => Outcome::Held(self.hold(&ask, now)),
            Command::Amend(id, ask) => Outcome::Held(self.amend(id, &ask, now)),
            Command::Void(id, why) => {
                self.void(id, why);
                Outcome::Done
            }
            Command::Dispatch(id) => Outcome::Dispatched(self.dispatch(id)),
            Command::Finish(id, end) => Outcome::Finished(self.finish(id, end, now)),
            Command::Beat(id) => {
                self.beat(id, now);
                Outcome::Done
            }
            Command::Jump { seconds } => {
                self.jump(seconds, now);
                Outcome::Done
            }
            Command::Sweep => Outcome::Swept(self.sweep(now)),
            Command::Evict { idle_since } => Outcome::Evicted(self.evict(idle_since)),
        }
    }
}
