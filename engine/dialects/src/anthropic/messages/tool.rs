//! One tool: how much it puts in, and what the vendor does with it on its own.

use std::borrow::Cow;

use super::block::cache_control;
use super::seen::Seen;
use super::untold;
use crate::scan::{Fields, Kind, Scan, Scanned};

const TOOL: Fields = Fields { within: "tools[].", names: &["type", "max_uses", "cache_control"] };

/// Tools that the client runs and the vendor describes to the model, by the beginning of their
/// types.
const DESCRIBED: [&str; 4] = ["bash_", "text_editor_", "computer_", "memory_"];

/// More than the longest such description has, in tokens (735 for `computer_`, and its instructions
/// of 499).
const DESCRIPTION_BYTES: u64 = 2_000;

/// How often the vendor reads its input again, at the most, while its own tools run: it stops an
/// answer after ten passes, with `pause_turn`.
///
/// Seen in <https://github.com/anthropics/anthropic-sdk-python/issues/1237>.
pub(super) const REREADS: u64 = 9;

/// The search that does nothing but search: newer ones run code on what they find.
const PLAIN_SEARCH: &str = "web_search_20250305";

const ADDITION: Fields = Fields { within: "content[].tool.", names: &["definition"] };

/// Searches that the tools of a request allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Searches {
    /// Whether there may be any.
    pub(super) wanted: bool,
    /// Whether one of the tools has no limit.
    unlimited: bool,
    limit: u64,
}

/// Reads a tool and counts it.
pub(super) fn read(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    seen.input.part();
    if scan.kind()? != Kind::Object {
        return seen.input.text(scan);
    }
    let mut is: Option<Cow<'_, str>> = None;
    let mut max_uses = None;
    scan.object(&TOOL, |scan, field| {
        match field {
            "type" => is = scan.word("tools[].type")?,
            "max_uses" => max_uses = scan.whole_number("tools[].max_uses")?,
            "cache_control" => cache_control(scan, seen)?,
            _ => seen.input.text(scan)?,
        }
        Ok(())
    })?;
    let is = is.as_deref().unwrap_or("custom");
    untold::check_tool(is)?;
    count(is, max_uses, seen);
    Ok(())
}

/// Reads a tool that a message adds; one that it only names is defined elsewhere.
pub(super) fn added(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    if scan.kind()? != Kind::Object {
        return seen.input.text(scan);
    }
    scan.object(&ADDITION, |scan, field| match field {
        "definition" => read(scan, seen),
        _ => seen.input.text(scan),
    })?;
    Ok(())
}

/// Counts what only the tool's type tells. What a tool of the vendor finds goes into the input
/// while the call runs, so that nothing in the request bounds it.
fn count(is: &str, max_uses: Option<u64>, seen: &mut Seen) {
    if is == "custom" {
        return;
    }
    if DESCRIBED.iter().any(|described| is.starts_with(described)) {
        return seen.input.add_text(DESCRIPTION_BYTES);
    }
    if is.starts_with("web_search") {
        seen.searches.add(max_uses);
    }
    if is.starts_with("code_execution") {
        seen.extra_fee = Some("the time of a container that runs code has no price");
    }
    if is != PLAIN_SEARCH {
        seen.input.reread(REREADS);
    }
    seen.input.reference("what a tool of the vendor finds");
}

// === impl Searches ===

impl Searches {
    fn add(&mut self, limit: Option<u64>) {
        self.wanted = true;
        match limit {
            Some(limit) => self.limit = self.limit.saturating_add(limit),
            None => self.unlimited = true,
        }
    }

    /// The most searches there may be, where that is known.
    pub(super) fn cap(self) -> Option<u64> {
        (self.wanted && !self.unlimited).then_some(self.limit)
    }
}
