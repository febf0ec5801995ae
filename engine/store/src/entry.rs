//! Entries: what the journal says, one JSON object each.
//!
//! ```text
//! {"intent":{"at":…,"draft":{…}}}             an attempt may now leave
//! {"end":{"fact":{…},"record":{…},"postings":[…]}}   it ended
//! {"record":{…}}                              a call that ended without an attempt
//! {"clock":{"seen":…,"shift":…,"floor":…,"past":[…]}}   the wall clock jumped
//! ```

use jiff::Timestamp;
use reins_governor::{End, Name, Scope, ScopeKind, TransactionId};
use reins_ledger::{Posting, Stretch, Timeline};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::clock::KeptClock;
use crate::frame::Seq;
use crate::kept::Kept;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// An attempt may now leave; a crash from here on presumes it.
    Intent(Intent),
    /// An attempt ended, or its charge was corrected.
    End(Box<Ended>),
    /// A call ended without an attempt.
    Record(Kept),
    /// The wall clock jumped, or a store goes on after an earlier jump.
    Clock(KeptClock),
}

/// An attempt that may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    /// When it was dispatched, in ledger time.
    pub(crate) at: Timestamp,
    /// The record so far; its last attempt is this one.
    pub(crate) draft: Kept,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Which attempt of which call, how it ended, and when.
    pub(crate) fact: Fact,
    /// The call's record by now; `None` where only an earlier charge is corrected.
    pub(crate) record: Option<Kept>,
    /// What this changes in the spend of each scope.
    pub(crate) postings: Postings,
}

/// One posting per scope of a call.
pub(crate) type Postings = SmallVec<[Posting; 6]>;

/// The bare end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fact {
    pub(crate) organization: Name,
    /// The entry of the attempt's intent; `None` for a correction.
    pub(crate) intent: Option<Seq>,
    pub(crate) txn: TransactionId,
    pub(crate) attempt: u32,
    pub(crate) at: Timestamp,
    pub(crate) end: End,
}

/// `["agent","support-bot",1795224300,150025,1]`
#[derive(Serialize, Deserialize)]
struct Posted<'a>(ScopeKind, #[serde(borrow)] std::borrow::Cow<'a, str>, i64, i64, i64);

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a> {
    #[serde(borrow)]
    Intent(WrittenIntent<'a>),
    #[serde(borrow)]
    End(WrittenEnd<'a>),
    #[serde(borrow)]
    Record(&'a RawValue),
    Clock(WrittenClock),
}

#[derive(Serialize, Deserialize)]
struct WrittenClock {
    seen: i64,
    shift: i64,
    floor: i64,
    /// The end of each stretch, its own date, the carried one, idle seconds, and whether it ended
    /// with a pause.
    past: Vec<(i64, i64, i64, i64, bool)>,
}

#[derive(Deserialize)]
struct WrittenIntent<'a> {
    at: Timestamp,
    #[serde(borrow)]
    draft: &'a RawValue,
}

#[derive(Deserialize)]
struct WrittenEnd<'a> {
    #[serde(borrow)]
    fact: &'a RawValue,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    postings: Vec<Posted<'a>>,
}

// === impl Entry ===

impl Entry {
    /// Writes the entry as the journal holds it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Intent(Intent { at, draft }) => {
                put(out, [r#"{"intent":{"at":"#]);
                serde_json::to_writer(&mut *out, at)?;
                put(out, [r#","draft":"#, &draft.text, "}}"]);
            }
            Self::End(end) => end.write(out)?,
            Self::Record(record) => put(out, [r#"{"record":"#, &record.text, "}"]),
            Self::Clock(clock) => {
                put(out, [r#"{"clock":"#]);
                serde_json::to_writer(&mut *out, &WrittenClock::of(clock))?;
                put(out, ["}"]);
            }
        }
        Ok(())
    }

    /// Reads back what [`Entry::write`] wrote.
    pub(crate) fn read(text: &str) -> serde_json::Result<Self> {
        Ok(match serde_json::from_str(text)? {
            Written::Intent(WrittenIntent { at, draft }) => {
                Self::Intent(Intent { at, draft: Kept::read(draft.get())? })
            }
            Written::End(end) => Self::End(Box::new(end.read()?)),
            Written::Record(record) => Self::Record(Kept::read(record.get())?),
            Written::Clock(clock) => Self::Clock(clock.read()),
        })
    }

    /// When it was made.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Self::Intent(intent) => intent.at,
            Self::End(end) => end.fact.at,
            Self::Record(record) => record.columns.at,
            Self::Clock(clock) => Timestamp::from_second(clock.seen).unwrap_or_default(),
        }
    }

    /// Whose call it is about; `None` where it is about the clock.
    pub(crate) fn organization(&self) -> Option<&Name> {
        match self {
            Self::Intent(Intent { draft: kept, .. }) | Self::Record(kept) => {
                Some(&kept.columns.organization)
            }
            Self::End(end) => Some(&end.fact.organization),
            Self::Clock(_) => None,
        }
    }

    /// What it charged: its postings to the organization, which every call has.
    pub(crate) fn charged(&self) -> i64 {
        let all = self.postings().iter();
        let ours = all.filter(|posting| posting.scope.kind == ScopeKind::Organization);
        ours.map(|posting| posting.nanos).fold(0, i64::saturating_add)
    }

    /// What it changes in the spend of each scope.
    pub(crate) fn postings(&self) -> &[Posting] {
        match self {
            Self::End(end) => &end.postings,
            Self::Intent(_) | Self::Record(_) | Self::Clock(_) => &[],
        }
    }
}

// === impl Ended ===

impl Ended {
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        put(out, [r#"{"end":{"fact":"#]);
        serde_json::to_writer(&mut *out, &self.fact)?;
        let record = self.record.as_ref().map_or("null", |record| &record.text);
        put(out, [r#","record":"#, record, r#","postings":"#]);
        let postings: SmallVec<[Posted<'_>; 6]> = self.postings.iter().map(Posted::of).collect();
        serde_json::to_writer(&mut *out, postings.as_slice())?;
        put(out, ["}}"]);
        Ok(())
    }
}

fn put<const PARTS: usize>(out: &mut Vec<u8>, parts: [&str; PARTS]) {
    parts.into_iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}

// === impl WrittenClock ===

impl WrittenClock {
    fn of(KeptClock { timeline: Timeline { shift, floor, past }, seen }: &KeptClock) -> Self {
        let stretch = |s: &Stretch| (s.end, s.own, s.carried, s.idle, s.paused);
        Self { seen: *seen, shift: *shift, floor: *floor, past: past.iter().map(stretch).collect() }
    }

    fn read(self) -> KeptClock {
        let Self { seen, shift, floor, past } = self;
        let stretch =
            |(end, own, carried, idle, paused)| Stretch { end, own, carried, idle, paused };
        let past = past.into_iter().map(stretch).collect();
        KeptClock { timeline: Timeline { shift, floor, past }, seen }
    }
}

// === impl WrittenEnd ===

impl WrittenEnd<'_> {
    fn read(self) -> serde_json::Result<Ended> {
        Ok(Ended {
            fact: serde_json::from_str(self.fact.get())?,
            record: self.record.map(|record| Kept::read(record.get())).transpose()?,
            postings: self.postings.into_iter().map(Posted::read).collect(),
        })
    }
}

// === impl Posted ===

impl<'a> Posted<'a> {
    fn of(posting: &'a Posting) -> Self {
        let Posting { scope, slot, nanos, calls } = posting;
        Self(scope.kind, (&*scope.name).into(), *slot, *nanos, *calls)
    }

    fn read(self) -> Posting {
        let Self(kind, name, slot, nanos, calls) = self;
        Posting { scope: Scope::new(kind, Name::kept(name)), slot, nanos, calls }
    }
}

#[cfg(test)]
mod tests;
