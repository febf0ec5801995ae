//! Why a body cannot be read: what, where, and how to mend it.

use std::borrow::Cow;

use reins_governor::Refusal;

/// How much of a client's own value is repeated to it.
const QUOTED_CHARS_MAX: usize = 40;

/// The sentence for the person who sent the body. Never holds content beyond a governed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(String);

// === impl Malformed ===

impl Malformed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The body is not JSON.
    pub(crate) fn json(at: usize, expected: &str) -> Self {
        Self(format!("the body is not JSON at byte {at}: {expected}"))
    }

    /// A field has a value of the wrong type.
    pub(crate) fn kind(field: &str, is: &str, at: usize, must: &str) -> Self {
        Self(format!("`{field}` is {is} at byte {at}: it must be {must}"))
    }

    /// A field has a value that is not one of its own.
    pub(crate) fn value(field: &str, value: &str, mend: &str) -> Self {
        Self(format!("`{field}` is `{}`: {mend}", quoted(value)))
    }

    /// A field is named twice.
    pub(crate) fn twice(field: &str, at: usize) -> Self {
        Self(format!("`{field}` is named twice, the second time at byte {at}: name it once"))
    }

    /// A field is named in a spelling that only some vendors understand.
    pub(crate) fn spelling(name: &str, field: &str, at: usize) -> Self {
        let name = quoted(name);
        Self(format!(
            "`{name}` at byte {at} may be read as `{field}`: write `{field}`, or leave it"
        ))
    }

    /// A field that must be there is not.
    pub(crate) fn missing(field: &str, mend: &str) -> Self {
        Self(format!("`{field}` is missing: {mend}"))
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::BadRequest { what: malformed.0 }
    }
}

/// The beginning of a text that may be long.
fn quoted(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}
