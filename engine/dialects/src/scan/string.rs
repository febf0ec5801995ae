//! Strings read in place: their length once unescaped, without unescaping them.

use std::borrow::Cow;
use std::ops::Range;

use super::{Scan, Scanned};
use crate::malformed::Malformed;

/// A string of a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    /// Where it stands, quotes included.
    pub(crate) place: Range<usize>,
    /// As it is written, quotes included.
    pub(crate) written: &'a str,
    /// How many bytes its escapes take up beyond what they stand for.
    pub(crate) saved: u64,
}

// === impl Text ===

impl<'a> Text<'a> {
    /// What it says, or `None` where it says half a character.
    pub(crate) fn said(&self) -> Option<Cow<'a, str>> {
        if self.saved == 0 {
            return self.inside().map(Cow::Borrowed);
        }
        serde_json::from_str(self.written).ok().map(Cow::Owned)
    }

    /// How many bytes it has once unescaped.
    pub(crate) fn bytes(&self) -> u64 {
        u64::try_from(self.written_bytes()).unwrap_or(u64::MAX).saturating_sub(self.saved)
    }

    /// How many bytes it has between its quotes, as it is written.
    pub(crate) const fn written_bytes(&self) -> usize {
        self.written.len().saturating_sub(2)
    }

    fn inside(&self) -> Option<&'a str> {
        self.written.strip_prefix('"')?.strip_suffix('"')
    }
}

// === impl Scan ===

impl<'a> Scan<'a> {
    /// Reads a string.
    pub(crate) fn string(&mut self) -> Scanned<Text<'a>> {
        let start = self.at;
        self.take(b'"', "a string must stand here")?;
        let mut saved = 0_u64;
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let length = plain_run(rest);
            self.at = self.at.saturating_add(length).saturating_add(1);
            match (rest.get(length), rest.get(length.saturating_add(1))) {
                (Some(b'"'), _) => break,
                (Some(b'\\'), Some(next)) => saved = saved.saturating_add(self.escape(*next)?),
                _ => return Err(self.unclosed()),
            }
        }
        let place = start..self.at;
        let written = self.text.get(place.clone()).unwrap_or_default();
        Ok(Text { place, written, saved })
    }

    /// Reads what follows a backslash; answers how many bytes are saved by unescaping it.
    fn escape(&mut self, next: u8) -> Scanned<u64> {
        self.at = self.at.saturating_add(1);
        match next {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(1),
            b'u' => self.unicode(),
            _ => Err(Malformed::json(
                self.at.saturating_sub(1),
                "an escape must be one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u",
            )),
        }
    }

    /// The string does not go on after the byte before this place.
    fn unclosed(&self) -> Malformed {
        let at = self.at.saturating_sub(1);
        let what = match self.text.as_bytes().get(at) {
            Some(..0x20) => "a string must escape its control characters",
            _ => "the string that ends the body must be closed",
        };
        Malformed::json(at, what)
    }

    fn unicode(&mut self) -> Scanned<u64> {
        let first = self.hex()?;
        let low_follows = (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u");
        if low_follows {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                return Ok(12 - 4);
            }
            self.at = before;
        }
        Ok(match first {
            0..0x80 => 6 - 1,
            0x80..0x800 => 6 - 2,
            _ => 6 - 3,
        })
    }

    fn hex(&mut self) -> Scanned<u32> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let number = number.ok_or_else(|| self.expected("four hexadecimal digits must follow"))?;
        self.at += 4;
        Ok(number)
    }
}

/// How many bytes come before a quote, a backslash or a control character: eight at a time, since
/// this is where a long prompt spends its time.
fn plain_run(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let stops = stops(u64::from_le_bytes(*word));
        if stops != 0 {
            return index * 8 + stops.trailing_zeros() as usize / 8;
        }
    }
    let stop = |byte: &u8| matches!(*byte, b'"' | b'\\' | ..0x20);
    words.len() * 8 + rest.iter().position(stop).unwrap_or(rest.len())
}

/// The highest bit of each byte that ends a run; the lowest one set is right, those above it need
/// not be.
const fn stops(word: u64) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = EACH << 7;
    let quotes = word ^ (EACH * b'"' as u64);
    let backslashes = word ^ (EACH * b'\\' as u64);
    let below = word.wrapping_sub(EACH * 0x20) & !word;
    let quote = quotes.wrapping_sub(EACH) & !quotes;
    let backslash = backslashes.wrapping_sub(EACH) & !backslashes;
    (below | quote | backslash) & HIGHEST
}
