//! A JSON text read in place: one pass, nothing copied, the place of every value known.
//!
//! Stricter than most parsers, so that no vendor can read the same bytes otherwise: see [`Fields`].

mod fields;
mod string;
mod typed;

use std::ops::Range;

pub(crate) use fields::Fields;
pub(crate) use string::Text;

use crate::malformed::Malformed;

/// How deep lists and objects may nest, as in `serde_json`.
pub(crate) const DEPTH_MAX: u32 = 128;

/// What was read, or why it cannot be.
pub(crate) type Scanned<T> = Result<T, Malformed>;

/// A place in a JSON text, from which it is read on.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// Bytes of space passed over so far.
    space: usize,
}

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    List,
    String,
    Number,
    Flag,
    Null,
}

/// A value that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Where it stands.
    pub(crate) place: Range<usize>,
    /// Its bytes as UTF-8, without space between tokens of JSON, escapes counted as what they stand
    /// for: never fewer than its tokens.
    pub(crate) text_bytes: u64,
}

// === impl Scan ===

impl<'a> Scan<'a> {
    /// Begins with the first byte of a body, which must be UTF-8 throughout.
    pub(crate) fn new(body: &'a [u8]) -> Scanned<Self> {
        let text = std::str::from_utf8(body).map_err(|error| {
            let at = error.valid_up_to();
            Malformed::new(format!("the body is not UTF-8 at byte {at}: send JSON as UTF-8"))
        })?;
        if text.starts_with('\u{feff}') {
            return Err(Malformed::new("the body begins with a byte order mark: leave it out"));
        }
        Ok(Self { text, at: 0, depth: 0, space: 0 })
    }

    /// Where the next byte stands.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What comes next; the place moves to its first byte.
    pub(crate) fn kind(&mut self) -> Scanned<Kind> {
        self.pass_space();
        match self.byte() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f' | b'n') => {
                Ok(if self.keyword()? == "null" { Kind::Null } else { Kind::Flag })
            }
            _ => Err(self.expected("a value must stand here")),
        }
    }

    /// Reads an object, handing on each member by the name it has among `fields`, or `""`.
    /// Answers with the place after the brace that opens it.
    pub(crate) fn object(
        &mut self,
        fields: &Fields,
        mut each: impl FnMut(&mut Self, &'static str) -> Scanned<()>,
    ) -> Scanned<usize> {
        self.pass_space();
        let mut seen = 0;
        let open = self.at.saturating_add(1);
        self.members(|scan, key| each(scan, fields.name(&key, &mut seen)?))?;
        Ok(open)
    }

    /// Reads an object, handing on each member by its index among `names`, of which there are at
    /// most 64; `within` stands before a name in a sentence.
    pub(crate) fn object_of(
        &mut self,
        within: &str,
        names: &[Box<str>],
        mut each: impl FnMut(&mut Self, Option<usize>) -> Scanned<()>,
    ) -> Scanned<()> {
        let mut seen = 0;
        self.members(|scan, key| each(scan, fields::index(names, within, &key, &mut seen)?))
    }

    /// Reads a list, handing on each of its values.
    pub(crate) fn list(&mut self, mut each: impl FnMut(&mut Self) -> Scanned<()>) -> Scanned<()> {
        self.nested(b'[', b']', |scan| each(scan))
    }

    /// Passes over a value.
    pub(crate) fn pass(&mut self) -> Scanned<Passed> {
        let kind = self.kind()?;
        let (start, space) = (self.at, self.space);
        let saved = self.value(kind)?;
        let quotes = if kind == Kind::String { 2 } else { 0 };
        Ok(self.passed(start, space, saved.saturating_add(quotes)))
    }

    /// What was passed since `start`, where there was so much space before, less what is no text.
    fn passed(&self, start: usize, space: usize, no_text: u64) -> Passed {
        let written = self.at.saturating_sub(start);
        let text = written.saturating_sub(self.space.saturating_sub(space));
        let text_bytes = u64::try_from(text).unwrap_or(u64::MAX).saturating_sub(no_text);
        Passed { place: start..self.at, text_bytes }
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&mut self) -> Scanned<()> {
        self.pass_space();
        match self.byte() {
            None => Ok(()),
            Some(_) => Err(Malformed::new(format!(
                "the body goes on after its object, at byte {}: send one object",
                self.at
            ))),
        }
    }

    /// Passes over a value of this kind; answers how many bytes its escapes take up for nothing.
    fn value(&mut self, kind: Kind) -> Scanned<u64> {
        let mut saved = 0_u64;
        match kind {
            Kind::Object => self.members(|scan, key| {
                saved = saved.saturating_add(key.saved);
                let kind = scan.kind()?;
                saved = saved.saturating_add(scan.value(kind)?);
                Ok(())
            })?,
            Kind::List => self.nested(b'[', b']', |scan| {
                let kind = scan.kind()?;
                saved = saved.saturating_add(scan.value(kind)?);
                Ok(())
            })?,
            Kind::String => saved = self.string()?.saved,
            Kind::Number => self.number()?,
            Kind::Flag | Kind::Null => self.literal()?,
        }
        Ok(saved)
    }

    fn members(&mut self, mut each: impl FnMut(&mut Self, Text<'a>) -> Scanned<()>) -> Scanned<()> {
        self.nested(b'{', b'}', |scan| {
            scan.pass_space();
            let key = scan.string()?;
            scan.pass_space();
            scan.take(b':', "a colon must follow the name of a member")?;
            each(scan, key)
        })
    }

    /// Reads what stands between two brackets, separated by commas.
    fn nested(
        &mut self,
        open: u8,
        close: u8,
        mut each: impl FnMut(&mut Self) -> Scanned<()>,
    ) -> Scanned<()> {
        self.pass_space();
        self.take(open, "another kind of value must stand here")?;
        self.deeper()?;
        self.pass_space();
        if !self.took(close) {
            loop {
                each(self)?;
                self.pass_space();
                if self.took(close) {
                    break;
                }
                self.take(b',', "a comma or the closing bracket must follow")?;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn deeper(&mut self) -> Scanned<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth <= DEPTH_MAX {
            return Ok(());
        }
        Err(Malformed::new(format!(
            "the body is nested more than {DEPTH_MAX} deep, at byte {}: nest it less",
            self.at
        )))
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
    fn number(&mut self) -> Scanned<()> {
        self.took(b'-');
        if !self.took(b'0') {
            self.digits()?;
        }
        if self.took(b'.') {
            self.digits()?;
        }
        if self.took(b'e') || self.took(b'E') {
            if !self.took(b'+') {
                self.took(b'-');
            }
            self.digits()?;
        }
        match self.byte() {
            Some(b'0'..=b'9' | b'.' | b'a'..=b'z' | b'A'..=b'Z') => {
                Err(self.expected("a number must end here"))
            }
            _ => Ok(()),
        }
    }

    fn digits(&mut self) -> Scanned<()> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit must stand here")) } else { Ok(()) }
    }

    fn literal(&mut self) -> Scanned<()> {
        self.at += self.keyword()?.len();
        Ok(())
    }

    /// The word that stands here.
    fn keyword(&self) -> Scanned<&'static str> {
        let rest = self.rest();
        let found = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
        found.ok_or_else(|| self.expected("true, false or null must stand here"))
    }

    fn pass_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
            self.space += 1;
        }
    }

    fn take(&mut self, byte: u8, expected: &str) -> Scanned<()> {
        if self.took(byte) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn took(&mut self, byte: u8) -> bool {
        let next = self.byte() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> Malformed {
        Malformed::json(self.at, what)
    }
}

#[cfg(test)]
mod tests;
