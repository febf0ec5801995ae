//! The opening of a record: what is known of a call when it is sent, and does not change any more.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{Action, Endpoint, Identity, Trace, TransactionId, Usd};

/// What is known of a call when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// What was done to it.
    pub action: Action,
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

/// The members of an opening but those of its caller.
#[derive(Deserialize)]
struct Written {
    id: TransactionId,
    vendor: Arc<str>,
    connection: Arc<str>,
    model_asked: Arc<str>,
    endpoint: Endpoint,
    stream: bool,
    bound: Option<Usd>,
    price_version: Arc<str>,
    action: Action,
    policy: Option<Arc<str>>,
    rule: Option<Arc<str>>,
    reason: Option<Arc<str>>,
    policy_version: Arc<str>,
    evaluated: bool,
    trace: Trace,
    at: Timestamp,
}

// === impl Opening ===

impl Opening {
    /// Reads an opening out of a JSON object that may have other members too.
    pub(crate) fn read(text: &str) -> serde_json::Result<Self> {
        let who = serde_json::from_str(text)?;
        let written: Written = serde_json::from_str(text)?;
        Ok(Self {
            id: written.id,
            who: Arc::new(who),
            vendor: written.vendor,
            connection: written.connection,
            model_asked: written.model_asked,
            endpoint: written.endpoint,
            stream: written.stream,
            bound: written.bound,
            price_version: written.price_version,
            action: written.action,
            policy: written.policy,
            rule: written.rule,
            reason: written.reason,
            policy_version: written.policy_version,
            evaluated: written.evaluated,
            trace: written.trace,
            at: written.at,
        })
    }
}

/// From JSON text only: metadata stays as it was written.
impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::read(raw.get()).map_err(serde::de::Error::custom)
    }
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

impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        self.opening == other.opening
    }
}

impl Eq for Opened {}
