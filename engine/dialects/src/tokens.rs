//! Counts of tokens as vendors write them: believed, missing or absurd; and what several usages of
//! one answer come to.

use reins_governor::Usage;
use serde_json::{Map, Value};

use crate::Found;
use crate::once::Once;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A count that cannot be believed, by the name of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absurd(pub(crate) &'static str);

/// The most tokens that are believed: thousands of the largest context windows.
const TOKENS_MAX: u64 = 1 << 32;

/// The usages that an answer has told so far, as one.
#[derive(Debug)]
pub(crate) struct UsageSoFar {
    /// Members that matter, at either depth. A vendor may tell any number of others.
    reads: &'static [&'static str],
    usage: Result<Object, Absurd>,
}

/// The usage object that the bytes are; `None` where they are `null`. A count that is named twice
/// is two counts, and cannot be believed.
pub(crate) fn object(json: &[u8]) -> Result<Option<Object>, Absurd> {
    match serde_json::from_slice(json) {
        Ok(Once(Value::Object(usage))) => Ok(Some(usage)),
        Ok(Once(Value::Null)) => Ok(None),
        Ok(Once(_)) | Err(_) => Err(Absurd("usage")),
    }
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

// === impl UsageSoFar ===

impl UsageSoFar {
    pub(crate) fn new(reads: &'static [&'static str]) -> Self {
        Self { reads, usage: Ok(Object::new()) }
    }

    /// What was told, all in all. One usage that cannot be believed spoils them all.
    pub(crate) fn usage(&self) -> Result<&Object, Absurd> {
        self.usage.as_ref().map_err(|absurd| *absurd)
    }

    /// Takes in what an object tells.
    pub(crate) fn add(&mut self, told: Result<Option<Object>, Absurd>) {
        match (&mut self.usage, told) {
            (Ok(usage), Ok(told)) => {
                for (name, value) in told.unwrap_or_default() {
                    add(usage, name, value, self.reads);
                }
            }
            (usage @ Ok(_), Err(absurd)) => *usage = Err(absurd),
            (Err(_), _) => {}
        }
    }

    /// Nothing that is told from now on can be believed.
    pub(crate) fn spoil(&mut self, absurd: Absurd) {
        self.add(Err(absurd));
    }
}

/// Takes in one member. What stands in an object within is counts alone.
fn add(usage: &mut Object, name: String, value: Value, reads: &[&str]) {
    if value.is_null() || !reads.contains(&name.as_str()) {
        return;
    }
    let Value::Object(more) = value else { return put(usage, name, value) };
    let details = usage.entry(name).or_insert_with(|| Object::new().into());
    let Value::Object(details) = details else { return };
    for (name, value) in more {
        if !value.is_null() && reads.contains(&name.as_str()) {
            // What is no number is no count, whatever else it is.
            let value = if value.is_number() { value } else { Value::Bool(false) };
            put(details, name, value);
        }
    }
}

/// Counts are totals so far, and never fall: of two the larger stands, so that a zero that a vendor
/// writes behind its usage takes nothing back. What was no count stays none; of words, such as a
/// tier, the last one holds.
fn put(usage: &mut Object, name: String, value: Value) {
    let stands = |before: &Value| match (before, &value) {
        (Value::Number(before), Value::Number(value)) => match (before.as_u64(), value.as_u64()) {
            (Some(before), Some(value)) => before >= value,
            (None, _) => true,
            (Some(_), None) => false,
        },
        (_, Value::Number(_)) => true,
        _ => false,
    };
    if !usage.get(&name).is_some_and(stands) {
        usage.insert(name, value);
    }
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
