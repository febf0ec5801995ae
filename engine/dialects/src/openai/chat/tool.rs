//! One tool of a chat request: how much it puts in, and whether the vendor runs it.
//!
//! Vendors who run tools take a fee for each use, and put what a tool finds into the input.

use crate::input::Input;
use crate::scan::{Fields, Kind, Scan, Scanned};

const TOOL: Fields = Fields { within: "tools[].", names: &["type", "function"] };

/// Types of tools that the client runs. Others are the vendor's own, such as `live_search` (xAI),
/// `openrouter:web_search`, `builtin_function` (Moonshot) or `web_search` (Zhipu).
const OF_THE_CLIENT: [&str; 2] = ["function", "custom"];

/// Reads a tool and counts it; answers what has no price, where the vendor runs it.
pub(super) fn read(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<Option<&'static str>> {
    input.part();
    if scan.kind()? != Kind::Object {
        input.text(scan)?;
        return Ok(None);
    }
    let (mut is, mut has_function) = (None, false);
    let passed = scan.pass_noting(&TOOL, |name, said| match name {
        "type" => is = said,
        _ => has_function = true,
    })?;
    input.add_text(passed.text_bytes);
    // Some vendors take a tool without a type for a function.
    let of_the_client = is.map_or(has_function, |is| OF_THE_CLIENT.contains(&&*is));
    Ok((!of_the_client).then_some("the tools that the vendor runs have no price"))
}
