//! The opening of a record: what is known of a call when it is sent, and does not change any more.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::Serialize;

use crate::{Endpoint, Identity, Trace, TransactionId, Usd};

/// What is known of a call when it is sent.
#[derive(Clone, Debug, Serialize)]
pub struct Opening {
    /// Its id.
    pub id: TransactionId,
    /// Who called.
    #[serde(flatten)]
    pub who: Arc<Identity>,
    /// Whose prices held.
    pub vendor: Arc<str>,
    /// The connection that carried it.
    pub connection: Arc<str>,
    /// The model that was asked for.
    pub model_asked: Arc<str>,
    /// What was asked for.
    pub endpoint: Endpoint,
    /// Whether the answer came in pieces.
    pub stream: bool,
    /// The most it could cost; `None` where nobody could say and no budget asked.
    pub bound: Option<Usd>,
    /// Which prices.
    pub price_version: Arc<str>,
    /// What was done to it: `pass`, `warn`, `flag`, `downgrade`, `clip` or `block`.
    pub action: &'static str,
    /// The policy or budget that did it.
    pub policy: Option<Arc<str>>,
    /// The rule that did it.
    pub rule: Option<Arc<str>>,
    /// Why, in a sentence.
    pub reason: Option<Arc<str>>,
    /// Which policies.
    pub policy_version: Arc<str>,
    /// Whether any policy applied by scope.
    pub evaluated: bool,
    /// Each rule looked at.
    pub trace: Trace,
    /// When it came.
    pub at: Timestamp,
}

/// An opening that is encoded once, however often its record is kept. Nobody can change it.
#[derive(Clone, Debug)]
pub struct Opened {
    opening: Opening,
    text: OnceLock<Box<str>>,
}

// === impl Opened ===

impl Opened {
    /// The opening as a JSON object.
    pub(crate) fn json(&self) -> serde_json::Result<&str> {
        if let Some(text) = self.text.get() {
            return Ok(text);
        }
        let text = serde_json::to_string(&self.opening)?.into_boxed_str();
        Ok(self.text.get_or_init(|| text))
    }
}

impl From<Opening> for Opened {
    fn from(opening: Opening) -> Self {
        Self { opening, text: OnceLock::new() }
    }
}

impl Deref for Opened {
    type Target = Opening;

    fn deref(&self) -> &Opening {
        &self.opening
    }
}
