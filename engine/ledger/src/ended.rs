//! How calls ended, for those who ask twice.

use std::collections::VecDeque;

use hashbrown::HashMap;
use reins_governor::{HoldId, Receipt};

use crate::row::Row;

/// Ends that are remembered of each kind, some 4 MB. A second answer is wanted at once or never,
/// and a presumed call is rare.
const ENDS_MAX: usize = 2_048;
/// How long usage may come late, in seconds: a day, the longest that a vendor's batch takes.
const LATE_MAX: i64 = 24 * 3_600;

/// The last ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ended {
    /// Those that hold for ever.
    final_ends: Lane,
    /// Those that late usage corrects.
    presumed: Lane,
}

/// One end.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// The answer.
    pub(crate) receipt: Receipt,
    /// The call, while late usage may correct it.
    pub(crate) row: Option<Row>,
}

/// Ends in the order in which they came.
#[derive(Clone, Debug, Default)]
struct Lane {
    done: HashMap<HoldId, Box<Done>>,
    order: VecDeque<(HoldId, i64)>,
}

// === impl Ended ===

impl Ended {
    pub(crate) fn remember(&mut self, id: HoldId, done: Done, now: i64) {
        let lane = if done.row.is_some() { &mut self.presumed } else { &mut self.final_ends };
        lane.push(id, done, now);
    }

    pub(crate) fn get_mut(&mut self, id: HoldId) -> Option<&mut Done> {
        let found = self.final_ends.done.get_mut(&id);
        found.or_else(|| self.presumed.done.get_mut(&id)).map(Box::as_mut)
    }

    /// The clock jumped by so many seconds.
    pub(crate) fn jump(&mut self, seconds: i64) {
        for lane in [&mut self.final_ends, &mut self.presumed] {
            lane.order.iter_mut().for_each(|(_, at)| *at = at.saturating_add(seconds));
        }
        let rows = self.presumed.done.values_mut().filter_map(|done| done.row.as_mut());
        rows.for_each(|row| row.outdated = true);
    }

    pub(crate) fn len(&self) -> usize {
        self.final_ends.order.len().saturating_add(self.presumed.order.len())
    }

    /// Forgets all but `most`: first the oldest of those that hold for ever, since asking twice
    /// changes nothing there.
    pub(crate) fn keep_newest(&mut self, most: usize) {
        let of_final_ends = most.saturating_sub(self.presumed.order.len());
        self.final_ends.keep_newest(of_final_ends);
        self.presumed.keep_newest(most);
    }

    /// Forgets what came before `idle_since`, and what is too old to be corrected at `now`.
    pub(crate) fn forget(&mut self, idle_since: i64, now: i64) {
        self.final_ends.forget_before(idle_since);
        self.presumed.forget_before(idle_since.min(now.saturating_sub(LATE_MAX)));
    }
}

// === impl Lane ===

impl Lane {
    fn push(&mut self, id: HoldId, done: Done, now: i64) {
        if self.order.len() >= ENDS_MAX {
            self.forget_oldest();
        }
        self.order.push_back((id, now));
        self.done.insert(id, Box::new(done));
    }

    fn forget_before(&mut self, second: i64) {
        while self.order.front().is_some_and(|(_, at)| *at < second) {
            self.forget_oldest();
        }
    }

    fn keep_newest(&mut self, most: usize) {
        while self.order.len() > most {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((id, _)) = self.order.pop_front() {
            self.done.remove(&id);
        }
    }
}
