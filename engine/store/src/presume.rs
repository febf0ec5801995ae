//! The record of a call whose owner cannot write it: made from its draft and the end that holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reins_governor::{Accuracy, Charge, End, Outcome, Status, Usd};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::kept::Kept;

/// A JSON object whose fields stay as they are, unless one is put in anew.
type Object = BTreeMap<String, Box<RawValue>>;

#[derive(Serialize)]
struct Close {
    #[serde(flatten)]
    outcome: Outcome,
    charged: Usd,
}

#[derive(Deserialize)]
struct Charged {
    charged: Usd,
}

/// The record of the call that `draft` began, its last attempt ended by `end`.
pub(crate) fn record(draft: &str, end: &End, at: Timestamp) -> serde_json::Result<Kept> {
    let mut record: Object = serde_json::from_str(draft)?;
    let total = close_attempts(&mut record, end)?;
    put(&mut record, "cost", &Charge { total, ..Charge::default() })?;
    put(&mut record, "accuracy", &accuracy(end))?;
    put(&mut record, "status", &status(end))?;
    put(&mut record, "ended_at", &at)?;
    Kept::read(&serde_json::to_string(&record)?)
}

/// The record `text` with the call's charge changed by `nanos`, once usage came late.
pub(crate) fn corrected(text: &str, end: &End, nanos: i64) -> serde_json::Result<Kept> {
    let mut record: Object = serde_json::from_str(text)?;
    let before = Kept::read(text)?.columns.cost.total;
    let total = before.nanos().saturating_add_signed(nanos);
    close_attempts(&mut record, end)?;
    put(&mut record, "cost", &Charge { total: Usd::from_nanos(total), ..Charge::default() })?;
    put(&mut record, "accuracy", &accuracy(end))?;
    Kept::read(&serde_json::to_string(&record)?)
}

/// Writes `end` into the last attempt, and says what all of them cost.
fn close_attempts(record: &mut Object, end: &End) -> serde_json::Result<Usd> {
    let mut attempts: Vec<Object> = match record.get("attempts") {
        Some(attempts) => serde_json::from_str(attempts.get())?,
        None => Vec::new(),
    };
    if let Some(last) = attempts.last_mut() {
        let close = Close { outcome: outcome(end), charged: end.charged() };
        last.remove("why");
        last.append(&mut serde_json::from_str(&serde_json::to_string(&close)?)?);
    }
    put(record, "attempts", &attempts)?;
    let attempts: Vec<Charged> = serde_json::from_str(&serde_json::to_string(&attempts)?)?;
    Ok(attempts.iter().map(|attempt| attempt.charged).sum())
}

fn put<T: Serialize>(record: &mut Object, field: &str, value: &T) -> serde_json::Result<()> {
    record.insert(field.to_owned(), to_raw_value(value)?);
    Ok(())
}

const fn outcome(end: &End) -> Outcome {
    match end {
        End::Settled { .. } => Outcome::Settled,
        End::Voided { why } => Outcome::Voided(*why),
        End::Presumed { why, .. } => Outcome::Presumed(*why),
    }
}

const fn accuracy(end: &End) -> Accuracy {
    match end {
        End::Settled { .. } | End::Voided { .. } => Accuracy::Exact,
        End::Presumed { .. } => Accuracy::Presumed,
    }
}

const fn status(end: &End) -> Status {
    match end {
        End::Settled { .. } | End::Presumed { .. } => Status::Partial,
        End::Voided { .. } => Status::Failed,
    }
}

#[cfg(test)]
mod tests;
