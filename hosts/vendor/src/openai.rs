//! OpenAI's endpoints: caps, usage, errors, and the list of models.

pub(crate) mod completions;
pub(crate) mod embeddings;
pub(crate) mod stream;
pub(crate) mod whole;

use serde_json::json;

use crate::ask::Ask;
use crate::claim::Claim;
use crate::plan::{Finish, Plan};
use crate::prices::{Maker, Model, of_maker};
use crate::refusal::Refusal;

/// What `system_fingerprint` says.
const FINGERPRINT: &str = "fp_51ac1fe5b0";

/// The call's cap: the newer field, else the older one, else the published maximum.
pub(crate) fn cap(ask: &Ask<'_>, model: &Model) -> Result<u64, Refusal> {
    if ask.max_tokens.is_some() && model.wants_max_completion_tokens() {
        return Err(Refusal::old_cap());
    }
    let (param, asked) = match ask.max_completion_tokens {
        Some(cap) => ("max_completion_tokens", Some(cap)),
        None => ("max_tokens", ask.max_tokens),
    };
    match asked {
        Some(cap) if cap > model.max_output => Err(Refusal::openai_cap(param, cap, model)),
        Some(cap) => Ok(cap),
        None => Ok(model.max_output),
    }
}

/// The usage object, or `null`, or nothing.
fn usage(plan: &Plan, claim: Claim) -> Option<String> {
    if claim == Claim::Missing {
        return None;
    }
    if claim == Claim::Null {
        return Some("null".to_owned());
    }
    let usage = &plan.usage;
    let output = claim.output_tokens(usage.output);
    let written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    let written = match written {
        0 => String::new(),
        tokens => format!(r#""cache_write_tokens":{},"#, claim.count(tokens)),
    };
    Some(format!(
        r#"{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{},{written}"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":{},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}{}}}"#,
        claim.count(usage.prompt()),
        claim.count(output),
        claim.count(usage.prompt().saturating_add(output)),
        claim.count(usage.cached),
        claim.count(usage.reasoning),
        claim.again("completion_tokens"),
    ))
}

fn finish_reason(plan: &Plan) -> &'static str {
    match plan.finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Tool(_) => "tool_calls",
    }
}

pub(crate) fn unknown_model(asked: &str) -> Refusal {
    if asked.is_empty() {
        return Refusal::bad_request("you must provide a model parameter");
    }
    let message = format!("The model `{asked}` does not exist or you do not have access to it.");
    Refusal { status: 404, ..Refusal::bad_field("model", Some("model_not_found"), message) }
}

/// The error object of a refusal.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let (kind, code, message) = usual(refusal.status);
    let message = refusal.message.as_deref().unwrap_or(message);
    let code = if refusal.message.is_some() { refusal.code } else { code };
    let error = json!({"message": message, "type": kind, "param": refusal.param, "code": code});
    json!({ "error": error }).to_string()
}

/// The type, code and words of a status.
fn usual(status: u16) -> (&'static str, Option<&'static str>, &'static str) {
    let invalid = "invalid_request_error";
    match status {
        401 => (
            invalid,
            Some("invalid_api_key"),
            "Incorrect API key provided. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ),
        403 => (invalid, Some("unsupported_country_region_territory"), "Country not supported"),
        429 => (
            "requests",
            Some("rate_limit_exceeded"),
            "Rate limit reached for requests per min (RPM). Please try again in 1s.",
        ),
        400..=499 => (invalid, None, "The request was not understood."),
        503 => ("server_error", None, "The engine is currently overloaded, please try again later"),
        _ => (
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
    }
}

/// `GET /v1/models`.
pub(crate) fn models() -> String {
    let data: Vec<_> = of_maker(Maker::OpenAi)
        .map(|model| {
            let (object, created) = ("model", 1_715_367_049);
            json!({"id": model.name, "object": object, "created": created, "owned_by": "system"})
        })
        .collect();
    json!({"object": "list", "data": data}).to_string()
}
