//! The closing of a record: what becomes of a call, beside its opening.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Accuracy, Attempt, Latency, Status, Transaction};
use crate::{Charge, Opening, TraceDigest, Usage, Usd, form};

/// All of a transaction but its opening. The number of each field is its key in the binary form.
#[derive(Serialize, Encode, Decode)]
#[cbor(map)]
pub(super) struct Closing<'a> {
    #[n(0)]
    model_used: Cow<'a, str>,
    #[cbor(n(1), skip_if = "form::is_default")]
    held: Usd,
    #[cbor(n(2), skip_if = "form::is_default")]
    tokens: Usage,
    #[cbor(n(3), skip_if = "form::is_default")]
    cost: Charge,
    #[cbor(n(4), skip_if = "form::is_default")]
    accuracy: Accuracy,
    #[cbor(n(5), skip_if = "form::is_default")]
    status: Status,
    #[cbor(n(6), skip_if = "form::is_empty")]
    attempts: Cow<'a, [Attempt]>,
    #[cbor(n(7), skip_if = "form::is_default")]
    latency: Latency,
    #[cbor(n(8), with = "form::optional_micros", has_nil)]
    ended_at: Option<Timestamp>,
    #[n(9)]
    trace_digest: Option<TraceDigest>,
}

// === impl Closing ===

impl<'a> Closing<'a> {
    pub(super) fn of(transaction: &'a Transaction) -> Self {
        Self {
            model_used: Cow::Borrowed(&transaction.model_used),
            held: transaction.held,
            tokens: transaction.tokens,
            cost: transaction.cost,
            accuracy: transaction.accuracy,
            status: transaction.status,
            attempts: Cow::Borrowed(&transaction.attempts),
            latency: transaction.latency,
            ended_at: transaction.ended_at,
            trace_digest: transaction.trace_digest,
        }
    }

    pub(super) fn with(self, opening: Arc<Opening>) -> Transaction {
        Transaction {
            opening,
            model_used: self.model_used.into(),
            held: self.held,
            tokens: self.tokens,
            cost: self.cost,
            accuracy: self.accuracy,
            status: self.status,
            attempts: self.attempts.into_owned(),
            latency: self.latency,
            ended_at: self.ended_at,
            trace_digest: self.trace_digest,
        }
    }
}
