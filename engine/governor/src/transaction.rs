//! The transaction: the record of one governed call.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use crate::{Charge, Opened, PresumeReason, Usage, Usd, VoidReason};

mod close;
mod json;

/// Names a call for ever: `txn_` and a ULID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub Ulid);

/// What became of a call, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "why")]
pub enum Outcome {
    /// Under way.
    Open,
    /// Charged what was used.
    Settled,
    /// Charged nothing.
    Voided(VoidReason),
    /// Charged what it may have cost.
    Presumed(PresumeReason),
}

/// One try at a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The vendor's status, where it answered.
    pub vendor_status: Option<u16>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was set aside.
    pub held: Usd,
    /// What was charged.
    pub charged: Usd,
}

/// Where the time went, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    /// Recognising the key.
    pub auth_us: u64,
    /// The rate limit.
    pub limit_us: u64,
    /// The rules.
    pub policy_us: u64,
    /// Setting money aside.
    pub hold_us: u64,
    /// Making the intent durable.
    pub commit_us: u64,
    /// From the request sent to the vendor's first byte.
    pub vendor_first_byte_us: u64,
    /// From the request sent to the end of the vendor's answer.
    pub vendor_total_us: u64,
    /// All that was ours.
    pub ours_us: u64,
}

/// The record of one governed call. Never its content, never a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What was known when it was sent.
    pub opening: Opened,
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
    /// When it ended.
    pub ended_at: Option<Timestamp>,
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
            .ok_or_else(|| format!("`{text}` is not the id of a transaction"))
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

impl Status {
    /// The word used in records and headers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Flagged => "flagged",
            Self::Downgraded => "downgraded",
            Self::Clipped => "clipped",
            Self::Blocked => "blocked",
            Self::Observed => "observed",
            Self::Bypassed => "bypassed",
            Self::Failed => "failed",
            Self::Partial => "partial",
        }
    }
}

#[cfg(test)]
mod tests;
