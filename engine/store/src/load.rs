//! Loading: counters come into memory when a call needs them.
//!
//! A counter is what the database holds up to some entry, and what the backlog holds after it. The
//! same way serves a start, a new budget, a new rule and a session that was forgotten meanwhile.

use jiff::tz::TimeZone;
use reins_governor::{Ask, Fault, Name, Scope, Usd, Window};
use reins_ledger::{Posting, Slot};
use smallvec::SmallVec;

use crate::StoreError;
use crate::embedded::Core;
use crate::frame::Seq;

/// How often a read is repeated because a fold or a jump of the clock overtook it. A fold takes
/// longer than a read, so that the second try nearly always does; so many failures mean a
/// machine that is overloaded.
const TRIES: usize = 16;

/// A counter that is not in memory.
struct Wanted {
    organization: Name,
    scope: Scope,
    window: Window,
    zone: TimeZone,
}

/// From where a counter is read.
#[derive(Clone, Copy)]
struct Since {
    /// The first slot that may count.
    slot: i64,
    /// How often the clock had jumped by then.
    jumps: u64,
}

/// What the database holds for a counter, up to an entry.
struct Found {
    applied: Seq,
    slots: Vec<Slot>,
}

/// The last entry in the database, and one slot of a counter; no slot where there is none.
type Row = (i64, Option<i64>, Option<i64>, Option<i64>);

/// Brings every counter that `ask` needs into memory.
pub(crate) async fn ready(core: &Core, ask: &Ask<'_>) -> Result<(), Fault> {
    for wanted in missing(core, ask)? {
        load(core, &wanted).await?;
    }
    Ok(())
}

fn missing(core: &Core, ask: &Ask<'_>) -> Result<SmallVec<[Wanted; 4]>, Fault> {
    let mut live = core.live.lock();
    core.check_admitting(&live)?;
    let now = core.time(&mut live);
    live.books.expect(ask, now);
    let missing = live.books.missing(ask).into_iter();
    let wanted = |(scope, window)| {
        let (organization, zone) = (ask.organization.clone(), ask.zone.clone());
        Wanted { organization, scope, window, zone }
    };
    Ok(missing.map(wanted).collect())
}

fn since(core: &Core, wanted: &Wanted) -> Since {
    let mut live = core.live.lock();
    let now = core.time(&mut live);
    let slot = live.books.timeline().earliest(wanted.window, &wanted.zone, now);
    Since { slot, jumps: live.jumps }
}

async fn load(core: &Core, wanted: &Wanted) -> Result<(), Fault> {
    for _ in 0..TRIES {
        let since = since(core, wanted);
        let found = read(core, wanted, since).await.map_err(|error| unreadable(&error))?;
        if put(core, wanted, since, found) {
            return Ok(());
        }
    }
    Err(Fault::Overloaded)
}

/// Puts the counter into the books; `false` if a fold or a jump of the clock overtook the reading.
fn put(core: &Core, wanted: &Wanted, since: Since, found: Found) -> bool {
    let mut live = core.live.lock();
    let now = core.time(&mut live);
    if live.jumps != since.jumps {
        return false;
    }
    let posted = live.posted_after(found.applied, &wanted.organization, &wanted.scope);
    let Some(postings) = posted else { return false };
    let mut slots = found.slots;
    postings.into_iter().for_each(|posting| add(&mut slots, posting));
    let counter = (wanted.scope.clone(), wanted.window);
    live.books.load(&wanted.organization, counter, &wanted.zone, &slots, now);
    true
}

fn add(slots: &mut Vec<Slot>, posting: &Posting) {
    let at = slots.iter().position(|slot| slot.start == posting.slot);
    let empty = Slot { start: posting.slot, spent: Usd::ZERO, calls: 0 };
    let at = at.unwrap_or_else(|| {
        slots.push(empty);
        slots.len() - 1
    });
    if let Some(slot) = slots.get_mut(at) {
        let nanos = slot.spent.nanos().saturating_add_signed(posting.nanos);
        slot.spent = Usd::from_nanos(nanos);
        slot.calls = slot.calls.saturating_add_signed(posting.calls);
    }
}

/// One statement, so that slots and entry are of one instant.
async fn read(core: &Core, wanted: &Wanted, since: Since) -> Result<Found, StoreError> {
    let query = sqlx::query_as(
        "SELECT value, slot, nanos, calls FROM meta \
         LEFT JOIN spend ON organization = ? AND kind = ? AND spend.name = ? AND slot >= ? \
         WHERE meta.name = 'applied_seq'",
    );
    let Wanted { organization, scope, .. } = wanted;
    let query = query.bind(&**organization).bind(scope.kind.word());
    let query = query.bind(&*scope.name).bind(since.slot);
    let rows: Vec<Row> = query.fetch_all(&core.reads).await?;
    let applied = rows.first().map_or(0, |(applied, ..)| applied.cast_unsigned());
    Ok(Found { applied, slots: rows.into_iter().filter_map(slot).collect() })
}

fn slot((_, start, nanos, calls): Row) -> Option<Slot> {
    let spent = Usd::from_nanos(u64::try_from(nanos?).unwrap_or(0));
    Some(Slot { start: start?, spent, calls: u64::try_from(calls?).unwrap_or(0) })
}

fn unreadable(error: &StoreError) -> Fault {
    tracing::error!(%error, source = ?std::error::Error::source(error), "spend cannot be read");
    Fault::Stopped("what was spent cannot be read".into())
}
