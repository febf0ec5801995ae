//! Frames: how an entry lies in the journal, so that a torn or foreign one is known as such.
//!
//! ```text
//! length of the text, u32 LE │ CRC-32 of text ‖ number, u32 LE │ text
//! ```
//! An entry's number is not written: it follows from the place. What a recycled file still holds
//! from its earlier life has other numbers, and so fails its check.

use std::io;

/// Length and checksum.
const HEADER_BYTES: usize = 8;

/// An entry's number: 1 for the first of a store's life, and no gaps.
pub(crate) type Seq = u64;

/// The frames of one file, in order, up to the first that is not whole.
pub(crate) struct Frames<'a> {
    rest: &'a [u8],
    next: Seq,
}

/// Puts the text that `write` writes into `out`, as entry `seq`. `out` stays as it was where the
/// text cannot be written, or is longer than a frame can say.
pub(crate) fn put(
    out: &mut Vec<u8>,
    seq: Seq,
    write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let framed = write(out).and_then(|()| frame(out, start, seq));
    if framed.is_err() {
        out.truncate(start);
    }
    framed
}

/// Fills in the header at `start`, whose text is all that comes after it.
fn frame(out: &mut [u8], start: usize, seq: Seq) -> io::Result<()> {
    let framed = out.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut);
    let header: Option<(&mut [u8; HEADER_BYTES], &mut [u8])> = framed;
    let too_long = || io::Error::other("it is longer than the journal can hold");
    let (header, text) = header.ok_or_else(too_long)?;
    let length = u32::try_from(text.len()).map_err(|_| too_long())?;
    let (first, second) = header.split_at_mut(HEADER_BYTES / 2);
    first.copy_from_slice(&length.to_le_bytes());
    second.copy_from_slice(&checksum(seq, text).to_le_bytes());
    Ok(())
}

fn checksum(seq: Seq, text: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(text);
    hasher.update(&seq.to_le_bytes());
    hasher.finalize()
}

// === impl Frames ===

impl<'a> Frames<'a> {
    /// The frames of a file whose first entry is `first`.
    pub(crate) const fn new(bytes: &'a [u8], first: Seq) -> Self {
        Self { rest: bytes, next: first }
    }

    fn take(&mut self) -> Option<(Seq, &'a str)> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        let whole = length > 0 && checksum(self.next, text) == u32::from_le_bytes(*sum);
        let text = std::str::from_utf8(text).ok().filter(|_| whole)?;
        let seq = self.next;
        (self.rest, self.next) = (rest, seq.saturating_add(1));
        Some((seq, text))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (Seq, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let frame = self.take();
        if frame.is_none() {
            self.rest = &[];
        }
        frame
    }
}

#[cfg(test)]
mod tests;
