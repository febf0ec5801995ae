//! The kinds of condition that a call can be outside of.

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};

use crate::ScopeKind;

/// The number of a condition on the spend of a scope is that of the scope's kind, and this: room
/// for six more conditions.
const SCOPES_FROM: u8 = 16;

/// A condition of a rule, or a list of a policy's scope, that a call can be outside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// Which agents.
    Agents,
    /// Which teams.
    Teams,
    /// Which vendors.
    Vendors,
    /// Which models.
    Models,
    /// Which models not.
    NotModels,
    /// Which kinds of request.
    Endpoints,
    /// Which roles of the user.
    Roles,
    /// Streams only, or whole answers only.
    Stream,
    /// How many tokens.
    Tokens,
    /// Which minutes.
    Hours,
    /// The expression in CEL.
    Cel,
    /// Spend of a scope of this kind, which the call has not.
    Scope(ScopeKind),
}

// === impl ConditionKind ===

impl ConditionKind {
    /// All that have a word of their own.
    pub const NAMED: [Self; 11] = [
        Self::Agents,
        Self::Teams,
        Self::Vendors,
        Self::Models,
        Self::NotModels,
        Self::Endpoints,
        Self::Roles,
        Self::Stream,
        Self::Tokens,
        Self::Hours,
        Self::Cel,
    ];

    /// The word used in configuration and records; for a scope, its own.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Teams => "teams",
            Self::Vendors => "vendors",
            Self::Models => "models",
            Self::NotModels => "not_models",
            Self::Endpoints => "endpoints",
            Self::Roles => "roles",
            Self::Stream => "stream",
            Self::Tokens => "tokens",
            Self::Hours => "hours",
            Self::Cel => "cel",
            Self::Scope(kind) => kind.word(),
        }
    }

    /// The number in the binary form of a record and in the database; for a scope, 16 and its own.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Agents => 0,
            Self::Teams => 1,
            Self::Vendors => 2,
            Self::Models => 3,
            Self::NotModels => 4,
            Self::Endpoints => 5,
            Self::Roles => 6,
            Self::Stream => 7,
            Self::Tokens => 8,
            Self::Hours => 9,
            Self::Cel => 10,
            Self::Scope(kind) => kind.number().saturating_add(SCOPES_FROM),
        }
    }

    /// The condition that `number` stands for.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|condition| condition.number() == number);
        let scope = || ScopeKind::from_number(number.checked_sub(SCOPES_FROM)?).map(Self::Scope);
        named.or_else(scope)
    }

    /// The condition that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|condition| condition.word() == word);
        named.or_else(|| ScopeKind::from_word(word).map(Self::Scope))
    }
}

impl<C> Encode<C> for ConditionKind {
    fn encode<W: Write>(
        &self,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        to.u8(self.number()).map(drop)
    }
}

impl<'b, C> Decode<'b, C> for ConditionKind {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let (at, number) = (from.position(), from.u8()?);
        let unknown = || decode::Error::message("the number is no known condition").at(at);
        Self::from_number(number).ok_or_else(unknown)
    }
}

impl Serialize for ConditionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
