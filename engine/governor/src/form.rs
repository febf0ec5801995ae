//! The binary form of what is kept: how values that CBOR has no type for are written.
//!
//! The form is deterministic CBOR (RFC 8949, section 4.2.1): one value has one form. The fields
//! stand with their numbers at the types themselves; `RECORD.md` lists them all.

use std::sync::Arc;

use jiff::Timestamp;
use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};

use crate::{Name, Picos, TransactionId, Usd, Window};

/// What is added to the hours of a rolling window, so that its number is none of a calendar window.
const ROLLING: u32 = 1_000;

type Encoded<W> = Result<(), encode::Error<<W as Write>::Error>>;

/// Whether a field has the value that is not written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether a list is empty, and not written.
pub(crate) fn is_empty<T>(list: &impl std::ops::Deref<Target = [T]>) -> bool {
    list.is_empty()
}

fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Words that were written down in the program, or were read back.
pub(crate) mod wording {
    use std::borrow::Cow;

    use super::{Decoder, Encoded, Encoder, Write, decode};

    pub(crate) fn encode<C, W: Write>(words: &str, to: &mut Encoder<W>, _: &mut C) -> Encoded<W> {
        to.str(words).map(drop)
    }

    pub(crate) fn decode<C>(
        from: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Cow<'static, str>, decode::Error> {
        Ok(Cow::Owned(from.str()?.to_owned()))
    }
}

/// Texts that are shared.
pub(crate) mod text {
    use super::{Arc, Decoder, Encoded, Encoder, Write, decode};

    pub(crate) fn encode<C, T: AsRef<str>, W: Write>(
        text: &T,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Encoded<W> {
        to.str(text.as_ref()).map(drop)
    }

    pub(crate) fn decode<C, T: From<Arc<str>>>(
        from: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<T, decode::Error> {
        Ok(Arc::<str>::from(from.str()?).into())
    }
}

/// Shared texts that may be absent.
pub(crate) mod optional_text {
    use super::{Arc, Decoder, Encoded, Encoder, Write, decode};

    pub(crate) fn encode<C, W: Write>(
        text: &Option<Arc<str>>,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Encoded<W> {
        match text {
            Some(text) => to.str(text).map(drop),
            None => to.null().map(drop),
        }
    }

    pub(crate) fn decode<C>(
        from: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Option<Arc<str>>, decode::Error> {
        Ok(Some(from.str()?.into()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape that the derive asks for")]
    pub(crate) const fn nil() -> Option<Option<Arc<str>>> {
        Some(None)
    }

    #[expect(clippy::ref_option, reason = "the shape that the derive asks for")]
    pub(crate) const fn is_nil(text: &Option<Arc<str>>) -> bool {
        text.is_none()
    }
}

/// Lists of shared texts.
pub(crate) mod texts {
    use super::{Arc, Decoder, Encoded, Encoder, Write, count, decode};

    pub(crate) fn encode<C, W: Write>(
        list: &[Arc<str>],
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Encoded<W> {
        to.array(count(list))?;
        list.iter().try_for_each(|text| to.str(text).map(drop))
    }

    pub(crate) fn decode<C>(
        from: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Vec<Arc<str>>, decode::Error> {
        from.array_iter::<&str>()?.map(|text| text.map(Arc::from)).collect()
    }
}

/// Shared lists of names.
pub(crate) mod names {
    use super::{Arc, Decoder, Encoded, Encoder, Name, Write, count, decode};

    pub(crate) fn encode<C, W: Write>(
        list: &Arc<[Name]>,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Encoded<W> {
        to.array(count(list))?;
        list.iter().try_for_each(|name| to.str(name).map(drop))
    }

    pub(crate) fn decode<C>(
        from: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Arc<[Name]>, decode::Error> {
        from.array_iter::<&str>()?.map(|name| name.map(Name::kept)).collect()
    }
}

/// A value behind an `Arc`.
pub(crate) mod shared {
    use super::{Arc, Decoder, Encoded, Encoder, Write, decode};

    pub(crate) fn encode<C, T: minicbor::Encode<C>, W: Write>(
        value: &Arc<T>,
        to: &mut Encoder<W>,
        context: &mut C,
    ) -> Encoded<W> {
        value.as_ref().encode(to, context)
    }

    pub(crate) fn decode<'b, C, T: minicbor::Decode<'b, C>>(
        from: &mut Decoder<'b>,
        context: &mut C,
    ) -> Result<Arc<T>, decode::Error> {
        T::decode(from, context).map(Arc::new)
    }
}

/// Times, in microseconds since 1970. What is finer is not kept.
pub(crate) mod micros {
    use super::{Decoder, Encoded, Encoder, Timestamp, Write, decode};

    pub(crate) fn encode<C, W: Write>(
        time: &Timestamp,
        to: &mut Encoder<W>,
        _: &mut C,
    ) -> Encoded<W> {
        to.i64(time.as_microsecond()).map(drop)
    }

    pub(crate) fn decode<C>(from: &mut Decoder<'_>, _: &mut C) -> Result<Timestamp, decode::Error> {
        let (at, micros) = (from.position(), from.i64()?);
        let far = |_| decode::Error::message("the time is outside of the calendar").at(at);
        Timestamp::from_microsecond(micros).map_err(far)
    }
}

/// Times that may be absent.
pub(crate) mod optional_micros {
    use super::{Decoder, Encoded, Encoder, Timestamp, Write, decode, micros};

    pub(crate) fn encode<C, W: Write>(
        time: &Option<Timestamp>,
        to: &mut Encoder<W>,
        context: &mut C,
    ) -> Encoded<W> {
        match time {
            Some(time) => micros::encode(time, to, context),
            None => to.null().map(drop),
        }
    }

    pub(crate) fn decode<C>(
        from: &mut Decoder<'_>,
        context: &mut C,
    ) -> Result<Option<Timestamp>, decode::Error> {
        micros::decode(from, context).map(Some)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape that the derive asks for")]
    pub(crate) const fn nil() -> Option<Option<Timestamp>> {
        Some(None)
    }

    #[expect(clippy::ref_option, reason = "the shape that the derive asks for")]
    pub(crate) const fn is_nil(time: &Option<Timestamp>) -> bool {
        time.is_none()
    }
}

// === impl Name ===

impl<C> minicbor::Encode<C> for Name {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Encoded<W> {
        to.str(self).map(drop)
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Name {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        from.str().map(Self::kept)
    }
}

// === impl Usd ===

/// Nano-USD.
impl<C> minicbor::Encode<C> for Usd {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Encoded<W> {
        to.u64(self.nanos()).map(drop)
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Usd {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let (at, nanos) = (from.position(), from.u64()?);
        let amount = Self::from_nanos(nanos);
        let too_large = || decode::Error::message("the amount is more than is counted").at(at);
        (amount.nanos() == nanos).then_some(amount).ok_or_else(too_large)
    }
}

// === impl Picos ===

/// Pico-USD; beyond 64 bits as a bignum.
impl<C> minicbor::Encode<C> for Picos {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Encoded<W> {
        to.u128(self.0).map(drop)
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Picos {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        from.u128().map(Self)
    }
}

// === impl TransactionId ===

/// The 16 bytes of its ULID.
impl<C> minicbor::Encode<C> for TransactionId {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Encoded<W> {
        to.bytes(&self.0.to_bytes()).map(drop)
    }
}

impl<'b, C> minicbor::Decode<'b, C> for TransactionId {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let (at, bytes) = (from.position(), from.bytes()?);
        let wrong = |_| decode::Error::message("an id of a transaction has 16 bytes").at(at);
        bytes.try_into().map(|bytes| Self(ulid::Ulid::from_bytes(bytes))).map_err(wrong)
    }
}

// === impl Window ===

impl Window {
    /// The number in the binary form of a record and in the database: 0 to 3 for calendar windows,
    /// 1,000 and its hours for a rolling one.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Hourly => 0,
            Self::Daily => 1,
            Self::Weekly => 2,
            Self::Monthly => 3,
            Self::Rolling { hours } => hours.saturating_add(ROLLING),
        }
    }

    /// The window that `number` stands for.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Hourly),
            1 => Some(Self::Daily),
            2 => Some(Self::Weekly),
            3 => Some(Self::Monthly),
            number => match number.checked_sub(ROLLING) {
                Some(hours) => Some(Self::Rolling { hours }),
                None => None,
            },
        }
    }
}

impl<C> minicbor::Encode<C> for Window {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Encoded<W> {
        to.u32(self.number()).map(drop)
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Window {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let (at, number) = (from.position(), from.u32()?);
        let unknown = || decode::Error::message("the number is no known window").at(at);
        Self::from_number(number).ok_or_else(unknown)
    }
}
