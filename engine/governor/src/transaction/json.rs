//! A transaction as JSON: one flat object, as it is kept and shown.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Accuracy, Attempt, Latency, Status, Transaction};
use crate::{Charge, Opening, Usage, Usd};

/// The members that come after those of the opening.
#[derive(Serialize, Deserialize)]
struct Closing<'a> {
    model_used: Cow<'a, str>,
    held: Usd,
    tokens: Usage,
    cost: Charge,
    accuracy: Accuracy,
    status: Status,
    attempts: Cow<'a, [Attempt]>,
    latency: Latency,
    ended_at: Option<Timestamp>,
}

/// Room for most records, so that one is not moved about while it is written.
const TEXT_BYTES: usize = 2_048;

// === impl Transaction ===

impl Transaction {
    /// The record as one JSON object, as it is kept and shown.
    ///
    /// # Errors
    /// Whatever the encoder says; nothing of a record is known to have no JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let opening = self.opening.json()?;
        let opening = opening.strip_suffix('}').unwrap_or(opening);
        let mut text = Vec::with_capacity(TEXT_BYTES.max(opening.len().saturating_mul(2)));
        text.extend_from_slice(opening.as_bytes());
        serde_json::to_writer(&mut text, &self.closing())?;
        // The brace that begins the second half.
        if let Some(brace) = text.get_mut(opening.len()) {
            *brace = b',';
        }
        String::from_utf8(text).map_err(serde::ser::Error::custom)
    }

    /// Reads back what [`Transaction::json`] wrote. A member that is not known is passed over, so
    /// that records of a later version, which may have more, can be read too.
    ///
    /// # Errors
    /// Where the text is no such object.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        // WHY: a flattened struct would be read through a buffer that cannot hold metadata as it
        // was written; so each part is read from the whole text and passes over the other's.
        let opening = Opening::read(text)?;
        let closing: Closing<'_> = serde_json::from_str(text)?;
        Ok(Self {
            opening: opening.into(),
            model_used: closing.model_used.into(),
            held: closing.held,
            tokens: closing.tokens,
            cost: closing.cost,
            accuracy: closing.accuracy,
            status: closing.status,
            attempts: closing.attempts.into_owned(),
            latency: closing.latency,
            ended_at: closing.ended_at,
        })
    }

    fn closing(&self) -> Closing<'_> {
        Closing {
            model_used: Cow::Borrowed(&self.model_used),
            held: self.held,
            tokens: self.tokens,
            cost: self.cost,
            accuracy: self.accuracy,
            status: self.status,
            attempts: Cow::Borrowed(&self.attempts),
            latency: self.latency,
            ended_at: self.ended_at,
        }
    }
}

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = self.json().and_then(RawValue::from_string);
        raw.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// From JSON text only: see [`Transaction::read`].
impl<'de> Deserialize<'de> for Transaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::read(raw.get()).map_err(serde::de::Error::custom)
    }
}
