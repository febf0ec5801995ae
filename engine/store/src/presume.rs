//! The record of a call whose owner cannot write it: made from its draft and the end that holds.

use jiff::Timestamp;
use reins_governor::{End, Transaction, Usd};

use crate::kept::Kept;

/// The record of the call that `draft` began, its last attempt ended by `end`.
pub(crate) fn record(draft: &str, end: &End, at: Timestamp) -> serde_json::Result<Kept> {
    let mut record = Transaction::read(draft)?;
    record.close(end, at);
    Kept::of(&record)
}

/// The record `text` with the call's charge changed by `nanos`, once usage came late.
pub(crate) fn corrected(text: &str, end: &End, nanos: i64) -> serde_json::Result<Kept> {
    let mut record = Transaction::read(text)?;
    let total = record.cost.total.nanos().saturating_add_signed(nanos);
    record.correct(end, Usd::from_nanos(total));
    Kept::of(&record)
}

#[cfg(test)]
mod tests;
