//! All books: those of every organization of one process, side by side.
//!
//! Organizations share three things: the wall clock, the room in memory, and the numbers of holds.
//! All else is their own: names, holds, counters, calendar, and what calls cost lately. INVARIANT:
//! an organization gets the answers that it would get alone. Only how soon an idle counter has to
//! be loaded again depends on the others.

use std::sync::Arc;

use hashbrown::HashMap;
use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{Ask, End, Fault, HoldId, Holding, Name, Scope, Unheld, VoidReason, Window};
use smallvec::SmallVec;

use crate::books::{Books, Finished, Settings, Swept};
use crate::slot::Slot;
use crate::timeline::Timeline;

/// The lower bits of a hold's id number the holds of one organization, the upper ones say whose it
/// is. 2^48 holds are enough for nine years at a million a second, 2^16 organizations for more than
/// one configuration can have.
const HOLD_BITS: u32 = 48;

/// Ended calls that are remembered of all organizations together, some 32 MB: as many as eight of
/// them remember that are busy.
const ENDS_MAX: usize = 32_768;

/// The holds and counters of every organization.
#[derive(Clone, Debug)]
pub struct AllBooks {
    settings: Settings,
    timeline: Arc<Timeline>,
    /// The index of each organization that has books. None is used again.
    indexes: HashMap<Name, u16>,
    books: Vec<(Name, Books)>,
}

// === impl AllBooks ===

impl AllBooks {
    /// No books of anyone.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::on(Timeline::default(), settings)
    }

    /// The same, of a store whose clock has shown this.
    #[must_use]
    pub fn on(timeline: Timeline, settings: Settings) -> Self {
        let (indexes, books) = Default::default();
        Self { settings, timeline: Arc::new(timeline), indexes, books }
    }

    /// The books of `organization`; `None` where it has none yet.
    #[must_use]
    pub fn of(&self, organization: &Name) -> Option<&Books> {
        let index = self.indexes.get(organization)?;
        self.books.get(usize::from(*index)).map(|(_, books)| books)
    }

    /// Whose hold `id` is.
    #[must_use]
    pub fn organization(&self, id: HoldId) -> Option<&Name> {
        self.books.get(index_of(id)?).map(|(name, _)| name)
    }

    /// What the wall clock has shown.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// As [`Books::missing`].
    #[must_use]
    pub fn missing(&self, ask: &Ask<'_>) -> SmallVec<[(Scope, Window); 4]> {
        match self.of(ask.organization) {
            Some(books) => books.missing(ask),
            None => Books::new(self.settings).missing(ask),
        }
    }

    /// As [`Books::expect`].
    pub fn expect(&mut self, ask: &Ask<'_>, now: Timestamp) {
        if let Some(books) = self.begun(ask.organization) {
            books.expect(ask, now);
        }
    }

    /// As [`Books::begin`].
    pub fn begin(&mut self, ask: &Ask<'_>) {
        if let Some(books) = self.begun(ask.organization) {
            books.begin(ask);
        }
    }

    /// As [`Books::load`].
    pub fn load(
        &mut self,
        organization: &Name,
        (scope, window): (Scope, Window),
        zone: &TimeZone,
        slots: &[Slot],
        now: Timestamp,
    ) {
        if let Some(books) = self.begun(organization) {
            books.load(scope, window, zone, slots, now);
        }
    }

    /// As [`Books::hold`], in the books of the organization that asks.
    ///
    /// # Errors
    /// As there; and [`Unheld::Missing`] of an organization beyond those that can be told apart.
    pub fn hold(&mut self, ask: &Ask<'_>, now: Timestamp) -> Result<Holding, Unheld> {
        self.begun(ask.organization).ok_or(Unheld::Missing)?.hold(ask, now)
    }

    /// As [`Books::amend`]. A hold stays with its organization: `ask` must be of the same.
    ///
    /// # Errors
    /// As [`AllBooks::hold`].
    pub fn amend(&mut self, id: HoldId, ask: &Ask<'_>, now: Timestamp) -> Result<Holding, Unheld> {
        self.begun(ask.organization).ok_or(Unheld::Missing)?.amend(id, ask, now)
    }

    /// As [`Books::void`].
    pub fn void(&mut self, id: HoldId, why: VoidReason) {
        if let Some(books) = self.books_of(id) {
            books.void(id, why);
        }
    }

    /// As [`Books::dispatch`].
    ///
    /// # Errors
    /// As there.
    pub fn dispatch(&mut self, id: HoldId) -> Result<(), Fault> {
        self.books_of(id).ok_or(Fault::Expired)?.dispatch(id)
    }

    /// As [`Books::finish`].
    pub fn finish(&mut self, id: HoldId, end: End, now: Timestamp) -> Finished {
        match self.books_of(id) {
            Some(books) => books.finish(id, end, now),
            None => Finished::unknown(),
        }
    }

    /// As [`Books::beat`].
    pub fn beat(&mut self, id: HoldId, now: Timestamp) {
        if let Some(books) = self.books_of(id) {
            books.beat(id, now);
        }
    }

    /// As [`Books::sweep`], of every organization.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<Swept> {
        self.books.iter_mut().flat_map(|(_, books)| books.sweep(now)).collect()
    }

    /// As [`Books::jump`]: there is one wall clock.
    pub fn jump(&mut self, seconds: i64, now: Timestamp) {
        Arc::make_mut(&mut self.timeline).jump(now.as_second(), seconds);
        for (_, books) in &mut self.books {
            books.go_by(Arc::clone(&self.timeline), seconds, now);
        }
    }

    /// Forgets counters without holds that were not used since `idle_since`, and ended calls alike.
    /// While there are too many, each organization keeps a fair share of the room: those that need
    /// less keep all they have. Answers how many counters were forgotten.
    pub fn evict(&mut self, idle_since: Timestamp) -> usize {
        let before = self.counters();
        self.books.iter_mut().for_each(|(_, books)| books.forget_unused(idle_since));
        let counters = self.fair_share(Books::counters, self.settings.counters_max);
        let ends = self.fair_share(Books::ends, ENDS_MAX);
        for (_, books) in &mut self.books {
            books.crowd_out(counters);
            books.forget_ends(ends);
        }
        before.saturating_sub(self.counters())
    }

    /// How many counters are in memory.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.books.iter().map(|(_, books)| books.counters()).sum()
    }

    /// Whether more counters are in memory than shall be: it is time to evict some.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.counters() > self.settings.counters_max
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.books.iter().map(|(_, books)| books.in_flight()).sum()
    }

    /// As [`Books::check`], of every organization.
    ///
    /// # Errors
    /// The first contradiction, with the organization.
    pub fn check(&self) -> Result<(), String> {
        let mut all = self.books.iter();
        all.try_for_each(|(name, books)| books.check().map_err(|why| format!("`{name}`: {why}")))
    }

    /// The books of `organization`, begun where it has none; `None` of an organization beyond those
    /// that can be told apart.
    fn begun(&mut self, organization: &Name) -> Option<&mut Books> {
        let index = match self.indexes.get(organization) {
            Some(index) => *index,
            None => self.enter(organization)?,
        };
        self.books.get_mut(usize::from(index)).map(|(_, books)| books)
    }

    fn enter(&mut self, organization: &Name) -> Option<u16> {
        let index = u16::try_from(self.books.len()).ok()?;
        let issued = u64::from(index) << HOLD_BITS;
        let books = Books::numbering(issued, Arc::clone(&self.timeline), self.settings);
        self.books.push((organization.clone(), books));
        self.indexes.insert(organization.clone(), index);
        Some(index)
    }

    fn books_of(&mut self, id: HoldId) -> Option<&mut Books> {
        self.books.get_mut(index_of(id)?).map(|(_, books)| books)
    }

    /// How much each organization may have of what there is room for `max` of: all of it where
    /// there is room for all, else as much as leaves the same to each that wants more.
    fn fair_share(&self, of: impl Fn(&Books) -> usize, max: usize) -> usize {
        let mut wanted: Vec<usize> = self.books.iter().map(|(_, books)| of(books)).collect();
        wanted.sort_unstable();
        let (mut room, mut left) = (max, wanted.len());
        for want in wanted {
            let share = room.checked_div(left).unwrap_or(room);
            if want > share {
                return share;
            }
            (room, left) = (room.saturating_sub(want), left.saturating_sub(1));
        }
        usize::MAX
    }
}

fn index_of(id: HoldId) -> Option<usize> {
    usize::try_from(id.0 >> HOLD_BITS).ok()
}
