//! Counts of tokens as vendors write them: believed, missing or absurd.

use reins_governor::Usage;
use serde_json::{Map, Value};

use crate::Found;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A count that cannot be believed, by the name of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absurd(pub(crate) &'static str);

/// The most tokens that are believed: thousands of the largest context windows.
const TOKENS_MAX: u64 = 1 << 32;

/// The usage object that the bytes are; `None` where they are `null`.
pub(crate) fn object(json: &[u8]) -> Result<Option<Object>, Absurd> {
    serde_json::from_slice(json).map_err(|_| Absurd("usage"))
}

/// A count; `None` where it is not there or `null`. Zero is a count.
pub(crate) fn count(usage: &Object, field: &'static str) -> Result<Option<u64>, Absurd> {
    match usage.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            let believed = number.as_u64().filter(|tokens| *tokens <= TOKENS_MAX);
            believed.map(Some).ok_or(Absurd(field))
        }
        Some(Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Absurd(field))
        }
    }
}

/// A count in an object within; nothing where either is not there.
pub(crate) fn count_in(
    usage: &Object,
    within: &'static str,
    field: &'static str,
) -> Result<Option<u64>, Absurd> {
    match usage.get(within) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(details)) => count(details, field),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Absurd(within))
        }
    }
}

/// The first count that is there.
pub(crate) fn first(
    counts: impl IntoIterator<Item = Result<Option<u64>, Absurd>>,
) -> Result<Option<u64>, Absurd> {
    counts.into_iter().find_map(Result::transpose).transpose()
}

// === impl Found ===

impl From<Result<Option<Usage>, Absurd>> for Found {
    fn from(read: Result<Option<Usage>, Absurd>) -> Self {
        match read {
            Ok(Some(usage)) => Self::Usage(usage),
            Ok(None) => Self::Missing,
            Err(Absurd(field)) => Self::Absurd(field),
        }
    }
}
