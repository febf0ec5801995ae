//! What the configuration says of a family: data alone, so that two versions of it can be compared.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use http::uri::PathAndQuery;
use reins_governor::{Endpoint, Tokens};

use super::Pointer;
use crate::Framing;

/// A family, as the configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its name; no family that is built in has it.
    pub name: Arc<str>,
    /// The vendor's own address.
    pub base_url: Arc<str>,
    /// How the vendor's key is shown.
    pub key: KeyForm,
    /// What its endpoints are.
    pub api: Api,
}

/// How a vendor is shown its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// In a header, with a text before it, such as `Bearer `.
    Header {
        /// The header.
        name: HeaderName,
        /// What stands before the key.
        before: Box<str>,
        /// What stands behind it.
        after: Box<str>,
    },
    /// Not at all: the vendor takes none.
    Keyless,
}

/// The endpoints of a declared family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Api {
    /// Those of a family that is built in, by its name.
    Like {
        /// The name of that family.
        family: Arc<str>,
        /// Where the vendor has another path for an endpoint than that family, below the base
        /// address.
        paths: Vec<(Endpoint, PathAndQuery)>,
    },
    /// Its own.
    Own {
        /// Where the message of the vendor's errors stands.
        error: Pointer,
        /// At least one.
        endpoints: Vec<EndpointRules>,
    },
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRules {
    /// Its path below the base address, without a slash in front.
    pub path: Box<str>,
    /// What its calls ask for.
    pub kind: Endpoint,
    /// How a request is read.
    pub request: RequestRules,
    /// Where an answer says which model made it.
    pub answer_model: Option<Pointer>,
    /// Where an answer in one piece says what was used.
    pub usage: UsageRules,
    /// How an answer comes in pieces, if it can.
    pub stream: Option<StreamRules>,
}

/// Where the facts of a request stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRules {
    /// The model's name.
    pub model: Pointer,
    /// Whether the answer shall come in pieces.
    pub stream: Option<StreamFlag>,
    /// The output cap; `None` where answers have no output that is billed.
    pub cap: Option<CapRule>,
    /// The number of answers.
    pub choices: Option<Pointer>,
    /// The list of messages, in which only what a rule names counts as text.
    pub messages: Option<Pointer>,
    /// A text, or a list of texts each of which is answered apart.
    pub prompts: Option<Pointer>,
    /// Texts inside of messages.
    pub text: Vec<Pointer>,
    /// Images, one at each place.
    pub images: Vec<Pointer>,
    /// Inputs that may be of any size, such as addresses of files.
    pub references: Vec<Pointer>,
    /// What costs extra and has no price.
    pub fees: Vec<Pointer>,
    /// What is refused in any case, such as a second name for the model.
    pub refused: Vec<Pointer>,
}

/// The wish for a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFlag {
    /// Where it stands.
    pub pointer: Pointer,
    /// What holds where it is not there.
    pub default: bool,
}

/// The output cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapRule {
    /// Where it stands, and is written.
    pub pointer: Pointer,
    /// Other places where the vendor reads it from.
    pub aliases: Vec<Pointer>,
    /// What is written where neither the request nor the connection names one.
    pub default: Option<Tokens>,
}

/// Where usage stands, as whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRules {
    /// Tokens of the input.
    pub input: Pointer,
    /// Tokens of the output; `None` where there is none that is billed.
    pub output: Option<Pointer>,
    /// Tokens of the input that were cached.
    pub cached: Option<CachedTokens>,
    /// Tokens of the output that were spent on reasoning.
    pub reasoning: Option<Pointer>,
}

/// Where cached tokens stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedTokens {
    /// Their number.
    pub pointer: Pointer,
    /// Whether the input's number has them in it.
    pub inside_input: bool,
}

/// How an answer comes in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRules {
    /// How the pieces are told apart.
    pub framing: Framing,
    /// What tells the last piece: behind it, usage is final.
    pub last: LastEvent,
    /// Where a piece says what was used.
    pub usage: UsageRules,
    /// Where a piece says that the vendor failed, beside where all its errors do.
    pub error: Option<Pointer>,
}

/// What tells the last piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastEvent {
    /// A member with one value.
    Member {
        /// Where it stands.
        pointer: Pointer,
        /// What stands there.
        is: LastValue,
    },
    /// An event whose data is `[DONE]`.
    Done,
}

/// What stands in the last piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastValue {
    /// This text.
    Text(Box<str>),
    /// True or false.
    Flag(bool),
}

/// Why rules cannot hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclarationError {
    /// Two rules are for one place.
    Twice(Pointer),
    /// One object has too many members that rules name.
    Crowded,
    /// The rule leads into lists, and must lead to one place.
    NotPlain(Pointer),
    /// There is no family of this name that is built in.
    NoFamily(Arc<str>),
}

// === impl DeclarationError ===

impl fmt::Display for DeclarationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(pointer) => write!(f, "two rules are for `{pointer}`"),
            Self::Crowded => f.write_str("rules name more than 64 members of one object"),
            Self::NotPlain(pointer) => write!(f, "`{pointer}` may lead to several places"),
            Self::NoFamily(name) => write!(f, "`{name}` is no dialect that is built in"),
        }
    }
}

impl DeclarationError {
    /// How to mend it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Twice(_) => "keep one of them",
            Self::Crowded => "name an object with `**` in place of its members",
            Self::NotPlain(_) => "name one place: only lists of inputs can have `*` and `**`",
            Self::NoFamily(_) => "write openai or anthropic",
        }
    }
}

impl std::error::Error for DeclarationError {}
