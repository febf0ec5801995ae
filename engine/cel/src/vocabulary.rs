//! What an expression may name, as the caller declares it.

use std::ops::Range;

use crate::value::{Type, Value};

/// A name that an expression may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, such as `call.model`.
    pub path: String,
    /// What it stands for.
    pub kind: Type,
    /// Whether `has(…)` may find that there is none; it is an error to read it then.
    pub optional: bool,
}

/// A function whose arguments are texts that are known when the expression is compiled, such as
/// `spend.day('agent')`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Its name, such as `spend.day`.
    pub path: String,
    /// What it stands for.
    pub kind: Type,
    /// How many arguments it has.
    pub arguments: usize,
    /// How it is written, such as `spend.day('agent')`.
    pub example: String,
}

/// Why a function cannot be read with an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Which argument.
    pub argument: usize,
    /// What is wrong with it.
    pub what: String,
    /// What to write in place of it.
    pub help: String,
}

/// What stands in an expression's tree in place of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// What the name of this index stands for.
    Name(usize),
    /// Whether there is what the name of this index stands for.
    Has(usize),
    /// What the vocabulary gave this number to, when it was asked to read it.
    Read(usize),
}

/// What expressions may name.
pub trait Vocabulary {
    /// The names.
    fn names(&self) -> &[Name];

    /// The functions.
    fn readers(&self) -> &[Reader];

    /// Declares that the function of index `reader` is read with these arguments, and gives it a
    /// number.
    ///
    /// # Errors
    /// An argument is not one that it can be read with.
    fn read(&mut self, reader: usize, arguments: &[&str]) -> Result<usize, Objection>;
}

/// What the names of an expression stand for in one evaluation.
pub trait Bindings: Sync {
    /// What stands in this slot. An error as a value is what the evaluation then comes to, unless
    /// `||`, `&&` or `? :` need no such value.
    fn value(&self, slot: Slot) -> Value;
}

/// The argument of a reader, where it stands.
pub(crate) type Argument<'a> = (&'a str, Range<usize>);

/// Digits of a slot's number. Source of 4 KiB has fewer names and texts than four digits count.
const DIGITS: usize = 4;

/// A slot, or a constant of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Slot(Slot),
    Constant(usize),
}

// === impl Cell ===

impl Cell {
    /// The identifier that stands for it in the tree. No identifier of CEL begins with `@`, and no
    /// macro makes one of this length and form.
    pub(crate) fn ident(self) -> String {
        let (mark, number) = match self {
            Self::Slot(Slot::Name(number)) => ('n', number),
            Self::Slot(Slot::Has(number)) => ('h', number),
            Self::Slot(Slot::Read(number)) => ('r', number),
            Self::Constant(number) => ('c', number),
        };
        format!("@{mark}{number:0DIGITS$}")
    }

    /// What an identifier of the tree stands for.
    pub(crate) fn of(ident: &str) -> Option<Self> {
        let [b'@', mark, digits @ ..] = ident.as_bytes() else { return None };
        if digits.len() != DIGITS {
            return None;
        }
        let number = digits.iter().try_fold(0_usize, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + usize::from(digit - b'0'))
        })?;
        match mark {
            b'n' => Some(Self::Slot(Slot::Name(number))),
            b'h' => Some(Self::Slot(Slot::Has(number))),
            b'r' => Some(Self::Slot(Slot::Read(number))),
            b'c' => Some(Self::Constant(number)),
            _ => None,
        }
    }
}
