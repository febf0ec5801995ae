//! Completions of a text, in one piece and as events.

use std::fmt::Write;

use super::{finish_reason, usage};
use crate::ask::Ask;
use crate::frames::{Frame, Frames};
use crate::plan::Plan;
use crate::prices::Model;
use crate::refusal::Refusal;
use crate::text;

/// Tokens of an answer to a request that names no cap, as OpenAI documents them.
const DEFAULT_CAP: u64 = 16;

/// The call's cap: the field, else the documented default.
pub(crate) fn cap(ask: &Ask<'_>, model: &Model) -> Result<u64, Refusal> {
    let cap = ask.max_tokens.unwrap_or(DEFAULT_CAP);
    if cap > model.max_output {
        return Err(Refusal::openai_cap("max_tokens", cap, model));
    }
    Ok(cap)
}

/// The JSON body.
pub(crate) fn body(plan: &Plan) -> String {
    let mut out = head(plan);
    for index in 0..plan.choices {
        let comma = if index == 0 { "" } else { "," };
        let mut words = String::new();
        text::push(&mut words, 0..plan.visible);
        out.push_str(comma);
        out.push_str(&choice(index, &words, &format!("\"{}\"", finish_reason(plan))));
    }
    out.push(']');
    if let Some(usage) = usage(plan, plan.claim) {
        // Writing to a String cannot fail.
        let _ = write!(out, r#","usage":{usage}"#);
    }
    out.push('}');
    out
}

/// The events in order: pieces of text, the finish, the usage where it was asked for, `[DONE]`.
pub(crate) fn events(plan: &Plan) -> Vec<Frame> {
    let mut frames = Frames::with_capacity(4096, 16);
    let tail = if plan.include_usage { "],\"usage\":null}\n\n" } else { "]}\n\n" };
    let begin = format!("data: {}", head(plan));
    for tokens in plan.chunk_tokens() {
        let generated = plan.generated(tokens.end);
        let mut words = String::new();
        text::push(&mut words, tokens);
        for index in 0..plan.choices {
            frames.push(generated, &[&begin, &choice(index, &words, "null"), tail]);
        }
    }
    let reason = format!("\"{}\"", finish_reason(plan));
    for index in 0..plan.choices {
        frames.push(plan.usage.output, &[&begin, &choice(index, "", &reason), tail]);
    }
    let claims = [Some(plan.claim), plan.claim.then()];
    for claim in claims.into_iter().flatten().filter(|_| plan.include_usage) {
        let Some(usage) = usage(plan, claim) else { continue };
        frames.push(plan.usage.output, &[&begin, "],\"usage\":", &usage, "}\n\n"]);
    }
    frames.push(plan.usage.output, &["data: [DONE]\n\n"]);
    frames.into_vec()
}

/// All that stands before the choices.
fn head(plan: &Plan) -> String {
    format!(
        r#"{{"id":"{}","object":"text_completion","created":{},"model":"{}","choices":["#,
        plan.id(),
        plan.created,
        plan.model.snapshot,
    )
}

fn choice(index: u64, words: &str, finish: &str) -> String {
    format!(r#"{{"text":"{words}","index":{index},"logprobs":null,"finish_reason":{finish}}}"#)
}
