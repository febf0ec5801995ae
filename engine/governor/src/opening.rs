//! The opening of a record: what is known of a call when it is sent, and does not change any more.

use std::sync::Arc;

use jiff::Timestamp;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{Action, Call, Identity, Matched, SpendRead, TransactionId, Usd, form};

/// What is known of a call when it is sent: every fact that a policy may read, and what was decided
/// on it. The number of each field is its key in the binary form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct Opening {
    /// Its id.
    #[n(0)]
    pub id: TransactionId,
    /// When it came, in whole microseconds.
    #[cbor(n(1), with = "form::micros")]
    pub at: Timestamp,
    /// When it was judged for this attempt, where that is later.
    #[cbor(n(2), with = "form::optional_micros", has_nil)]
    pub judged_at: Option<Timestamp>,
    /// What the organization's zone was ahead of UTC by when it was judged, in seconds.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub utc_offset_s: i32,
    /// Who called.
    #[serde(flatten)]
    #[cbor(n(4), with = "form::shared")]
    pub who: Arc<Identity>,
    /// What was sent: the call as policies and budgets left it.
    #[serde(flatten)]
    #[n(5)]
    pub call: Call,
    /// The model that was asked for.
    #[cbor(n(6), with = "form::text")]
    pub model_asked: Arc<str>,
    /// The models that the call had before it was changed, in order.
    #[cbor(n(7), with = "form::texts", skip_if = "form::is_empty")]
    pub models_tried: Vec<Arc<str>>,
    /// Which try at the vendor it was judged for, from 1.
    #[n(8)]
    pub attempt: u32,
    /// The most it could cost; `None` where that is not known and no budget asked.
    #[n(9)]
    pub bound: Option<Usd>,
    /// Which prices.
    #[cbor(n(10), with = "form::text")]
    pub price_version: Arc<str>,
    /// Which policies.
    #[cbor(n(11), with = "form::text")]
    pub policy_version: Arc<str>,
    /// What was done to it.
    #[cbor(n(12), skip_if = "form::is_default")]
    pub action: Action,
    /// The policy or budget that did it.
    #[cbor(n(13), with = "form::optional_text", has_nil)]
    pub policy: Option<Arc<str>>,
    /// The rule that did it.
    #[cbor(n(14), with = "form::optional_text", has_nil)]
    pub rule: Option<Arc<str>>,
    /// Why, in a sentence.
    #[cbor(n(15), with = "form::optional_text", has_nil)]
    pub reason: Option<Arc<str>>,
    /// Whether any policy applied by scope.
    #[cbor(n(16), skip_if = "form::is_default")]
    pub evaluated: bool,
    /// The rules that matched, and those that could not say.
    #[cbor(n(17), skip_if = "form::is_default")]
    pub matched: Vec<Matched>,
    /// What the rules read of spend.
    #[cbor(n(18), skip_if = "form::is_default")]
    pub readings: Vec<SpendRead>,
}

/// The members of an opening but those of its caller and its call.
#[derive(Deserialize)]
struct Written {
    id: TransactionId,
    at: Timestamp,
    judged_at: Option<Timestamp>,
    utc_offset_s: i32,
    model_asked: Arc<str>,
    models_tried: Vec<Arc<str>>,
    attempt: u32,
    bound: Option<Usd>,
    price_version: Arc<str>,
    policy_version: Arc<str>,
    action: Action,
    policy: Option<Arc<str>>,
    rule: Option<Arc<str>>,
    reason: Option<Arc<str>>,
    evaluated: bool,
    matched: Vec<Matched>,
    readings: Vec<SpendRead>,
}

// === impl Opening ===

impl Opening {
    /// Reads an opening out of a JSON object that may have other members too.
    pub(crate) fn read(text: &str) -> serde_json::Result<Self> {
        let who = serde_json::from_str(text)?;
        let call = serde_json::from_str(text)?;
        let written: Written = serde_json::from_str(text)?;
        Ok(Self {
            id: written.id,
            at: written.at,
            judged_at: written.judged_at,
            utc_offset_s: written.utc_offset_s,
            who: Arc::new(who),
            call,
            model_asked: written.model_asked,
            models_tried: written.models_tried,
            attempt: written.attempt,
            bound: written.bound,
            price_version: written.price_version,
            policy_version: written.policy_version,
            action: written.action,
            policy: written.policy,
            rule: written.rule,
            reason: written.reason,
            evaluated: written.evaluated,
            matched: written.matched,
            readings: written.readings,
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
