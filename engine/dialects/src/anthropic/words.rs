//! Refusals as Anthropic words its errors.

use reins_governor::{Refusal, TransactionId};
use serde::Serialize;

use crate::worded::Worded;

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: Error<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<TransactionId>,
}

#[derive(Serialize)]
struct Error<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: String,
    #[serde(flatten)]
    worded: Worded<'a>,
}

/// The error object, with the type that Anthropic has for the status.
pub(super) fn refuse(refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8> {
    let error = Error {
        kind: kind(refusal.status()),
        message: refusal.to_string(),
        worded: Worded::new(refusal, id),
    };
    let answer = Answer { kind: "error", error, request_id: id };
    // WHY: writing strings and numbers into memory cannot fail.
    serde_json::to_vec(&answer).unwrap_or_default()
}

const fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        503 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
