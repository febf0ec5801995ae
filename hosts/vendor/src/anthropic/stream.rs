//! A message as server-sent events: its start with the prompt's usage and a placeholder, its
//! content blocks, the delta with the cumulative usage, its stop.

use super::{prompt, stop_reason, usage, usage_member};
use crate::claim::{Claim, PLACEHOLDER_TOKENS};
use crate::frames::{Frame, Frames};
use crate::plan::{Finish, Plan};
use crate::text::{self, ARGUMENTS};

/// The event of a vendor that failed.
pub(crate) fn error(refusal: &str) -> String {
    format!("event: error\ndata: {refusal}\n\n")
}

/// What an event weighs beside its text, generously.
const EVENT_BYTES: usize = 250;
/// The real API pads its lines inside the object; so does this one, by a length that varies.
const PADDING: &str = "              ";

/// The events in order.
pub(crate) fn events(plan: &Plan) -> Vec<Frame> {
    let mut events = Events::new(plan);
    events.start();
    let mut index = 0;
    if plan.reasoning > 0 {
        events.thinking(index);
        index += 1;
    }
    match &plan.finish {
        Finish::Tool(name) => events.tool_use(index, name),
        Finish::Stop | Finish::Length => events.text(index),
    }
    events.end();
    events.frames.into_vec()
}

struct Events<'a> {
    plan: &'a Plan,
    frames: Frames,
    written: usize,
}

impl<'a> Events<'a> {
    fn new(plan: &'a Plan) -> Self {
        let count = usize::try_from(plan.chunks.min(plan.visible)).unwrap_or(0) + 12;
        let frames = Frames::with_capacity(count * EVENT_BYTES, count);
        Self { plan, frames, written: 0 }
    }

    /// One event; `members` follow its type inside the object.
    fn push(&mut self, generated: u64, kind: &str, members: &[&str]) {
        self.written += 1;
        let padding = PADDING.get(..self.written % PADDING.len()).unwrap_or("");
        let mut pieces = vec!["event: ", kind, "\ndata: {\"type\":\"", kind, "\""];
        pieces.extend_from_slice(members);
        pieces.extend([padding, "}\n\n"]);
        self.frames.push(generated, &pieces);
    }

    fn start(&mut self) {
        let plan = self.plan;
        let usage = usage_member(plan.claim, || usage(plan, PLACEHOLDER_TOKENS));
        let message = format!(
            r#","message":{{"model":"{}","id":"{}","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null{usage}}}"#,
            plan.model.snapshot,
            plan.id(),
        );
        self.push(0, "message_start", &[&message]);
    }

    fn open(&mut self, generated: u64, index: u64, block: &str) {
        let index = format!(r#","index":{index},"content_block":"#);
        self.push(generated, "content_block_start", &[&index, block]);
        if self.written == 2 {
            self.frames.push(generated, &["event: ping\ndata: {\"type\": \"ping\"}\n\n"]);
        }
    }

    fn delta(&mut self, generated: u64, index: u64, delta: &[&str]) {
        let index = format!(r#","index":{index},"delta":{{"type":""#);
        let mut members = vec![&*index];
        members.extend_from_slice(delta);
        members.push("\"}");
        self.push(generated, "content_block_delta", &members);
    }

    fn close(&mut self, generated: u64, index: u64) {
        self.push(generated, "content_block_stop", &[&format!(r#","index":{index}"#)]);
    }

    fn thinking(&mut self, index: u64) {
        let generated = self.plan.reasoning;
        self.open(0, index, r#"{"type":"thinking","thinking":"","signature":""}"#);
        let mut words = String::new();
        text::push(&mut words, 0..generated);
        self.delta(generated, index, &[r#"thinking_delta","thinking":""#, &words]);
        self.delta(generated, index, &[r#"signature_delta","signature":""#, "cHJldGVuZA=="]);
        self.close(generated, index);
    }

    fn text(&mut self, index: u64) {
        self.open(self.plan.generated(0), index, r#"{"type":"text","text":""}"#);
        let mut words = String::new();
        for tokens in self.plan.chunk_tokens() {
            words.clear();
            let generated = self.plan.generated(tokens.end);
            text::push(&mut words, tokens);
            self.delta(generated, index, &[r#"text_delta","text":""#, &words]);
        }
        self.close(self.plan.usage.output, index);
    }

    fn tool_use(&mut self, index: u64, name: &str) {
        let block = format!(
            r#"{{"type":"tool_use","id":"toolu_01{}","name":{name},"input":{{}},"caller":{{"type":"direct"}}}}"#,
            self.plan.unique
        );
        self.open(self.plan.generated(0), index, &block);
        for (piece, written) in [""].iter().chain(&ARGUMENTS).zip(0..) {
            let generated = self.plan.generated(self.plan.visible / 4 * written);
            self.delta(generated, index, &[r#"input_json_delta","partial_json":""#, piece]);
        }
        self.close(self.plan.usage.output, index);
    }

    fn end(&mut self) {
        let (plan, output) = (self.plan, self.plan.usage.output);
        let only_start = plan.claim == Claim::Placeholder;
        let claim = if only_start { Claim::Missing } else { plan.claim };
        let reason = stop_reason(plan);
        for claim in [Some(claim), claim.then()].into_iter().flatten() {
            let usage = usage_member(claim, || final_usage(plan, claim));
            let delta = format!(
                r#","delta":{{"stop_reason":"{reason}","stop_sequence":null,"stop_details":null}}{usage}"#
            );
            self.push(output, "message_delta", &[&delta]);
        }
        self.push(output, "message_stop", &[]);
    }
}

/// Cumulative counts, the prompt's included.
fn final_usage(plan: &Plan, claim: Claim) -> String {
    let (prompt, output) = (prompt(plan, claim), claim.count(plan.usage.output));
    let details = match plan.reasoning {
        0 => String::new(),
        tokens => {
            format!(r#","output_tokens_details":{{"thinking_tokens":{}}}"#, claim.count(tokens))
        }
    };
    let again = claim.again("output_tokens");
    format!(r#"{{{prompt},"output_tokens":{output}{details}{again}}}"#)
}
