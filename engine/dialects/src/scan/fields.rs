//! Fields that are governed at one level of a body: each at most once, in its one spelling.
//!
//! A vendor may unescape names, ignore their case or read camelCase, and takes the first or the
//! last of two. A body that could be read in two ways is refused, whatever this vendor would do.

use super::{Scanned, Text};
use crate::malformed::Malformed;

/// The longest a name may be, as it is written, to be one of a body's fields: each character of the
/// longest name escaped, twice over.
const WRITTEN_MAX: usize = 300;

/// The governed names of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    /// What stands before a name in a sentence, such as `stream_options.`.
    pub(crate) within: &'static str,
    /// At most 64 names.
    pub(crate) names: &'static [&'static str],
}

// === impl Fields ===

impl Fields {
    /// The name that `key` has among these, or `""`. `seen` has a bit for each name seen before.
    pub(super) fn name(&self, key: &Text<'_>, seen: &mut u64) -> Scanned<&'static str> {
        let index = index(self.names, self.within, key, seen)?;
        Ok(index.and_then(|index| self.names.get(index)).copied().unwrap_or(""))
    }
}

/// Which of `names` `key` is. `seen` has a bit for each name seen before.
pub(super) fn index<S: AsRef<str>>(
    names: &[S],
    within: &str,
    key: &Text<'_>,
    seen: &mut u64,
) -> Scanned<Option<usize>> {
    if key.written_bytes() > WRITTEN_MAX {
        return Ok(None);
    }
    let Some(said) = key.said() else { return Ok(None) };
    let path = |name: &S| format!("{within}{}", name.as_ref());
    let names = || names.iter().enumerate();
    if let Some((index, name)) = names().find(|(_, name)| name.as_ref() == said) {
        let bit = 1_u64.checked_shl(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0);
        if *seen & bit != 0 {
            return Err(Malformed::twice(&path(name), key.place.start));
        }
        *seen |= bit;
        return Ok(Some(index));
    }
    match names().find(|(_, name)| folded(&said).eq(folded(name.as_ref()))) {
        Some((_, name)) => Err(Malformed::spelling(&said, &path(name), key.place.start)),
        None => Ok(None),
    }
}

/// A name without case, underscores and hyphens, as far as its first NUL, where C ends a text. Four
/// letters outside ASCII fold into it as well: all that Java takes for one inside.
fn folded(name: &str) -> impl Iterator<Item = char> {
    let said = name.chars().take_while(|c| *c != '\0');
    said.filter(|c| !matches!(c, '_' | '-')).map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        '\u{130}' | '\u{131}' => 'i',
        _ => c.to_ascii_lowercase(),
    })
}
