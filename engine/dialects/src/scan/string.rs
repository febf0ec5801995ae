//! Strings read in place: their length once unescaped, without unescaping them.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

use super::{Scan, Scanned};

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
        while self.run()? == b'\\' {
            saved = saved.saturating_add(self.escape()?);
        }
        let place = start..self.at;
        let written = self.text.get(place.clone()).unwrap_or_default();
        Ok(Text { place, written, saved })
    }

    /// Passes over plain characters and the quote or backslash after them, and answers with that.
    fn run(&mut self) -> Scanned<u8> {
        let rest = self.rest().as_bytes();
        let Some(length) = memchr2(b'"', b'\\', rest) else {
            return Err(self.expected("the string that ends the body must be closed"));
        };
        let (run, stop) = rest.split_at_checked(length).unwrap_or_default();
        if run.iter().any(|byte| *byte < 0x20) {
            return Err(self.expected("the string that begins here must escape control characters"));
        }
        self.at += length.saturating_add(1);
        Ok(stop.first().copied().unwrap_or_default())
    }

    /// Reads what follows a backslash; answers how many bytes are saved by unescaping it.
    fn escape(&mut self) -> Scanned<u64> {
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(1)
            }
            Some(b'u') => {
                self.at += 1;
                self.unicode()
            }
            _ => {
                Err(self.expected("an escape must be one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"))
            }
        }
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
