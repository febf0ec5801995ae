//! Pointers: where something stands in a JSON document.

use std::fmt;
use std::str::FromStr;

/// The most steps of a pointer: several times what any documented format needs.
const STEPS_MAX: usize = 16;

/// A JSON pointer (RFC 6901). A step `*` stands for each item of a list, and `**` at the end for
/// everything below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    text: Box<str>,
    pub(super) steps: Box<[Step]>,
}

/// One step of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the member of an object with this name.
    Member(Box<str>),
    /// Into each item of a list.
    Each,
    /// Into everything below.
    All,
}

/// Why a text is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerError {
    /// It does not begin with a slash.
    NoSlash,
    /// A step has no name.
    EmptyStep,
    /// It has too many steps.
    TooLong,
    /// `~` stands before something else than 0 or 1.
    Escape,
    /// A step is the number of an item.
    Item,
    /// `**` is not its last step.
    AllInside,
}

// === impl Pointer ===

impl Pointer {
    /// The names of its members; `None` where it leads into lists.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        let name = |step: &'_ Step| match step {
            Step::Member(_) => true,
            Step::Each | Step::All => false,
        };
        if !self.steps.iter().all(name) {
            return None;
        }
        let members = self.steps.iter().filter_map(|step| match step {
            Step::Member(name) => Some(&**name),
            Step::Each | Step::All => None,
        });
        Some(members.collect())
    }

    /// Whether it leads to one place: through members alone.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.names().is_some()
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let rest = text.strip_prefix('/').ok_or(PointerError::NoSlash)?;
        let steps = rest.split('/').map(step).collect::<Result<Box<[_]>, _>>()?;
        if steps.len() > STEPS_MAX {
            return Err(PointerError::TooLong);
        }
        let inside = steps.split_last().map_or(&[][..], |(_, inside)| inside);
        if inside.contains(&Step::All) {
            return Err(PointerError::AllInside);
        }
        Ok(Self { text: text.into(), steps })
    }
}

fn step(text: &str) -> Result<Step, PointerError> {
    match text {
        "" => Err(PointerError::EmptyStep),
        "*" => Ok(Step::Each),
        "**" => Ok(Step::All),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => Err(PointerError::Item),
        _ => {
            let mut after = text.split('~').skip(1);
            if !after.all(|after| after.starts_with(['0', '1'])) {
                return Err(PointerError::Escape);
            }
            Ok(Step::Member(text.replace("~1", "/").replace("~0", "~").into()))
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// === impl PointerError ===

impl PointerError {
    /// How to mend it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NoSlash => "write a slash before each name, such as \"/usage/input_tokens\"",
            Self::EmptyStep => "write one slash before each name, and none at the end",
            Self::TooLong => "name at most 16 steps",
            Self::Escape => "write ~0 for a tilde in a name, and ~1 for a slash",
            Self::Item => "write * for each item of a list: one item alone cannot be named",
            Self::AllInside => "write ** as the last step alone",
        }
    }
}

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSlash => "a pointer begins with a slash",
            Self::EmptyStep => "a step of the pointer has no name",
            Self::TooLong => "the pointer has more than 16 steps",
            Self::Escape => "`~` in a pointer stands before 0 or 1",
            Self::Item => "a step of the pointer is a number",
            Self::AllInside => "`**` stands inside of the pointer",
        })
    }
}

impl std::error::Error for PointerError {}
