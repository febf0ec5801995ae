//! The form of an entry: an array in CBOR, as `entry.rs` lists them.

use std::convert::Infallible;

use jiff::Timestamp;
use minicbor::data::Type;
use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder};
use reins_governor::{Name, RecordError, Scope};
use reins_ledger::{Posting, Stretch, Timeline};
use smallvec::SmallVec;

use super::{Closed, Ended, Entry, Fact, Intent, Postings};
use crate::clock::KeptClock;
use crate::kept::Kept;

/// The numbers of the kinds.
const INTENT: u8 = 0;
const END: u8 = 1;
const RECORD: u8 = 2;
const CLOCK: u8 = 3;

/// What postings that are alike share: slot, nano-USD and calls.
const SHARED: u64 = 3;

type Encoded = Result<(), encode::Error<Infallible>>;
type Out<'a> = Encoder<&'a mut Vec<u8>>;

pub(super) fn write(entry: &Entry, out: &mut Vec<u8>) -> Encoded {
    let mut to = Encoder::new(out);
    match entry {
        Entry::Intent(Intent { at, draft }) => {
            to.array(3)?.u8(INTENT)?.i64(at.as_microsecond())?;
            to.writer_mut().extend_from_slice(&draft.form);
            Ok(())
        }
        Entry::End(end) => write_end(&mut to, end),
        Entry::Record(record) => {
            to.array(2)?.u8(RECORD)?;
            to.writer_mut().extend_from_slice(&record.form);
            Ok(())
        }
        Entry::Clock(clock) => write_clock(&mut to, clock),
    }
}

fn write_end(to: &mut Out<'_>, Ended { fact, record, postings }: &Ended) -> Encoded {
    let Fact { organization, intent, txn, attempt, at, end } = fact;
    to.array(9)?.u8(END)?.str(organization)?.encode(intent)?.encode(txn)?;
    to.u32(*attempt)?.i64(at.as_microsecond())?.encode(end)?;
    match record {
        Some(record) => to.writer_mut().extend_from_slice(record.form()),
        None => drop(to.null()?),
    }
    write_postings(to, postings)
}

/// `[slot, nano-USD, calls, scope, name, scope, name, …]` where all have the same figures, as
/// nearly always; else an array of such arrays, one for each posting.
fn write_postings(to: &mut Out<'_>, postings: &[Posting]) -> Encoded {
    let alike = postings
        .iter()
        .all(|posting| figures(posting) == postings.first().map_or((0, 0, 0), figures));
    if alike && !postings.is_empty() {
        return write_alike(to, postings);
    }
    to.array(count(postings.len()))?;
    postings.iter().try_for_each(|posting| write_alike(to, std::slice::from_ref(posting)))
}

fn write_alike(to: &mut Out<'_>, postings: &[Posting]) -> Encoded {
    let (slot, nanos, calls) = postings.first().map_or((0, 0, 0), figures);
    to.array(SHARED + 2 * count(postings.len()))?.i64(slot)?.i64(nanos)?.i64(calls)?;
    postings
        .iter()
        .try_for_each(|Posting { scope, .. }| to.encode(scope.kind)?.str(&scope.name).map(drop))
}

const fn figures(posting: &Posting) -> (i64, i64, i64) {
    (posting.slot, posting.nanos, posting.calls)
}

fn write_clock(to: &mut Out<'_>, KeptClock { timeline, seen }: &KeptClock) -> Encoded {
    let Timeline { shift, floor, past } = timeline;
    to.array(5)?.u8(CLOCK)?.i64(*seen)?.i64(*shift)?.i64(*floor)?;
    to.array(count(past.len()))?;
    past.iter().try_for_each(|Stretch { end, own, carried, idle, paused }| {
        to.array(5)?.i64(*end)?.i64(*own)?.i64(*carried)?.i64(*idle)?.bool(*paused).map(drop)
    })
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

pub(super) fn read(bytes: &[u8]) -> Result<Entry, RecordError> {
    let mut from = Decoder::new(bytes);
    from.array()?;
    let entry = match from.u8()? {
        INTENT => {
            let at = time(&mut from)?;
            Entry::Intent(Intent { at, draft: Kept::read(rest(bytes, &from))? })
        }
        END => {
            let end = Entry::End(Box::new(read_end(bytes, &mut from)?));
            at_end(bytes, &from)?;
            end
        }
        RECORD => Entry::Record(Kept::read(rest(bytes, &from))?),
        CLOCK => {
            let clock = Entry::Clock(read_clock(&mut from)?);
            at_end(bytes, &from)?;
            clock
        }
        kind => {
            let why = format!("an entry of a journal has the kind {kind}");
            return Err(decode::Error::message(why).at(from.position()).into());
        }
    };
    Ok(entry)
}

fn at_end(bytes: &[u8], from: &Decoder<'_>) -> Result<(), decode::Error> {
    let more = || decode::Error::message("an entry goes on behind its end").at(from.position());
    (from.position() == bytes.len()).then_some(()).ok_or_else(more)
}

fn rest<'a>(bytes: &'a [u8], from: &Decoder<'_>) -> &'a [u8] {
    bytes.get(from.position()..).unwrap_or_default()
}

fn read_end(bytes: &[u8], from: &mut Decoder<'_>) -> Result<Ended, decode::Error> {
    let fact = Fact {
        organization: Name::kept(from.str()?),
        intent: from.decode()?,
        txn: from.decode()?,
        attempt: from.u32()?,
        at: time(from)?,
        end: from.decode()?,
    };
    let start = from.position();
    let absent = from.datatype()? == Type::Null;
    from.skip()?;
    let form = bytes.get(start..from.position()).filter(|_| !absent);
    let record = form.map(|form| Closed::Form(form.into()));
    Ok(Ended { fact, record, postings: read_postings(from)? })
}

fn read_postings(from: &mut Decoder<'_>) -> Result<Postings, decode::Error> {
    let mut postings = SmallVec::new();
    let items = from.array()?.unwrap_or_default();
    if items == 0 {
        return Ok(postings);
    }
    if from.datatype()? != Type::Array {
        read_alike(from, items, &mut postings)?;
        return Ok(postings);
    }
    for _ in 0..items {
        let items = from.array()?.unwrap_or_default();
        read_alike(from, items, &mut postings)?;
    }
    Ok(postings)
}

fn read_alike(
    from: &mut Decoder<'_>,
    items: u64,
    postings: &mut Postings,
) -> Result<(), decode::Error> {
    let (slot, nanos, calls) = (from.i64()?, from.i64()?, from.i64()?);
    for _ in 0..items.saturating_sub(SHARED) / 2 {
        let (kind, name) = (from.decode()?, Name::kept(from.str()?));
        postings.push(Posting { scope: Scope::new(kind, name), slot, nanos, calls });
    }
    Ok(())
}

fn read_clock(from: &mut Decoder<'_>) -> Result<KeptClock, decode::Error> {
    let (seen, shift, floor) = (from.i64()?, from.i64()?, from.i64()?);
    let stretches = from.array()?.unwrap_or_default();
    let past = (0..stretches).map(|_| {
        from.array()?;
        Ok(Stretch {
            end: from.i64()?,
            own: from.i64()?,
            carried: from.i64()?,
            idle: from.i64()?,
            paused: from.bool()?,
        })
    });
    let past = past.collect::<Result<_, decode::Error>>()?;
    Ok(KeptClock { timeline: Timeline { shift, floor, past }, seen })
}

fn time(from: &mut Decoder<'_>) -> Result<Timestamp, decode::Error> {
    let (at, micros) = (from.position(), from.i64()?);
    let far = |_| decode::Error::message("the time is outside of the calendar").at(at);
    Timestamp::from_microsecond(micros).map_err(far)
}
