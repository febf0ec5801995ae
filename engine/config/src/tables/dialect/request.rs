//! Where the facts of a request stand, but for its wish for a stream.

use reins_dialects::{CapRule, Pointer, RequestRules};

use crate::reader::{Reader, Spellings};
use crate::tables::action::tokens;
use crate::tables::dialect::{one_place, pointer};
use crate::value::Value;

pub(super) fn read(table: &mut Reader<'_>) -> Option<RequestRules> {
    let hint = "say where the model's name stands, such as model = \"/model\"";
    let model = table.required(&["model"], hint, one_place);
    let hint = "say where the most tokens of an answer stand: output_cap = { pointer = \
                \"/max_tokens\" }; or \"none\" if an answer has no tokens that are billed";
    let cap = table.required(&["output_cap"], hint, cap);
    let choices = table.optional(&["choices"], one_place);
    let messages = table.optional(&["messages"], one_place);
    let prompts = table.optional(&["prompts"], one_place);
    let text = pointers(table, &["text"]);
    let images = pointers(table, &["images"]);
    let references = pointers(table, &["references"]);
    let fees = pointers(table, &["fees"]);
    let refused = pointers(table, &["refused"]);
    if let (Some(Some(_)), Some(Some(_))) = (&messages, &prompts) {
        let what = "`messages` and `prompts` are both there";
        table.place.at_odds(what, "keep the one in which a call has its texts");
        return None;
    }
    Some(RequestRules {
        model: model?,
        stream: None,
        cap: cap?,
        choices: choices?,
        messages: messages?,
        prompts: prompts?,
        text: text?,
        images: images?,
        references: references?,
        fees: fees?,
        refused: refused?,
    })
}

fn pointers(table: &mut Reader<'_>, spellings: Spellings) -> Option<Vec<Pointer>> {
    table.defaulted(spellings, Vec::new(), |value| value.items(pointer))
}

/// A table; `none` where an answer has no output that is billed.
fn cap(value: &Value<'_>) -> Option<Option<CapRule>> {
    if value.as_text() == Some("none") {
        return Some(None);
    }
    let mut table = value.table()?;
    let hint = "say where it stands, such as pointer = \"/max_tokens\"";
    let pointer = table.required(&["pointer"], hint, one_place);
    let aliases = table.defaulted(&["aliases"], Vec::new(), |value| value.items(one_place));
    let default = table.optional(&["default"], tokens);
    Some(Some(CapRule { pointer: pointer?, aliases: aliases?, default: default? }))
}
