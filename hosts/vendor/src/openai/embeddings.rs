//! Embeddings: a few numbers for each text, and the usage of the input.

use serde_json::json;

use crate::claim::Claim;
use crate::plan::Plan;

/// What stands for the hundreds of numbers of a real embedding, as they are written.
const NUMBERS: &str = "[-0.006929283495992422,-0.005336422007530928,0.024047505110502243]";

/// The JSON body.
pub(crate) fn body(plan: &Plan) -> String {
    let data: Vec<_> = (0..plan.choices)
        .map(|index| format!(r#"{{"object":"embedding","index":{index},"embedding":{NUMBERS}}}"#))
        .collect();
    let (data, model) = (data.join(","), json!(plan.model.snapshot));
    let usage = match usage(plan) {
        Some(usage) => format!(r#","usage":{usage}"#),
        None => String::new(),
    };
    format!(r#"{{"object":"list","data":[{data}],"model":{model}{usage}}}"#)
}

/// The usage object, or `null`, or nothing. Counts may be told as they are not.
fn usage(plan: &Plan) -> Option<String> {
    let prompt = plan.claim.count(plan.usage.prompt());
    match plan.claim {
        Claim::Missing => None,
        Claim::Null => Some("null".to_owned()),
        _ => Some(format!(r#"{{"prompt_tokens":{prompt},"total_tokens":{prompt}}}"#)),
    }
}
