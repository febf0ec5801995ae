//! The opening of a record: what is known of a call when it is sent, and does not change any more.

use std::sync::Arc;

use jiff::Timestamp;
use minicbor::{Decode, Encode};
use serde::Serialize;

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
