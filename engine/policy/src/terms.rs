//! The names that an expression may use, in one table: what each is, where it comes from, and an
//! example that is true. The checker, the evaluation and `policies/CEL.md` are made of it.

use std::sync::LazyLock;

use reins_cel::{Name, Reader, Type, Value};
use reins_governor::Window;

use crate::sight::Sight;

mod names;
mod readers;

pub use names::NAMES;
pub use readers::READERS;

/// A name.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds functions")]
pub struct Term {
    /// The name, such as `call.model`.
    pub path: &'static str,
    /// What it stands for.
    pub kind: TermKind,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// An expression with it that is true of the sample call.
    pub example: &'static str,
    pub(crate) value: fn(&Sight<'_>) -> Value,
    /// Whether there is a value, for names that may have none.
    pub(crate) has: Option<fn(&Sight<'_>) -> bool>,
}

/// A function of spend.
#[derive(Clone, Copy, Debug)]
pub struct ReaderTerm {
    /// Its name, such as `spend.day`.
    pub path: &'static str,
    /// What it stands for.
    pub kind: TermKind,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// How it is written.
    pub written: &'static str,
    /// An expression with it that is true of the sample call.
    pub example: &'static str,
    /// Over which time; `None` where an argument says so.
    pub(crate) window: Option<Window>,
}

/// The kinds of value that names have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// An amount of US dollars.
    Money,
    /// An instant.
    Instant,
    /// A JSON object.
    Json,
}

// === impl TermKind ===

impl TermKind {
    /// Its word in CEL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Flag => "bool",
            Self::Number => "int",
            Self::Text => "string",
            Self::Texts => "list(string)",
            Self::Money => "usd",
            Self::Instant => "timestamp",
            Self::Json => "map(string, dyn)",
        }
    }

    fn checked(self) -> Type {
        match self {
            Self::Flag => Type::Bool,
            Self::Number => Type::Int,
            Self::Text => Type::String,
            Self::Texts => Type::List(Box::new(Type::String)),
            Self::Money => Type::Money,
            Self::Instant => Type::Timestamp,
            Self::Json => Type::Map(Box::new(Type::String), Box::new(Type::Dyn)),
        }
    }
}

/// The names, as the checker wants them.
pub(crate) fn names() -> &'static [Name] {
    static CHECKED: LazyLock<Vec<Name>> = LazyLock::new(|| {
        let name = |term: &Term| Name {
            path: term.path.to_owned(),
            kind: term.kind.checked(),
            optional: term.has.is_some(),
        };
        NAMES.iter().map(name).collect()
    });
    &CHECKED
}

/// The functions of spend, as the checker wants them.
pub(crate) fn readers() -> &'static [Reader] {
    static CHECKED: LazyLock<Vec<Reader>> = LazyLock::new(|| {
        let reader = |term: &ReaderTerm| Reader {
            path: term.path.to_owned(),
            kind: term.kind.checked(),
            arguments: term.written.matches("', '").count() + 1,
            example: term.written.to_owned(),
        };
        READERS.iter().map(reader).collect()
    });
    &CHECKED
}

#[cfg(test)]
mod tests;
