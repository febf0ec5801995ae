//! A chat completion as server-sent events: the role, the content or the tool call, the finish,
//! the usage where it was asked for, `[DONE]`.

use super::{FINGERPRINT, finish_reason};
use crate::frames::{Frame, Frames};
use crate::plan::{Finish, Plan};
use crate::text::{self, ARGUMENTS};

/// The event of a vendor that failed.
pub(crate) fn error(refusal: &str) -> String {
    format!("data: {refusal}\n\n")
}

/// What a chunk weighs beside its text, generously.
const CHUNK_BYTES: usize = 400;

/// The events in order.
pub(crate) fn events(plan: &Plan) -> Vec<Frame> {
    let mut chunks = Chunks::new(plan);
    match &plan.finish {
        Finish::Tool(name) => chunks.tool_call(name),
        Finish::Stop | Finish::Length => chunks.content(),
    }
    let reason = finish_reason(plan);
    chunks.each_choice(plan.usage.output, "{}", &format!("\"{reason}\""));
    chunks.usage();
    chunks.frames.push(plan.usage.output, &["data: [DONE]\n\n"]);
    chunks.frames.into_vec()
}

/// The parts all chunks of one call share.
struct Chunks<'a> {
    plan: &'a Plan,
    head: String,
    tail: &'static str,
    frames: Frames,
}

impl<'a> Chunks<'a> {
    fn new(plan: &'a Plan) -> Self {
        let events = usize::try_from(plan.chunks.min(plan.visible)).unwrap_or(0) + 8;
        let head = format!(
            r#"data: {{"id":"{}","object":"chat.completion.chunk","created":{},"model":"{}","service_tier":"default","system_fingerprint":"{FINGERPRINT}","choices":["#,
            plan.id(),
            plan.created,
            plan.model.snapshot,
        );
        let tail = if plan.include_usage {
            "],\"usage\":null,\"obfuscation\":\"9fTq2\"}\n\n"
        } else {
            "],\"obfuscation\":\"9fTq2\"}\n\n"
        };
        let frames = Frames::with_capacity(events * CHUNK_BYTES, events);
        Self { plan, head, tail, frames }
    }

    /// One chunk for each choice with the same delta.
    fn each_choice(&mut self, generated: u64, delta: &str, finish: &str) {
        for index in 0..self.plan.choices {
            self.chunk(generated, index, &[delta], finish);
        }
    }

    fn chunk(&mut self, generated: u64, index: u64, delta: &[&str], finish: &str) {
        let index = index.to_string();
        let mut pieces = vec![&*self.head, r#"{"index":"#, &index, r#","delta":"#];
        pieces.extend_from_slice(delta);
        pieces.extend([r#","logprobs":null,"finish_reason":"#, finish, "}", self.tail]);
        self.frames.push(generated, &pieces);
    }

    fn content(&mut self) {
        let role = r#"{"role":"assistant","content":"","refusal":null}"#;
        self.each_choice(self.plan.generated(0), role, "null");
        let mut words = String::new();
        for tokens in self.plan.chunk_tokens() {
            words.clear();
            let generated = self.plan.generated(tokens.end);
            text::push(&mut words, tokens);
            for index in 0..self.plan.choices {
                let delta = [r#"{"content":""#, &*words, r#""}"#];
                self.chunk(generated, index, &delta, "null");
            }
        }
    }

    fn tool_call(&mut self, name: &str) {
        for index in 0..self.plan.choices {
            let call = format!(
                r#"{{"role":"assistant","content":null,"tool_calls":[{{"index":0,"id":"call_{}{index}","type":"function","function":{{"name":{name},"arguments":""}}}}],"refusal":null}}"#,
                self.plan.unique
            );
            self.chunk(self.plan.generated(0), index, &[&call], "null");
        }
        for (piece, written) in ARGUMENTS.iter().zip(1..) {
            let generated = self.plan.generated(self.plan.visible / 4 * written);
            let before = r#"{"tool_calls":[{"index":0,"function":{"arguments":""#;
            for index in 0..self.plan.choices {
                self.chunk(generated, index, &[before, piece, r#""}}]}"#], "null");
            }
        }
    }

    /// The chunk without choices that ends a stream whose caller asked for usage.
    fn usage(&mut self) {
        if !self.plan.include_usage {
            return;
        }
        let claim = self.plan.claim;
        for usage in [Some(claim), claim.then()].into_iter().flatten() {
            let Some(usage) = super::usage(self.plan, usage) else { continue };
            let pieces = [&*self.head, "],\"usage\":", &usage, ",\"obfuscation\":\"\"}\n\n"];
            self.frames.push(self.plan.usage.output, &pieces);
        }
    }
}
