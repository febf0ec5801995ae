//! Closed lists of words: gives each variant of an enum its word, for people and JSON, and its
//! number, for the binary form of a record and for the database.
//!
//! INVARIANT: a number is given out once. A variant that is no longer made keeps its number.

/// Gives an enum without fields its words and numbers. The `match` in `word` refuses a list that
/// leaves a variant out.
macro_rules! words {
    ($type:ident { $($variant:ident = $number:literal $word:literal),+ $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: [Self; [$($number),+].len()] = [$(Self::$variant),+];

            /// The word in configuration, records, headers and answers.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The number in the binary form of a record and in the database.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number),+
                }
            }

            /// What `word` names.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// What `number` stands for.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                let unknown = || ::serde::de::Error::custom(format!("`{word}` is no known word"));
                Self::from_word(&word).ok_or_else(unknown)
            }
        }

        impl<C> ::minicbor::Encode<C> for $type {
            fn encode<W: ::minicbor::encode::Write>(
                &self,
                to: &mut ::minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), ::minicbor::encode::Error<W::Error>> {
                to.u8(self.number()).map(drop)
            }
        }

        impl<'b, C> ::minicbor::Decode<'b, C> for $type {
            fn decode(
                from: &mut ::minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, ::minicbor::decode::Error> {
                let (at, number) = (from.position(), from.u8()?);
                let unknown = || {
                    let what = concat!("the number is no known ", stringify!($type));
                    ::minicbor::decode::Error::message(what).at(at)
                };
                Self::from_number(number).ok_or_else(unknown)
            }
        }
    };
}

pub(crate) use words;
