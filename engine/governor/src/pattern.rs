//! Patterns: a name, or a shape of names written with `*`.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name or a glob over names: `*` stands for any run of characters, `?` for one.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    shape: Shape,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pattern: {reason}")]
pub struct PatternError {
    text: String,
    reason: String,
}

/// The cheap cases apart from the general one: most patterns are names.
#[derive(Clone, Debug)]
enum Shape {
    Any,
    Exact,
    Prefix,
    Glob(GlobMatcher),
}

// === impl Pattern ===

impl Pattern {
    /// Whether `name` has this shape.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::Exact => *self.text == *name,
            Shape::Prefix => name.starts_with(self.text.trim_end_matches('*')),
            Shape::Glob(glob) => glob.is_match(name),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands for one name only.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self.shape, Shape::Exact)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let special = |c| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\');
        let shape = match text.strip_suffix('*') {
            Some("") => Shape::Any,
            Some(head) if !head.contains(special) => Shape::Prefix,
            _ if !text.contains(special) => Shape::Exact,
            _ => Shape::Glob(glob(text)?),
        };
        Ok(Self { text: text.into(), shape })
    }
}

fn glob(text: &str) -> Result<GlobMatcher, PatternError> {
    Glob::new(text)
        .map(|glob| glob.compile_matcher())
        .map_err(|e| PatternError { text: text.to_owned(), reason: e.kind().to_string() })
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    //! Which names have which shapes.
    use super::Pattern;

    #[test]
    fn matches_names_prefixes_and_globs() {
        for (pattern, name, expected) in [
            ("*", "anything", true),
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4*", "gpt-4o-mini", true),
            ("gpt-4*", "gpt-3.5", false),
            ("claude-*-opus*", "claude-3-opus-20240229", true),
            ("claude-*-opus*", "claude-opus", false),
            ("*mini", "gpt-4o-mini", true),
            ("a/*", "a/b/c", true),
        ] {
            let read: Pattern = pattern.parse().expect(pattern);
            assert_eq!(read.matches(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn refuses_a_broken_glob() {
        assert!("[a".parse::<Pattern>().is_err());
    }
}
