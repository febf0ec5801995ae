//! Frames: how an entry is stored in the journal, so that torn, foreign and stale ones are found.
//!
//! ```text
//! magic │ length │ CRC-32 │ CRC before │ number │ index in write │ nano-USD so far │ body
//! 4     │ u32    │ u32    │ u32        │ u64    │ u32            │ i64, i64        │ length bytes
//! ```
//! The nano-USD are what all entries so far charged: first those of the whole store, then those of
//! the organization that the entry is of, zero where it is of none. So a gap tells what is missing.
//!
//! Numbers are little-endian. The checksum covers everything but the magic and itself, and starts
//! from the [`Seed`] of the store and the journal's life. Each frame repeats the checksum of the
//! entry before it: an entry that is missing, or from another history, breaks this chain.

use std::io;

use hashbrown::HashMap;
use memchr::memmem;
use reins_governor::Name;

/// Begins a frame. An entry's body may have these bytes too: a frame is known by its checksum,
/// which starts from a random number of the store's, and the body of a whole frame is not searched.
const MAGIC: [u8; 4] = [0xFF, b'R', b'J', 3];
/// All that stands before the body.
pub(crate) const FRAME_HEADER_BYTES: usize = 44;
/// Where the part begins that the checksum covers, together with the length.
const COVERED_FROM: usize = 12;

/// An entry's number: 1 for the first of a store's life, and no gaps.
pub(crate) type Seq = u64;

/// What the entries of each organization charged so far, in nano-USD.
pub(crate) type Charged = HashMap<Name, i64>;

/// A place in the journal: an entry, its checksum, and what all entries up to it charged, in
/// nano-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) seq: Seq,
    pub(crate) sum: u32,
    pub(crate) nanos: i64,
    /// Those of its organization alone; zero where it is of none.
    pub(crate) own: i64,
}

/// The initial value of a journal's checksums. It differs between stores and between lives, so that
/// a frame of another store, or left over in a recycled file, fails its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(u32);

/// What the next frame is chained to.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) seed: Seed,
    pub(crate) last: Mark,
    pub(crate) charged: Charged,
}

/// A whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) mark: Mark,
    /// The checksum of the entry before.
    pub(crate) before: u32,
    /// How many entries of the same write stand before it.
    pub(crate) nth: u32,
    /// Where the frame begins in its file.
    pub(crate) at: usize,
    pub(crate) body: &'a [u8],
}

/// The whole frames of a file, in order. Damaged and stale ones are skipped.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    seed: Seed,
    /// The last frame that was read; frames up to it are skipped.
    last: Seq,
}

// === impl Seed ===

impl Seed {
    pub(crate) fn of(store: i64, life: i64) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&store.to_le_bytes());
        hasher.update(&life.to_le_bytes());
        Self(hasher.finalize())
    }

    fn checksum(self, length: [u8; 4], covered: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.0);
        hasher.update(&length);
        hasher.update(covered);
        hasher.finalize()
    }
}

// === impl Chain ===

impl Chain {
    /// Puts the body that `write` writes into `out`, as the next entry, which is of `organization`
    /// and charges `nanos` more. `out` and the chain stay as they were where the body cannot be
    /// written, or is longer than a frame can say.
    pub(crate) fn put(
        &mut self,
        out: &mut Vec<u8>,
        nth: u32,
        (organization, nanos): (Option<&Name>, i64),
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        let start = out.len();
        let seq = self.last.seq.saturating_add(1);
        let own = organization.map_or(0, |name| self.charged(name).saturating_add(nanos));
        let nanos = self.last.nanos.saturating_add(nanos);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.last.sum.to_le_bytes());
        out.extend_from_slice(&seq.to_le_bytes());
        out.extend_from_slice(&nth.to_le_bytes());
        out.extend_from_slice(&nanos.to_le_bytes());
        out.extend_from_slice(&own.to_le_bytes());
        let sealed = write(out).and_then(|()| seal(out, start, self.seed));
        match sealed {
            Ok(sum) => self.advance(organization, Mark { seq, sum, nanos, own }),
            Err(_) => out.truncate(start),
        }
        sealed.map(drop)
    }

    /// Numbers an entry of `organization` that is not written.
    pub(crate) fn skip(&mut self, organization: Option<&Name>) {
        let own = organization.map_or(0, |name| self.charged(name));
        self.last = Mark { seq: self.last.seq.saturating_add(1), own, ..self.last };
    }

    fn charged(&self, organization: &Name) -> i64 {
        self.charged.get(organization).copied().unwrap_or(0)
    }

    fn advance(&mut self, organization: Option<&Name>, to: Mark) {
        self.last = to;
        let Some(name) = organization else { return };
        match self.charged.get_mut(name) {
            Some(charged) => *charged = to.own,
            None => _ = self.charged.insert(name.clone(), to.own),
        }
    }
}

/// Fills in the length and the checksum of the frame that begins at `start` and is the last one.
fn seal(out: &mut [u8], start: usize, seed: Seed) -> io::Result<u32> {
    let too_long = || io::Error::other("it is longer than the journal can hold");
    let frame = out.get_mut(start..).ok_or_else(too_long)?;
    let body = frame.len().checked_sub(FRAME_HEADER_BYTES).ok_or_else(too_long)?;
    let length = u32::try_from(body).map_err(|_| too_long())?.to_le_bytes();
    let (head, covered) = frame.split_at_mut_checked(COVERED_FROM).ok_or_else(too_long)?;
    let sum = seed.checksum(length, covered);
    let fields = length.into_iter().chain(sum.to_le_bytes());
    head.iter_mut().skip(MAGIC.len()).zip(fields).for_each(|(to, from)| *to = from);
    Ok(sum)
}

// === impl Frames ===

impl<'a> Frames<'a> {
    /// The frames from byte `at` on, of a file whose checksums begin from `seed`.
    pub(crate) const fn new(bytes: &'a [u8], at: usize, seed: Seed) -> Self {
        Self { bytes, at, seed, last: 0 }
    }

    /// The frame at `at`, if it is whole and comes after all that were read.
    fn frame(&self, at: usize) -> Option<(Frame<'a>, usize)> {
        let rest = self.bytes.get(at..)?.strip_prefix(&MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (sum, covered) = rest.split_first_chunk::<4>()?;
        let (before, rest) = covered.split_first_chunk::<4>()?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let (nth, rest) = rest.split_first_chunk::<4>()?;
        let (nanos, rest) = rest.split_first_chunk::<8>()?;
        let (own, rest) = rest.split_first_chunk::<8>()?;
        let body = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let end = at.checked_add(FRAME_HEADER_BYTES)?.checked_add(body.len())?;
        let covered = self.bytes.get(at.checked_add(COVERED_FROM)?..end)?;
        let (seq, sum) = (u64::from_le_bytes(*seq), u32::from_le_bytes(*sum));
        let whole = seq > self.last && self.seed.checksum(*length, covered) == sum;
        let body = Some(body).filter(|_| whole)?;
        let (nanos, own) = (i64::from_le_bytes(*nanos), i64::from_le_bytes(*own));
        let mark = Mark { seq, sum, nanos, own };
        let (before, nth) = (u32::from_le_bytes(*before), u32::from_le_bytes(*nth));
        Some((Frame { mark, before, nth, at, body }, end))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        loop {
            let found = memmem::find(self.bytes.get(self.at..)?, &MAGIC)?;
            let at = self.at.checked_add(found)?;
            if let Some((frame, end)) = self.frame(at) {
                (self.at, self.last) = (end, frame.mark.seq);
                return Some(frame);
            }
            self.at = at.checked_add(1)?;
        }
    }
}

#[cfg(test)]
mod tests;
