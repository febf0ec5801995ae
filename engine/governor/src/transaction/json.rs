//! A transaction as JSON: one flat object, as it is shown.

use serde::{Serialize, Serializer};

use super::Transaction;
use super::closing::Closing;
use crate::Opening;

/// The members of a record, in the order in which they are shown.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    opening: &'a Opening,
    #[serde(flatten)]
    closing: Closing<'a>,
}

// === impl Transaction ===

impl Transaction {
    /// The record as one JSON object.
    ///
    /// # Errors
    /// Whatever the encoder says; nothing of a record is known to have no JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown { opening: &self.opening, closing: Closing::of(self) }.serialize(serializer)
    }
}
