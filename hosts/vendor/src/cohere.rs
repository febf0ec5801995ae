//! Cohere's chats, version 2: the cap, an answer in one piece and as events, usage, errors.
//!
//! After <https://docs.cohere.com/reference/chat>, <https://docs.cohere.com/reference/chat-stream>
//! and `cohere-openapi.yaml` of `cohere-ai/cohere-developer-experience` at e814c8a1. What is billed
//! is `billed_units`; `tokens` has those of Cohere's own instructions as well.

use serde_json::json;

use crate::ask::Ask;
use crate::claim::Claim;
use crate::frames::{Frame, Frames};
use crate::plan::{Finish, Plan};
use crate::prices::Model;
use crate::refusal::Refusal;
use crate::text;

/// Tokens of Cohere's own instructions, which are not billed.
const UNBILLED: u64 = 66;

/// The call's cap; one above the published maximum is lowered to it.
pub(crate) fn cap(ask: &Ask<'_>, model: &Model) -> u64 {
    ask.max_tokens.unwrap_or(model.max_output).min(model.max_output)
}

/// The JSON body.
pub(crate) fn body(plan: &Plan) -> String {
    let mut words = String::new();
    text::push(&mut words, 0..plan.visible);
    let usage =
        usage(plan, plan.claim).map_or(String::new(), |usage| format!(",\"usage\":{usage}"));
    format!(
        r#"{{"id":"{}","message":{{"role":"assistant","content":[{{"type":"text","text":"{words}"}}]}},"finish_reason":"{}"{usage}}}"#,
        plan.id(),
        finish_reason(plan),
    )
}

/// The events in order: the start, pieces of text, the end with what is billed.
pub(crate) fn events(plan: &Plan) -> Vec<Frame> {
    let mut frames = Frames::with_capacity(4096, 16);
    let start = format!(
        r#"{{"id":"{}","type":"message-start","delta":{{"message":{{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}}}}"#,
        plan.id()
    );
    let mut push = |generated, name: &str, data: &str| {
        frames.push(generated, &["event: ", name, "\ndata: ", data, "\n\n"]);
    };
    push(plan.generated(0), "message-start", &start);
    let opens = r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#;
    push(plan.generated(0), "content-start", opens);
    for tokens in plan.chunk_tokens() {
        let generated = plan.generated(tokens.end);
        let mut words = String::new();
        text::push(&mut words, tokens);
        let delta = format!(
            r#"{{"type":"content-delta","index":0,"delta":{{"message":{{"content":{{"text":"{words}"}}}}}}}}"#
        );
        push(generated, "content-delta", &delta);
    }
    push(plan.usage.output, "content-end", r#"{"type":"content-end","index":0}"#);
    for claim in [Some(plan.claim), plan.claim.then()].into_iter().flatten() {
        let usage = usage(plan, claim).map_or(String::new(), |usage| format!(",\"usage\":{usage}"));
        let end = format!(
            r#"{{"type":"message-end","id":"{}","delta":{{"finish_reason":"{}"{usage}}}}}"#,
            plan.id(),
            finish_reason(plan)
        );
        push(plan.usage.output, "message-end", &end);
    }
    frames.into_vec()
}

/// The event of a generation that failed.
pub(crate) fn failed() -> String {
    let error =
        r#"{"type":"message-end","delta":{"error":"generation failed","finish_reason":"ERROR"}}"#;
    format!("event: message-end\ndata: {error}\n\n")
}

fn finish_reason(plan: &Plan) -> &'static str {
    match plan.finish {
        Finish::Stop => "COMPLETE",
        Finish::Length => "MAX_TOKENS",
        Finish::Tool(_) => "TOOL_CALL",
    }
}

/// The usage object, or `null`, or nothing.
fn usage(plan: &Plan, claim: Claim) -> Option<String> {
    match claim {
        Claim::Missing => return None,
        Claim::Null => return Some("null".to_owned()),
        _ => {}
    }
    let (prompt, output) = (plan.usage.prompt(), claim.output_tokens(plan.usage.output));
    Some(format!(
        r#"{{"billed_units":{{"input_tokens":{},"output_tokens":{}{}}},"tokens":{{"input_tokens":{},"output_tokens":{}}}}}"#,
        claim.count(prompt),
        claim.count(output),
        claim.again("output_tokens"),
        claim.count(prompt.saturating_add(UNBILLED)),
        claim.count(output),
    ))
}

/// The error object of a refusal.
pub(crate) fn refusal(refusal: &Refusal, request_id: &str) -> String {
    let usual = match refusal.status {
        401 => "invalid api token",
        429 => "Please wait and try again later",
        500.. => "internal server error",
        _ => "invalid request",
    };
    let message = refusal.message.as_deref().unwrap_or(usual);
    json!({ "id": request_id, "message": message }).to_string()
}
