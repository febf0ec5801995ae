//! The transaction: the record of one governed call.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use crate::words::words;
use crate::{Charge, Opening, PresumeReason, TraceDigest, Usage, Usd, VoidReason, form};

mod close;
mod closing;
mod json;
mod record;

pub use record::{RECORD_VERSION, RecordError};

/// Names a call for ever: `txn_` and a ULID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub Ulid);

/// What became of a call, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It went through, and no rule had anything to say.
    #[default]
    Passed,
    /// It went through with a warning.
    Warned,
    /// It went through, and somebody shall look at it.
    Flagged,
    /// It went through with a cheaper model.
    Downgraded,
    /// It went through with a lower output cap.
    Clipped,
    /// It was stopped.
    Blocked,
    /// It went through, and an observing rule would have stopped or changed it.
    Observed,
    /// Policies exist, and none applies to it by scope.
    Bypassed,
    /// The vendor did not answer it.
    Failed,
    /// Its answer broke off.
    Partial,
}

/// How well the cost is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accuracy {
    /// The vendor's own usage, priced.
    #[default]
    Exact,
    /// Counted by us from what came through.
    Estimated,
    /// Taken to be at most this.
    Presumed,
}

/// How one try at a vendor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "why")]
#[cbor(flat)]
pub enum Outcome {
    /// Under way.
    #[n(0)]
    Open,
    /// Charged what was used.
    #[n(1)]
    Settled,
    /// Charged nothing.
    #[n(2)]
    Voided(#[n(0)] VoidReason),
    /// Charged what it may have cost.
    #[n(3)]
    Presumed(#[n(0)] PresumeReason),
}

/// One try at a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct Attempt {
    /// From 1.
    #[n(0)]
    pub number: u32,
    /// The vendor's status, where it answered.
    #[n(1)]
    pub vendor_status: Option<u16>,
    /// How it ended.
    #[serde(flatten)]
    #[n(2)]
    pub outcome: Outcome,
    /// What was set aside.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub held: Usd,
    /// What was charged.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub charged: Usd,
}

/// Where the time went, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct Latency {
    /// Recognising the key.
    #[cbor(n(0), skip_if = "form::is_default")]
    pub auth_us: u64,
    /// The rate limit.
    #[cbor(n(1), skip_if = "form::is_default")]
    pub limit_us: u64,
    /// The rules.
    #[cbor(n(2), skip_if = "form::is_default")]
    pub policy_us: u64,
    /// Setting money aside.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub hold_us: u64,
    /// Making the intent durable.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub commit_us: u64,
    /// From the request sent to the vendor's first byte.
    #[cbor(n(5), skip_if = "form::is_default")]
    pub vendor_first_byte_us: u64,
    /// From the request sent to the end of the vendor's answer.
    #[cbor(n(6), skip_if = "form::is_default")]
    pub vendor_total_us: u64,
    /// All that was ours.
    #[cbor(n(7), skip_if = "form::is_default")]
    pub ours_us: u64,
}

/// The record of one governed call. Never its content, never a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What was known when it was sent.
    pub opening: Arc<Opening>,
    /// The model that was used: the answer's own word for it, once there is an answer.
    pub model_used: Arc<str>,
    /// What was set aside, over all attempts.
    pub held: Usd,
    /// What was used, over all attempts.
    pub tokens: Usage,
    /// What it cost, by part; the total is over all attempts.
    pub cost: Charge,
    /// How well the cost is known.
    pub accuracy: Accuracy,
    /// What became of it.
    pub status: Status,
    /// Each try at the vendor.
    pub attempts: Vec<Attempt>,
    /// Where the time went.
    pub latency: Latency,
    /// When it ended, in whole microseconds.
    pub ended_at: Option<Timestamp>,
    /// What the trace of its rules comes to; `None` where no rule was looked at, while the call is
    /// under way, and where its process died.
    pub trace_digest: Option<TraceDigest>,
}

// === impl TransactionId ===

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "txn_{}", self.0)
    }
}

impl FromStr for TransactionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix("txn_")
            .and_then(|ulid| Ulid::from_string(ulid).ok())
            .map(Self)
            .ok_or_else(|| {
                format!("`{text}` is not the id of a call: write txn_ and 26 characters")
            })
    }
}

impl Serialize for TransactionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TransactionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

// === impl Status ===

words!(Status {
    Passed = 0 "passed",
    Warned = 1 "warned",
    Flagged = 2 "flagged",
    Downgraded = 3 "downgraded",
    Clipped = 4 "clipped",
    Blocked = 5 "blocked",
    Observed = 6 "observed",
    Bypassed = 7 "bypassed",
    Failed = 8 "failed",
    Partial = 9 "partial",
});

// === impl Accuracy ===

words!(Accuracy { Exact = 0 "exact", Estimated = 1 "estimated", Presumed = 2 "presumed" });

#[cfg(test)]
mod tests;
