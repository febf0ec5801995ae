//! Where an answer says what was used, in one piece and as a stream.

use reins_dialects::{
    CachedTokens, Framing, LastEvent, LastValue, Pointer, StreamFlag, StreamRules, UsageRules,
};

use crate::tables::dialect::one_place;
use crate::value::Value;

pub(super) fn usage(value: &Value<'_>, has_output: bool) -> Option<UsageRules> {
    let mut table = value.table()?;
    let hint = "say where the tokens of the input are counted, such as \"/usage/input_tokens\"";
    let input = table.required(&["input"], hint, one_place);
    let output = if has_output {
        let hint =
            "say where the tokens of the output are counted, such as \"/usage/output_tokens\"";
        table.required(&["output"], hint, one_place).map(Some)
    } else {
        table.optional(&["output"], one_place)
    };
    let (inside, beside) = (table.field(&["cached"]), table.field(&["cached_beside"]));
    let cached = match (inside, beside) {
        (None, None) => Some(None),
        (Some(value), None) => cached(&value, true),
        (None, Some(value)) => cached(&value, false),
        (Some(value), Some(_)) => {
            value.bad("`cached` and `cached_beside` are both there", "keep one of them")
        }
    };
    let reasoning = table.optional(&["reasoning"], one_place);
    let usage =
        UsageRules { input: input?, output: output?, cached: cached?, reasoning: reasoning? };
    Some(usage)
}

fn cached(value: &Value<'_>, inside_input: bool) -> Option<Option<CachedTokens>> {
    let pointer: Pointer = one_place(value)?;
    Some(Some(CachedTokens { pointer, inside_input }))
}

/// How a stream is asked for, and how it comes; usage stands where it does in one piece, unless
/// something else is said.
pub(super) fn stream(
    value: &Value<'_>,
    whole: &UsageRules,
    has_output: bool,
) -> Option<(StreamFlag, StreamRules)> {
    let mut table = value.table()?;
    let hint = "say where a request asks for a stream, such as flag = \"/stream\"";
    let pointer = table.required(&["flag"], hint, one_place);
    let default = table.defaulted(&["default"], false, Value::flag);
    let hint = "say how the pieces come: framing = \"sse\" or \"ndjson\"";
    let framing = table.required(&["framing"], hint, |value| {
        value.word(&[("sse", Framing::Events), ("ndjson", Framing::Lines)])
    });
    let hint = "say what tells the last piece: last = { pointer = \"/done\", is = true }, or \
                \"[DONE]\"";
    let last = table.required(&["last"], hint, last);
    let usage = table.field(&["usage"]);
    let usage = usage.map_or(Some(whole.clone()), |value| self::usage(&value, has_output));
    let error = table.optional(&["error"], one_place);
    let flag = StreamFlag { pointer: pointer?, default: default? };
    let rules = StreamRules { framing: framing?, last: last?, usage: usage?, error: error? };
    Some((flag, rules))
}

fn last(value: &Value<'_>) -> Option<LastEvent> {
    if value.as_text() == Some("[DONE]") {
        return Some(LastEvent::Done);
    }
    let mut table = value.table()?;
    let hint = "say where it stands, such as pointer = \"/type\"";
    let pointer = table.required(&["pointer"], hint, one_place);
    let hint = "say what stands there in the last piece, such as is = \"message-end\"";
    let is = table.required(&["is"], hint, |value| match value.as_text() {
        Some(text) => Some(LastValue::Text(text.into())),
        None => value.flag().map(LastValue::Flag),
    });
    Some(LastEvent::Member { pointer: pointer?, is: is? })
}
