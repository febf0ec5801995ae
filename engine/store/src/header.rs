//! The header of a journal file: which store and which life of its journal the file is of.
//!
//! ```text
//! magic │ store │ life │ ordinal │ first ordinal │ entry before │ length │ CRC-32 │ zeros
//! 8     │ i64   │ i64  │ u64     │ u64           │ u64          │ u64    │ u32    │ to byte 64
//! ```

use crate::frame::{Mark, Seed, Seq};

/// Where a file's first frame begins.
pub(crate) const HEADER_BYTES: usize = 64;
/// What every journal file begins with; the last byte is the format's version.
const MAGIC: [u8; 8] = *b"\xFFreinsj\x02";
/// The part that the checksum covers.
const COVERED_BYTES: usize = 56;

/// One life of a journal: all that is written from one opening of the store to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// Which store it is of.
    pub(crate) store: i64,
    /// A random number.
    pub(crate) life: i64,
    /// The last entry before it.
    pub(crate) after: Mark,
}

/// What the header of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) store: i64,
    pub(crate) life: i64,
    /// The file's place among the files of the store.
    pub(crate) ordinal: u64,
    /// The ordinal of the life's first file.
    pub(crate) first: u64,
    /// The last entry before this life.
    pub(crate) after: Seq,
    /// The length that the file was allocated with, in bytes: it is never shorter.
    pub(crate) laid_out: u64,
}

// === impl Life ===

impl Life {
    pub(crate) fn seed(&self) -> Seed {
        Seed::of(self.store, self.life)
    }
}

// === impl Header ===

impl Header {
    pub(crate) fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut covered = [0; COVERED_BYTES];
        let fields = [
            MAGIC,
            self.store.to_le_bytes(),
            self.life.to_le_bytes(),
            self.ordinal.to_le_bytes(),
            self.first.to_le_bytes(),
            self.after.to_le_bytes(),
            self.laid_out.to_le_bytes(),
        ];
        covered.iter_mut().zip(fields.as_flattened()).for_each(|(to, from)| *to = *from);
        let mut bytes = [0; HEADER_BYTES];
        let all = covered.into_iter().chain(crc32fast::hash(&covered).to_le_bytes());
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// What the first bytes of a file say; `None` where they are no whole header.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (covered, rest) = bytes.split_first_chunk::<COVERED_BYTES>()?;
        let (sum, _) = rest.split_first_chunk::<4>()?;
        let whole = crc32fast::hash(covered) == u32::from_le_bytes(*sum);
        let mut fields = covered.as_chunks::<8>().0.iter().copied();
        let mut field = || fields.next();
        (field()? == MAGIC && whole).then_some(())?;
        Some(Self {
            store: i64::from_le_bytes(field()?),
            life: i64::from_le_bytes(field()?),
            ordinal: u64::from_le_bytes(field()?),
            first: u64::from_le_bytes(field()?),
            after: u64::from_le_bytes(field()?),
            laid_out: u64::from_le_bytes(field()?),
        })
    }

    pub(crate) fn seed(&self) -> Seed {
        Seed::of(self.store, self.life)
    }
}

#[cfg(test)]
mod tests {
    //! A header is read back, or not at all.
    use super::{HEADER_BYTES, Header};

    #[test]
    fn a_header_with_any_bit_changed_is_none() {
        let header = Header { store: -1, life: 2, ordinal: 3, first: 2, after: 4, laid_out: 5 };
        let bytes = header.bytes();
        assert_eq!(Header::read(&bytes), Some(header));
        for at in 0..60 {
            for bit in 0..8 {
                let mut other = bytes;
                other[at] ^= 1 << bit;
                assert_eq!(Header::read(&other), None, "bit {bit} of byte {at}");
            }
        }
        assert!((0..60).all(|end| Header::read(&bytes[..end]).is_none()));
        assert_eq!(Header::read(&[0; HEADER_BYTES]), None);
    }
}
