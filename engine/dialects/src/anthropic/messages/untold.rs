//! What Anthropic bills beside the totals of an answer: nothing bounds it, so that it is refused.

use super::seen::Seen;
use crate::input::passed_value;
use crate::malformed::Malformed;
use crate::scan::{Fields, Kind, Scan, Scanned};

const MANAGEMENT: Fields = Fields { within: "context_management.", names: &["edits"] };

const EDIT: Fields = Fields { within: "context_management.edits[].", names: &["type"] };

/// Edits that only take something out of the input, by the beginning of their types. Others, such
/// as `compact_20260112`, let the model read and write once more.
const CLEARING: &str = "clear_";

/// Tools that ask another model, at its own price, by the beginning of their types.
const ASKING: &str = "advisor_";

/// Asks for a summary of the conversation.
pub(super) const COMPACTION: &str = "compaction";

/// Names models that answer where the one that was asked declines.
pub(super) const FALLBACKS: &str = "fallbacks";

const THREAD: Fields = Fields { within: "thread.", names: &["type"] };

/// Refuses a field whose cost the totals of an answer do not tell, unless it is `null`.
pub(super) fn refuse(scan: &mut Scan<'_>, field: &'static str) -> Scanned<()> {
    let at = scan.at();
    let why = match field {
        FALLBACKS => {
            "lets another model answer, at a price of its own: ask it in a call of its own"
        }
        _ => "is not in the totals of the answer: send a plain request for a summary",
    };
    match passed_value(scan)? {
        None => Ok(()),
        Some(_) => Err(Malformed::new(format!("`{field}` at byte {at} {why}"))),
    }
}

/// Reads whether the vendor holds the conversation. One that it holds is not in the request, and
/// neither are its tools.
pub(super) fn thread(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    const FIELD: &str = "thread.type";
    let mut is = None;
    let named = scan.object_or_null("thread", &THREAD, |scan, field| match field {
        "type" => {
            is = scan.word(FIELD)?;
            Ok(())
        }
        _ => seen.input.text(scan),
    })?;
    let word = is.as_deref().unwrap_or("of no type");
    if named.is_none() || word == "create" {
        return Ok(());
    }
    let mend = "what the vendor holds is not in the request: send the whole conversation";
    Err(Malformed::value(FIELD, word, mend))
}

/// Reads how the vendor shall change the input before it is read.
pub(super) fn management(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    scan.object_or_null("context_management", &MANAGEMENT, |scan, field| match field {
        "edits" => scan.list_or_null("context_management.edits", |scan| edit(scan, seen)),
        _ => seen.input.text(scan),
    })?;
    Ok(())
}

fn edit(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    const FIELD: &str = "context_management.edits[].type";
    if scan.kind()? != Kind::Object {
        return seen.input.text(scan);
    }
    scan.object(&EDIT, |scan, field| {
        if field != "type" {
            return seen.input.text(scan);
        }
        match scan.word(FIELD)? {
            Some(word) if !word.starts_with(CLEARING) => Err(Malformed::value(
                FIELD,
                &word,
                "its cost is not in the totals of the answer: clear instead, or leave it out",
            )),
            _ => Ok(()),
        }
    })?;
    Ok(())
}

/// Refuses a tool that asks another model.
pub(super) fn check_tool(is: &str) -> Scanned<()> {
    if !is.starts_with(ASKING) {
        return Ok(());
    }
    let mend = "the cost of its model is not in the totals of the answer: leave the tool out";
    Err(Malformed::value("tools[].type", is, mend))
}

/// Refuses a place that is dearer than the prices say.
pub(super) fn place(scan: &mut Scan<'_>) -> Scanned<()> {
    match scan.word("inference_geo")?.as_deref() {
        None | Some("global") => Ok(()),
        Some(word) => {
            let mend = "it is dearer than the prices that are known: use global, or leave it out";
            Err(Malformed::value("inference_geo", word, mend))
        }
    }
}
