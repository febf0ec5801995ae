//! What the usage field says, where a script makes it differ from what the books say.

use std::fmt;

/// The output count a stream starts with; it says nothing about the bill.
pub(crate) const PLACEHOLDER_TOKENS: u64 = 1;

/// How the usage field is misreported. The books are not touched by it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// As billed.
    #[default]
    True,
    /// No usage field.
    Missing,
    /// `"usage":null`.
    Null,
    /// Counts below zero.
    Negative,
    /// Counts that fit 63 bits and no bill.
    Huge,
    /// Counts that fit no 64-bit integer.
    Overflow,
    /// Counts as JSON strings.
    Text,
    /// Counts of zero.
    Zero,
    /// The placeholder output count of a stream's start, and no count behind it.
    Placeholder,
    /// The output's count, and behind it, under the same name, zero.
    Twice,
    /// As `Twice`, with an escape in the second name.
    TwiceEscaped,
    /// At the end of a stream the counts as billed, then once more, all zero.
    Falling,
}

impl Claim {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "missing" => Self::Missing,
            "null" => Self::Null,
            "negative" => Self::Negative,
            "huge" => Self::Huge,
            "overflow" => Self::Overflow,
            "string" => Self::Text,
            "zero" => Self::Zero,
            "placeholder" => Self::Placeholder,
            "twice" => Self::Twice,
            "twice_escaped" => Self::TwiceEscaped,
            "falling" => Self::Falling,
            _ => return None,
        })
    }

    /// A count as it is claimed.
    pub(crate) fn count(self, tokens: u64) -> Count {
        Count { claim: self, tokens }
    }

    /// The output tokens a count starts from.
    pub(crate) fn output_tokens(self, tokens: u64) -> u64 {
        if self == Self::Placeholder { PLACEHOLDER_TOKENS } else { tokens }
    }

    /// What is written behind the other members of a usage, for the count of output by its name.
    pub(crate) fn again(self, name: &str) -> String {
        match self {
            Self::Twice => format!(r#","{name}":0"#),
            Self::TwiceEscaped => format!(r#","{}":0"#, name.replace('_', r"\u005f")),
            _ => String::new(),
        }
    }

    /// The claim that is made behind this one, where a stream makes two.
    pub(crate) fn then(self) -> Option<Self> {
        (self == Self::Falling).then_some(Self::Zero)
    }
}

/// One count, written as JSON.
pub(crate) struct Count {
    claim: Claim,
    tokens: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokens;
        match self.claim {
            Claim::True | Claim::Missing | Claim::Null | Claim::Placeholder => tokens.fmt(out),
            Claim::Twice | Claim::TwiceEscaped | Claim::Falling => tokens.fmt(out),
            Claim::Negative => write!(out, "-{}", tokens.max(1)),
            Claim::Huge => 9_000_000_000_000_000_000_u64.fmt(out),
            Claim::Overflow => out.write_str("99999999999999999999999"),
            Claim::Text => write!(out, "\"{tokens}\""),
            Claim::Zero => out.write_str("0"),
        }
    }
}
