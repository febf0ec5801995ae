//! Refusals as `OpenAI` words its errors.

use reins_governor::{Refusal, TransactionId};
use serde::Serialize;

use crate::worded::Worded;

#[derive(Serialize)]
struct Answer<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: String,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    #[serde(flatten)]
    worded: Worded<'a>,
}

/// The error object; the SDKs choose their exception by the status alone.
pub(super) fn refuse(refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
    let error = Error {
        message: refusal.to_string(),
        kind: kind(refusal),
        param: None,
        worded: Worded::new(refusal, id),
    };
    // WHY: writing strings and numbers into memory cannot fail.
    serde_json::to_vec(&Answer { error }).unwrap_or_default()
}

fn kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::BadRequest { .. }
        | Refusal::TooLarge { .. }
        | Refusal::NotFound { .. }
        | Refusal::Conflict { .. } => "invalid_request_error",
        Refusal::Unauthorized(_) => "authentication_error",
        Refusal::Unpriced { .. } | Refusal::Unbounded { .. } => "billing_error",
        Refusal::Forbidden { .. } | Refusal::Blocked(_) => "permission_error",
        Refusal::OverBudget(stop) if stop.as_429 => "insufficient_quota",
        Refusal::OverBudget(_) => "permission_error",
        Refusal::RateLimited { .. } => "rate_limit_error",
        Refusal::VendorError { .. }
        | Refusal::VendorTimeout { .. }
        | Refusal::Unavailable { .. }
        | Refusal::Internal { .. } => "server_error",
    }
}
