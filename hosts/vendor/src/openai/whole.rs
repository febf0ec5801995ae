//! A chat completion in one piece, laid out over several lines as the real API does.

use std::fmt::Write;

use super::{FINGERPRINT, finish_reason, usage};
use crate::plan::{Finish, Plan};
use crate::text::{self, ARGUMENTS};

/// The JSON body.
pub(crate) fn body(plan: &Plan) -> String {
    let mut out = String::with_capacity(1024);
    let (id, created, model) = (plan.id(), plan.created, plan.model.snapshot);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{{\n  \"id\": \"{id}\",\n  \"object\": \"chat.completion\",\n  \"created\": {created},\n  \
         \"model\": \"{model}\",\n  \"choices\": ["
    );
    for index in 0..plan.choices {
        push_choice(&mut out, plan, index);
    }
    out.push_str("\n  ]");
    if let Some(usage) = usage(plan, plan.claim) {
        let _ = write!(out, ",\n  \"usage\": {usage}");
    }
    let _ = write!(
        out,
        ",\n  \"service_tier\": \"default\",\n  \"system_fingerprint\": \"{FINGERPRINT}\"\n}}\n"
    );
    out
}

fn push_choice(out: &mut String, plan: &Plan, index: u64) {
    let comma = if index == 0 { "" } else { "," };
    let _ = write!(
        out,
        "{comma}\n    {{\n      \"index\": {index},\n      \"message\": {{\n        \
         \"role\": \"assistant\",\n        \"content\": "
    );
    match &plan.finish {
        Finish::Tool(name) => push_tool(out, plan, index, name),
        Finish::Stop | Finish::Length => {
            out.push('"');
            text::push(out, 0..plan.visible);
            out.push('"');
        }
    }
    let _ = write!(
        out,
        ",\n        \"refusal\": null,\n        \"annotations\": []\n      }},\n      \
         \"logprobs\": null,\n      \"finish_reason\": \"{}\"\n    }}",
        finish_reason(plan)
    );
}

fn push_tool(out: &mut String, plan: &Plan, index: u64, name: &str) {
    let (unique, arguments) = (&plan.unique, ARGUMENTS.concat());
    let _ = write!(
        out,
        "null,\n        \"tool_calls\": [\n          {{\n            \
         \"id\": \"call_{unique}{index}\",\n            \"type\": \"function\",\n            \
         \"function\": {{\n              \"name\": {name},\n              \
         \"arguments\": \"{arguments}\"\n            }}\n          }}\n        ]"
    );
}
