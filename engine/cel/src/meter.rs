//! The steps that one evaluation has left, and what values cost.
//!
//! The evaluator of `cel-core` has no bound of its own. It is made to have one by functions that
//! stand in the tree where work or values can grow (`guarded.rs`): a comprehension pays for all its
//! rounds before the first, a value that grows pays when it is made. A step that cannot be paid is
//! an error, and so are all after it, whatever `||` and `&&` make of errors.
//!
//! INVARIANT: an evaluation runs on one thread from its beginning to its end.

use std::cell::Cell;

use cel_core::{OptionalValue, Value};

use crate::limits::{BYTES_PER_STEP, STEPS_MAX};

thread_local! {
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Gives an evaluation its steps.
pub(crate) fn start() {
    LEFT.set(Some(STEPS_MAX));
}

/// Whether all that was asked for could be paid.
pub(crate) fn paid() -> bool {
    LEFT.get().is_some()
}

/// Pays; says whether there was enough.
pub(crate) fn pay(steps: u64) -> bool {
    let left = LEFT.get().and_then(|left| left.checked_sub(steps));
    LEFT.set(left);
    left.is_some()
}

/// Pays for a value as large as this one.
pub(crate) fn pay_for(value: &Value) -> bool {
    let left = LEFT.get().unwrap_or(0);
    pay(size(value, left))
}

/// The steps that a value costs; it is not looked through further than `most` of them, since its
/// parts may be the same ones many times over.
pub(crate) fn size(value: &Value, most: u64) -> u64 {
    let mut sum = 1_u64;
    match value {
        Value::String(text) => sum += bytes(text.len()),
        Value::Bytes(text) => sum += bytes(text.len()),
        Value::List(list) => {
            for part in list.iter() {
                if sum > most {
                    break;
                }
                sum = sum.saturating_add(size(part, most.saturating_sub(sum)));
            }
        }
        Value::Map(map) => {
            for (key, part) in map.iter() {
                if sum > most {
                    break;
                }
                let rest = most.saturating_sub(sum);
                sum = sum.saturating_add(size(&key.to_value(), rest)).saturating_add(1);
                sum = sum.saturating_add(size(part, rest));
            }
        }
        Value::Optional(OptionalValue::Some(inner)) => {
            sum = sum.saturating_add(size(inner, most));
        }
        Value::Optional(OptionalValue::None)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Double(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Type(_)
        | Value::Message(_)
        | Value::Enum(_)
        | Value::Error(_) => {}
    }
    sum
}

/// Rounds of a comprehension over a value.
pub(crate) fn rounds(value: &Value) -> u64 {
    let members = match value {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    };
    u64::try_from(members).unwrap_or(u64::MAX)
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length / BYTES_PER_STEP).unwrap_or(u64::MAX)
}
