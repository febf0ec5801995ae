//! Governed values: of one type, or refused by name.

use std::borrow::Cow;

use super::{Fields, Kind, Passed, Scan, Scanned};
use crate::malformed::Malformed;

// === impl Kind ===

impl Kind {
    /// In a sentence.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Null => "null",
        }
    }
}

// === impl Scan ===

impl<'a> Scan<'a> {
    /// A whole number from 0 on, or `null`.
    pub(crate) fn whole_number(&mut self, field: &str) -> Scanned<Option<u64>> {
        const MUST: &str = "a whole number such as 1024";
        if !self.expect(field, Kind::Number, MUST)? {
            return Ok(None);
        }
        let written = self.pass_written()?;
        let digits = written.bytes().all(|byte| byte.is_ascii_digit());
        match written.parse() {
            Ok(number) if digits => Ok(Some(number)),
            _ => Err(Malformed::value(field, written, &format!("it must be {MUST}"))),
        }
    }

    /// Whether a whole number below zero comes next.
    pub(crate) fn is_negative_integer(&self) -> bool {
        let Some(digits) = self.rest().strip_prefix('-') else { return false };
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let ends = !digits.get(end..).unwrap_or_default().starts_with(['.', 'e', 'E']);
        ends && digits.get(..end).is_some_and(|digits| digits.contains(|c| c != '0'))
    }

    /// A whole number from 1 on, or `null`.
    pub(crate) fn positive(&mut self, field: &str) -> Scanned<Option<u64>> {
        match self.whole_number(field)? {
            Some(0) => Err(Malformed::value(field, "0", "it must be at least 1")),
            number => Ok(number),
        }
    }

    /// `true`, `false` or `null`.
    pub(crate) fn flag(&mut self, field: &str) -> Scanned<Option<bool>> {
        if !self.expect(field, Kind::Flag, "true or false")? {
            return Ok(None);
        }
        Ok(Some(self.pass_written()? == "true"))
    }

    /// A string that is one of a few words, or `null`.
    pub(crate) fn word(&mut self, field: &str) -> Scanned<Option<Cow<'a, str>>> {
        if !self.expect(field, Kind::String, "a string")? {
            return Ok(None);
        }
        let said = self.string()?.said();
        said.map(Some).ok_or_else(|| Malformed::new(format!("`{field}` holds half a character")))
    }

    /// An object with these fields, or `null`. Answers with the place after its opening brace.
    pub(crate) fn object_or_null(
        &mut self,
        field: &str,
        fields: &Fields,
        each: impl FnMut(&mut Self, &'static str) -> Scanned<()>,
    ) -> Scanned<Option<usize>> {
        if !self.expect(field, Kind::Object, "an object")? {
            return Ok(None);
        }
        self.object(fields, each).map(Some)
    }

    /// An object with these fields. Answers with the place after its opening brace.
    pub(crate) fn must_be_object(
        &mut self,
        field: &str,
        fields: &Fields,
        each: impl FnMut(&mut Self, &'static str) -> Scanned<()>,
    ) -> Scanned<usize> {
        let is = self.kind()?;
        if is != Kind::Object {
            return Err(Malformed::kind(field, is.word(), self.at, "an object"));
        }
        self.object(fields, each)
    }

    /// Passes over an object, handing on what the members with these names say: `None` where that
    /// is no text.
    pub(crate) fn pass_noting(
        &mut self,
        fields: &Fields,
        mut note: impl FnMut(&'static str, Option<Cow<'a, str>>),
    ) -> Scanned<Passed> {
        self.kind()?;
        let (start, space) = (self.at, self.space);
        let (mut seen, mut saved) = (0, 0_u64);
        self.members(|scan, key| {
            let name = fields.name(&key, &mut seen)?;
            let kind = scan.kind()?;
            let (said, escapes) = if kind == Kind::String && !name.is_empty() {
                let text = scan.string()?;
                (text.said(), text.saved)
            } else {
                (None, scan.value(kind)?)
            };
            saved = saved.saturating_add(key.saved).saturating_add(escapes);
            if !name.is_empty() {
                note(name, said);
            }
            Ok(())
        })?;
        Ok(self.passed(start, space, saved))
    }

    /// A list, or `null`.
    pub(crate) fn list_or_null(
        &mut self,
        field: &str,
        each: impl FnMut(&mut Self) -> Scanned<()>,
    ) -> Scanned<()> {
        if self.expect(field, Kind::List, "a list")? { self.list(each) } else { Ok(()) }
    }

    /// Whether a value of this kind comes next; `null` is passed over, all else is refused.
    fn expect(&mut self, field: &str, kind: Kind, must: &str) -> Scanned<bool> {
        let is = self.kind()?;
        if is == Kind::Null {
            self.pass()?;
            return Ok(false);
        }
        if is == kind { Ok(true) } else { Err(Malformed::kind(field, is.word(), self.at, must)) }
    }

    fn pass_written(&mut self) -> Scanned<&'a str> {
        let place = self.pass()?.place;
        Ok(self.text.get(place).unwrap_or_default())
    }
}
