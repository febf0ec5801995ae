//! What is wrong with an expression: where, what, and how to mend it.

use std::fmt;
use std::ops::Range;

use crate::limits::Guard;

/// One thing that is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Where, in bytes of the expression.
    pub span: Range<usize>,
    /// What.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is over a bound.
    #[error("{}", over(*guard, *found, *most))]
    Over {
        /// Which.
        guard: Guard,
        /// How much there is; for a cost, what was reached.
        found: u64,
        /// The most there may be.
        most: u64,
    },
    /// A regular expression that cannot be used.
    #[error("{0}")]
    Pattern(String),
    /// It is not CEL.
    #[error("this is not CEL: {0}")]
    Syntax(String),
    /// There is no such name.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// A name, a function or a method.
        what: &'static str,
        /// As it was written.
        name: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// Operands that do not go together.
    #[error("{what}")]
    Type {
        /// Which, and where they stand.
        what: String,
        /// What to write in place of it.
        help: String,
    },
    /// An argument that must be known when the file is read.
    #[error("{what}")]
    Argument {
        /// Which.
        what: String,
        /// What to write in place of it.
        help: String,
    },
    /// It errs for every call.
    #[error("this errs whatever the call is: {0}")]
    Errs(String),
}

// === impl Defect ===

impl Defect {
    pub(crate) const fn new(span: Range<usize>, fault: Fault) -> Self {
        Self { span, fault }
    }

    /// The bound that the expression is over, if it is that.
    #[must_use]
    pub const fn guard(&self) -> Option<Guard> {
        match &self.fault {
            Fault::Over { guard, .. } => Some(*guard),
            Fault::Pattern(_) => Some(Guard::Pattern),
            Fault::Syntax(_)
            | Fault::Unknown { .. }
            | Fault::Type { .. }
            | Fault::Argument { .. }
            | Fault::Errs(_) => None,
        }
    }

    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> String {
        match &self.fault {
            Fault::Over { guard, .. } => shorter(*guard).to_owned(),
            Fault::Pattern(_) => "write the pattern as a text in quotes, in RE2 syntax, such as \
                 `call.model.matches('^gpt-[0-9]')`"
                .to_owned(),
            Fault::Syntax(what) if what.ends_with("`=`") => {
                "compare with two of them: `call.model == 'gpt-4o'`".to_owned()
            }
            Fault::Syntax(_) => {
                "write one expression that is true or false, such as `call.model == 'gpt-4o' && \
                 call.hour < 6`"
                    .to_owned()
            }
            Fault::Unknown { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Fault::Unknown { what: "name", name, .. } if !name.contains('.') => {
                format!("write a text in quotes: `'{name}'`; policies/CEL.md lists every name")
            }
            Fault::Unknown { what, .. } => format!("policies/CEL.md lists every {what}"),
            Fault::Type { help, .. } | Fault::Argument { help, .. } => help.clone(),
            Fault::Errs(_) => "change it so that it can be true for some call".to_owned(),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

// === impl Fault ===

impl Fault {
    pub(crate) fn over(guard: Guard, found: usize, most: usize) -> Self {
        let figure = |count| u64::try_from(count).unwrap_or(u64::MAX);
        Self::Over { guard, found: figure(found), most: figure(most) }
    }
}

fn over(guard: Guard, found: u64, most: u64) -> String {
    match guard {
        Guard::Size => format!("the expression has {found} bytes, at most {most}"),
        Guard::Nesting => {
            format!("{found} brackets, signs and `?` inside one another, at most {most}")
        }
        Guard::Depth => format!("{found} operators one after the other, at most {most}"),
        Guard::Doublings => format!("{found} uses of `optMap` and `optFlatMap`, at most {most}"),
        Guard::Comprehensions => {
            format!("{found} comprehensions inside one another, at most {most}")
        }
        Guard::Cost => format!("one evaluation takes more than {most} steps"),
        Guard::Pattern => format!("the pattern takes more than {most} bytes compiled"),
    }
}

const fn shorter(guard: Guard) -> &'static str {
    match guard {
        Guard::Size | Guard::Depth => {
            "split it into several rules, or compare with a list: `call.model in ['a', 'b']`"
        }
        Guard::Nesting => "write it without so many brackets, or split it into several rules",
        Guard::Doublings => "use `has(…)` and `? :` in place of some",
        Guard::Comprehensions => "split it into several rules",
        Guard::Cost => "go over shorter lists, or over fewer of them inside one another",
        Guard::Pattern => "write a shorter pattern, without large repetitions such as `{1,1000}`",
    }
}
