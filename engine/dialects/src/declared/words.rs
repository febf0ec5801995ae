//! Refusals with their message where the vendor of a declared family has its own.

use reins_governor::{Refusal, TransactionId};
use serde_json::{Map, Value};

use crate::worded::Worded;

/// The error object: beside the message stands what other dialects say as well.
pub(super) fn refuse(names: &[Box<str>], refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
    let worded = serde_json::to_value(Worded::new(refusal, id));
    let mut members = match worded {
        Ok(Value::Object(members)) => members,
        // WHY: what is told beside the message is an object of strings and numbers.
        Ok(_) | Err(_) => Map::new(),
    };
    let (last, outer) =
        names.split_last().map_or(("error", &[][..]), |(last, outer)| (last, outer));
    members.insert(last.into(), refusal.to_string().into());
    let inside = Value::Object(members);
    let wrap =
        |inside, name: &str| Value::Object(std::iter::once((name.to_owned(), inside)).collect());
    outer.iter().rev().map(|name| &**name).fold(inside, wrap).to_string().into_bytes()
}
