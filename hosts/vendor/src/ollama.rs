//! Ollama's chats: the cap, an answer in one piece and as lines of JSON, usage, errors.
//!
//! After <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion>. An
//! answer comes in pieces unless the request says `"stream": false`.

use serde_json::json;

use crate::ask::Ask;
use crate::claim::Claim;
use crate::frames::{Frame, Frames};
use crate::plan::{Finish, Plan};
use crate::prices::Model;
use crate::refusal::Refusal;
use crate::text;

/// When every answer is said to be made.
const CREATED: &str = "2026-11-18T10:00:00.000000Z";

/// The call's cap; without one the model goes on as long as it can.
pub(crate) fn cap(ask: &Ask<'_>, model: &Model) -> u64 {
    ask.num_predict().unwrap_or(model.max_output).min(model.max_output)
}

/// The JSON body.
pub(crate) fn body(plan: &Plan) -> String {
    let mut words = String::new();
    text::push(&mut words, 0..plan.visible);
    last(plan, &words, plan.claim)
}

/// The lines in order: pieces of text, then the counts.
pub(crate) fn events(plan: &Plan) -> Vec<Frame> {
    let mut frames = Frames::with_capacity(4096, 16);
    for tokens in plan.chunk_tokens() {
        let generated = plan.generated(tokens.end);
        let mut words = String::new();
        text::push(&mut words, tokens);
        frames.push(generated, &[&head(plan, &words), r#","done":false}"#, "\n"]);
    }
    for claim in [Some(plan.claim), plan.claim.then()].into_iter().flatten() {
        frames.push(plan.usage.output, &[&last(plan, "", claim), "\n"]);
    }
    frames.into_vec()
}

/// All that stands before the end.
fn head(plan: &Plan, words: &str) -> String {
    format!(
        r#"{{"model":"{}","created_at":"{CREATED}","message":{{"role":"assistant","content":"{words}"}}"#,
        plan.model.snapshot
    )
}

fn last(plan: &Plan, words: &str, claim: Claim) -> String {
    let reason = match plan.finish {
        Finish::Length => "length",
        Finish::Stop | Finish::Tool(_) => "stop",
    };
    let counts = match claim {
        Claim::Missing => String::new(),
        Claim::Null => r#","prompt_eval_count":null,"eval_count":null"#.to_owned(),
        _ => format!(
            r#","prompt_eval_count":{},"prompt_eval_duration":130079000,"eval_count":{}{},"eval_duration":4232710000"#,
            claim.count(plan.usage.prompt()),
            claim.count(claim.output_tokens(plan.usage.output)),
            claim.again("eval_count"),
        ),
    };
    format!(
        r#"{},"done_reason":"{reason}","done":true,"total_duration":4883583458,"load_duration":1334875{counts}}}"#,
        head(plan, words)
    )
}

/// The error object of a refusal.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let usual = match refusal.status {
        503 => "server busy, please try again. maximum pending requests exceeded",
        500.. => "an error was encountered while running the model",
        _ => "invalid request",
    };
    json!({ "error": refusal.message.as_deref().unwrap_or(usual) }).to_string()
}
