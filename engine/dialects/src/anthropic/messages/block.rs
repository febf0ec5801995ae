//! One block of content: how much it puts in.

use std::borrow::Cow;

use super::seen::Seen;
use super::tool;
use crate::input::{base64_bytes, passed_value};
use crate::scan::{Fields, Kind, Scan, Scanned};

const BLOCK: Fields = Fields {
    within: "content[].",
    names: &["type", "text", "source", "content", "file_id", "cache_control", "tool"],
};

const SOURCE: Fields = Fields {
    within: "content[].source.",
    names: &["type", "media_type", "data", "content", "url", "file_id"],
};

const CACHE_CONTROL: Fields = Fields { within: "cache_control.", names: &["type", "ttl"] };

/// Pages of documents that Anthropic takes in one request.
const PAGES_MAX: u64 = 600;

/// Where a block has its content from.
#[derive(Debug, Default)]
struct Source<'a> {
    is: Option<Cow<'a, str>>,
    data_bytes: u64,
    reference: Option<&'static str>,
}

/// Reads a text, a list of blocks, or a single block.
pub(super) fn content(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    match scan.kind()? {
        Kind::List => scan.list(|scan| block(scan, seen)),
        Kind::Object => block(scan, seen),
        _ => seen.input.text(scan),
    }
}

fn block(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    seen.input.part();
    if scan.kind()? != Kind::Object {
        return seen.input.text(scan);
    }
    let mut is: Option<Cow<'_, str>> = None;
    let mut from = Source::default();
    scan.object(&BLOCK, |scan, field| {
        match field {
            "type" => is = scan.word("content[].type")?,
            "source" => from = source(scan, seen)?,
            "content" => content(scan, seen)?,
            "file_id" => seen.input.referring(scan, "file_id")?,
            "cache_control" => cache_control(scan, seen)?,
            "tool" => tool::added(scan, seen)?,
            _ => seen.input.text(scan)?,
        }
        Ok(())
    })?;
    count(is.as_deref().unwrap_or_default(), &from, seen);
    Ok(())
}

/// Counts what only the block's type tells.
fn count(is: &str, from: &Source<'_>, seen: &mut Seen) {
    match is {
        "image" => seen.input.image(),
        "document" => document(from, seen),
        "tool_result" => {
            seen.tool_results = seen.tool_results.saturating_add(1);
            seen.input.add_text(from.data_bytes);
        }
        _ if is_text(is) => seen.input.add_text(from.data_bytes),
        _ => {
            seen.input.add_text(from.data_bytes);
            seen.input.reference("a block of content whose type is not known");
        }
    }
}

/// Whether such a block holds nothing but what stands in the request.
fn is_text(is: &str) -> bool {
    const TEXT: [&str; 5] = ["text", "thinking", "redacted_thinking", "search_result", "tool_use"];
    const ENDINGS: [&str; 5] =
        ["_tool_use", "_tool_result", "_search_result", "tool_reference", "_result_error"];
    TEXT.contains(&is) || ENDINGS.iter().any(|ending| is.ends_with(ending))
}

fn document(from: &Source<'_>, seen: &mut Seen) {
    match (from.is.as_deref(), from.reference) {
        (_, Some(reference)) => seen.input.reference(reference),
        (Some("text"), None) => seen.input.add_text(from.data_bytes),
        (Some("content"), None) => {}
        _ => seen.input.document(base64_bytes(from.data_bytes), PAGES_MAX),
    }
}

fn source<'a>(scan: &mut Scan<'a>, seen: &mut Seen) -> Scanned<Source<'a>> {
    let mut source = Source::default();
    if scan.kind()? != Kind::Object {
        seen.input.text(scan)?;
        return Ok(source);
    }
    scan.object(&SOURCE, |scan, field| {
        match field {
            "type" => source.is = scan.word("content[].source.type")?,
            "data" => source.data_bytes = scan.pass()?.text_bytes,
            "content" => content(scan, seen)?,
            "url" => source.refers(scan, "the URL of a document")?,
            "file_id" => source.refers(scan, "file_id")?,
            _ => seen.input.text(scan)?,
        }
        Ok(())
    })?;
    Ok(source)
}

/// Reads how long something is cached.
pub(super) fn cache_control(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    scan.object_or_null("cache_control", &CACHE_CONTROL, |scan, field| {
        match field {
            "ttl" => {
                let ttl = scan.word("cache_control.ttl")?;
                seen.hour_cache |= ttl.is_some_and(|ttl| ttl != "5m");
            }
            _ => {
                scan.pass()?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

// === impl Source ===

impl Source<'_> {
    /// Passes over a value that refers to something, unless it is `null`.
    fn refers(&mut self, scan: &mut Scan<'_>, what: &'static str) -> Scanned<()> {
        if passed_value(scan)?.is_some() {
            self.reference.get_or_insert(what);
        }
        Ok(())
    }
}
