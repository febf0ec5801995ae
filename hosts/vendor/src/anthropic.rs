//! Anthropic's messages: caps, usage, errors, token counts, and the list of models.

pub(crate) mod stream;
pub(crate) mod whole;

use serde_json::json;

use crate::ask::Ask;
use crate::claim::Claim;
use crate::plan::{Finish, Plan};
use crate::prices::{Maker, Model, of_maker};
use crate::refusal::Refusal;

/// The call's cap, which this vendor insists on.
pub(crate) fn cap(ask: &Ask<'_>, model: &Model) -> Result<u64, Refusal> {
    match ask.max_tokens {
        None => Err(Refusal::bad_request("max_tokens: Field required")),
        Some(0) => Err(Refusal::bad_request("max_tokens: must be greater than or equal to 1")),
        Some(cap) if cap > model.max_output => Err(Refusal::anthropic_cap(cap, model)),
        Some(cap) => Ok(cap),
    }
}

/// The usage object of a whole answer, or of a stream's start with its placeholder as `output`.
fn usage(plan: &Plan, output: u64) -> String {
    let (usage, claim) = (&plan.usage, plan.claim);
    format!(
        r#"{{{},"cache_creation":{{"ephemeral_5m_input_tokens":{},"ephemeral_1h_input_tokens":{}}},"output_tokens":{},"service_tier":"standard","inference_geo":"not_available"{}}}"#,
        prompt(plan, claim),
        claim.count(usage.cache_write_5m),
        claim.count(usage.cache_write_1h),
        claim.count(claim.output_tokens(output)),
        claim.again("output_tokens"),
    )
}

/// The prompt's counts, the members of an object: cached and written tokens stand beside
/// `input_tokens`, not inside.
fn prompt(plan: &Plan, claim: Claim) -> String {
    let usage = &plan.usage;
    format!(
        r#""input_tokens":{},"cache_creation_input_tokens":{},"cache_read_input_tokens":{}"#,
        claim.count(usage.input),
        claim.count(usage.cache_write_5m.saturating_add(usage.cache_write_1h)),
        claim.count(usage.cached),
    )
}

/// `,"usage":…`, or what a script makes of it.
fn usage_member(claim: Claim, usage: impl FnOnce() -> String) -> String {
    if claim == Claim::Missing {
        return String::new();
    }
    if claim == Claim::Null {
        return r#","usage":null"#.to_owned();
    }
    format!(r#","usage":{}"#, usage())
}

fn stop_reason(plan: &Plan) -> &'static str {
    match plan.finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Tool(_) => "tool_use",
    }
}

pub(crate) fn unknown_model(asked: &str) -> Refusal {
    if asked.is_empty() {
        return Refusal::bad_request("model: Field required");
    }
    let message = Some(format!("model: {asked}"));
    Refusal { message, ..Refusal::of_status(404, None) }
}

/// The error object of a refusal.
pub(crate) fn refusal(refusal: &Refusal, request_id: &str) -> String {
    let (kind, message) = usual(refusal.status);
    let message = refusal.message.as_deref().unwrap_or(message);
    let error = json!({"type": kind, "message": message});
    json!({"type": "error", "error": error, "request_id": request_id}).to_string()
}

/// The type and words of a status.
fn usual(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Your credit balance is too low to access the Anthropic API."),
        403 => ("permission_error", "Your API key does not have permission to use this resource."),
        404 => ("not_found_error", "Not found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => ("rate_limit_error", "This request would exceed your account's rate limit."),
        400..=499 => ("invalid_request_error", "Invalid request"),
        504 => ("timeout_error", "Request timed out"),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    }
}

/// `POST /v1/messages/count_tokens`.
pub(crate) fn counted(tokens: u64) -> String {
    json!({ "input_tokens": tokens }).to_string()
}

/// `GET /v1/models`.
pub(crate) fn models() -> String {
    let data: Vec<_> = of_maker(Maker::Anthropic)
        .map(|model| {
            json!({"type": "model", "id": model.snapshot, "display_name": model.name,
                "created_at": "2025-01-01T00:00:00Z"})
        })
        .collect();
    let end = |model: Option<&serde_json::Value>| model.and_then(|model| model.get("id")).cloned();
    let (first, last) = (end(data.first()), end(data.last()));
    json!({"data": data, "has_more": false, "first_id": first, "last_id": last}).to_string()
}
