//! Names: what people call an organization, a team, an agent, a user, a session, a key, a rule.
//!
//! One rule holds for all of them. Counters are kept under names and people read them in logs, so
//! that a name is short, in one line, and looks like what it is.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest name, in bytes: what ids of sessions and addresses of users have, twice.
const BYTES_MAX: usize = 128;

/// A name of 1 to 128 bytes, without space around it, control characters, or characters that cannot
/// be seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Name(Arc<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.what(), self.hint())]
pub enum NameError {
    /// There is nothing in it but space.
    Empty,
    /// It is too long.
    TooLong {
        /// How long, in bytes.
        bytes: usize,
    },
    /// It has a control character, or one that cannot be seen.
    Unseen(char),
}

// === impl Name ===

impl Name {
    /// A name that was parsed when it came in, and has been kept since: under an earlier version it
    /// may have been another rule.
    #[must_use]
    pub fn kept(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text that is shared, without a copy.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character is not seen where it stands, or moves those around it: controls, characters
/// without width, marks of direction, separators of lines, tags; and the one that stands for a
/// character that was lost.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fffd}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl FromStr for Name {
    type Err = NameError;

    /// Space around a name does not belong to it.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(NameError::TooLong { bytes: text.len() });
        }
        match text.chars().find(|c| is_unseen(*c)) {
            Some(unseen) => Err(NameError::Unseen(unseen)),
            None => Ok(Self(text.into())),
        }
    }
}

/// A name that the program itself has, such as `default`.
impl From<&'static str> for Name {
    fn from(name: &'static str) -> Self {
        Self(name.into())
    }
}

impl From<Name> for Arc<str> {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept was parsed when it came in: see [`Name::kept`].
impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Arc::<str>::deserialize(deserializer).map(Self)
    }
}

// === impl NameError ===

impl NameError {
    /// What is wrong.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Empty => "a name is empty".to_owned(),
            Self::TooLong { bytes } => format!("a name has {bytes} bytes"),
            Self::Unseen(c) => {
                format!("a name has U+{:04X} in it, which cannot be seen", u32::from(*c))
            }
        }
    }

    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Empty => "write at least one character".to_owned(),
            Self::TooLong { .. } => format!("use at most {BYTES_MAX}"),
            Self::Unseen(_) => {
                "leave out control characters, marks of direction and spaces without width"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is a name, and what is wrong with the rest.
    use super::{BYTES_MAX, Name};

    #[test]
    fn a_name_is_what_people_write_without_the_space_around_it() {
        let longest = "x".repeat(BYTES_MAX);
        for (text, name) in [
            (" support-bot\t", "support-bot"),
            ("ada@example.com", "ada@example.com"),
            ("support bot, a day", "support bot, a day"),
            ("Überprüfung", "Überprüfung"),
            ("会話-7", "会話-7"),
            ("🛡\u{fe0f} guard", "🛡\u{fe0f} guard"),
            ("a", "a"),
            (longest.as_str(), longest.as_str()),
        ] {
            assert_eq!(text.parse::<Name>().expect(text).as_str(), name);
        }
    }

    #[test]
    fn what_is_wrong_with_a_name_is_told_with_what_to_do() {
        let unseen = ["U+202E", "U+200B", "U+FEFF", "U+0007", "U+FFFD", "U+E0041"].map(|code| {
            format!(
                "a name has {code} in it, which cannot be seen: leave out control characters, \
                 marks of direction and spaces without width"
            )
        });
        let long = "x".repeat(BYTES_MAX + 1);
        for (text, error) in [
            ("", "a name is empty: write at least one character"),
            (" \n", "a name is empty: write at least one character"),
            (long.as_str(), "a name has 129 bytes: use at most 128"),
            ("bot\u{202e}tob", &unseen[0]),
            ("bot\u{200b}", &unseen[1]),
            ("\u{feff}bot", &unseen[2]),
            ("b\u{7}t", &unseen[3]),
            ("b\u{fffd}t", &unseen[4]),
            ("bot\u{e0041}", &unseen[5]),
        ] {
            let found = text.parse::<Name>().expect_err(text);
            assert_eq!(found.to_string(), error, "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_was_kept_is_read_whatever_the_rule_is_now() {
        let kept: Name = serde_json::from_str("\"bot\u{200b}\"").expect("a kept name");
        assert_eq!(&kept, "bot\u{200b}");
        assert_eq!(serde_json::to_string(&kept).expect("JSON"), "\"bot\u{200b}\"");
    }
}
