//! Values that an expression is given.

use std::sync::Arc;

use cel_core::{MapKey, Timestamp, Value as Inner};
use reins_governor::Usd;
use serde_json::Value as Json;

/// What a name of an expression stands for.
#[derive(Clone, Debug)]
pub struct Value(pub(crate) Inner);

/// What kind of value a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A whole number that is not negative, written `1u`.
    Uint,
    /// A floating-point number.
    Double,
    /// A text.
    String,
    /// Bytes.
    Bytes,
    /// Nothing.
    Null,
    /// An instant.
    Timestamp,
    /// A length of time.
    Duration,
    /// US dollars, exact to nine decimals; see [`Value::money`].
    Money,
    /// Several of one kind.
    List(Box<Self>),
    /// One kind by another.
    Map(Box<Self>, Box<Self>),
    /// Known only when it is read.
    Dyn,
    /// The name of a kind itself.
    Kind,
}

// === impl Value ===

impl Value {
    /// An amount of money.
    #[must_use]
    pub const fn money(amount: Usd) -> Self {
        Self(Inner::Int(amount.nanos_i64()))
    }

    /// An amount that can be below zero, in nano-USD.
    #[must_use]
    pub const fn nanos(nanos: i64) -> Self {
        Self(Inner::Int(nanos))
    }

    /// A count; more than fits stays at the largest number.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self(Inner::Int(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// A text without copying it.
    #[must_use]
    pub const fn text(text: Arc<str>) -> Self {
        Self(Inner::String(text))
    }

    /// Several texts.
    #[must_use]
    pub fn texts(texts: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self(Inner::List(texts.into_iter().map(Inner::String).collect()))
    }

    /// An instant, by seconds since 1970 and the nanoseconds beyond.
    #[must_use]
    pub const fn instant(seconds: i64, nanos: i32) -> Self {
        Self(Inner::Timestamp(Timestamp { seconds, nanos }))
    }

    /// A JSON value. Whole numbers are of one kind, `int`, wherever they fit.
    #[must_use]
    pub fn json(json: &Json) -> Self {
        Self(of_json(json))
    }

    /// An empty map.
    #[must_use]
    pub fn empty_map() -> Self {
        Self(Inner::map::<MapKey, Inner>([]))
    }

    /// An error, in words.
    #[must_use]
    pub fn error(why: &str) -> Self {
        Self(Inner::error(why))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self(Inner::Bool(flag))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Inner::from(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self(Inner::Int(number))
    }
}

impl From<Inner> for Value {
    fn from(inner: Inner) -> Self {
        Self(inner)
    }
}

impl From<Value> for Inner {
    fn from(value: Value) -> Self {
        value.0
    }
}

fn of_json(json: &Json) -> Inner {
    match json {
        Json::Null => Inner::Null,
        Json::Bool(flag) => Inner::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Inner::Int(int),
            (None, Some(uint)) => Inner::UInt(uint),
            (None, None) => number.as_f64().map_or(Inner::Null, Inner::Double),
        },
        Json::String(text) => Inner::from(text.as_str()),
        Json::Array(list) => Inner::List(list.iter().map(of_json).collect()),
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| {
                (MapKey::String(Arc::from(key.as_str())), of_json(value))
            };
            Inner::map(map.iter().map(entry))
        }
    }
}
