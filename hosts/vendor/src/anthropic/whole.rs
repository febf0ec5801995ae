//! A message in one piece.

use std::fmt::Write;

use super::{stop_reason, usage, usage_member};
use crate::plan::{Finish, Plan};
use crate::text::{self, ARGUMENTS_JSON};

/// The JSON body.
pub(crate) fn body(plan: &Plan) -> String {
    let mut out = String::with_capacity(1024);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        r#"{{"model":"{}","id":"{}","type":"message","role":"assistant","content":["#,
        plan.model.snapshot,
        plan.id(),
    );
    if plan.reasoning > 0 {
        out.push_str(r#"{"type":"thinking","thinking":""#);
        text::push(&mut out, 0..plan.reasoning);
        out.push_str(r#"","signature":"cHJldGVuZA=="},"#);
    }
    match &plan.finish {
        Finish::Tool(name) => {
            let unique = &plan.unique;
            let _ = write!(
                out,
                r#"{{"type":"tool_use","id":"toolu_01{unique}","name":{name},"input":{ARGUMENTS_JSON},"caller":{{"type":"direct"}}}}"#,
            );
        }
        Finish::Stop | Finish::Length => {
            out.push_str(r#"{"type":"text","text":""#);
            text::push(&mut out, 0..plan.visible);
            out.push_str(r#""}"#);
        }
    }
    let _ = write!(
        out,
        r#"],"stop_reason":"{}","stop_sequence":null,"stop_details":null{}}}"#,
        stop_reason(plan),
        usage_member(plan.claim, || usage(plan, plan.usage.output)),
    );
    out
}
