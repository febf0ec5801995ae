//! One message of a chat: how much it puts in.

use std::borrow::Cow;

use crate::input::{Input, base64_bytes, passed_value};
use crate::scan::{Fields, Kind, Scan, Scanned};

const MESSAGE: Fields = Fields { within: "messages[].", names: &["role", "content", "audio"] };

const PART: Fields = Fields {
    within: "messages[].content[].",
    names: &["type", "text", "refusal", "image_url", "input_audio", "file"],
};

const AUDIO: Fields =
    Fields { within: "messages[].content[].input_audio.", names: &["data", "format"] };

const FILE: Fields = Fields {
    within: "messages[].content[].file.",
    names: &["file_id", "file_data", "file_url", "filename"],
};

/// Pages of documents that `OpenAI` takes in one request.
const PAGES_MAX: u64 = 100;

/// Reads a message and counts it.
pub(super) fn read(scan: &mut Scan<'_>, input: &mut Input, tool_results: &mut u64) -> Scanned<()> {
    input.part();
    let mut role = None;
    scan.must_be_object("messages[]", &MESSAGE, |scan, field| {
        match field {
            "role" => role = scan.word("messages[].role")?,
            "content" => content(scan, input)?,
            "audio" => input.referring(scan, "the id of an earlier audio answer")?,
            _ => input.text(scan)?,
        }
        Ok(())
    })?;
    if matches!(role.as_deref(), Some("tool" | "function")) {
        *tool_results = tool_results.saturating_add(1);
    }
    Ok(())
}

fn content(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    match scan.kind()? {
        Kind::List => scan.list(|scan| part(scan, input)),
        _ => input.said(scan),
    }
}

fn part(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    input.part();
    if scan.kind()? == Kind::String {
        return input.text(scan);
    }
    let mut is: Option<Cow<'_, str>> = None;
    scan.must_be_object("messages[].content[]", &PART, |scan, field| {
        match field {
            "type" => is = scan.word("messages[].content[].type")?,
            "text" => input.said(scan)?,
            "image_url" => image(scan, input)?,
            "input_audio" => audio(scan, input)?,
            "file" => file(scan, input)?,
            _ => input.text(scan)?,
        }
        Ok(())
    })?;
    match is.as_deref() {
        Some("text" | "refusal" | "image_url" | "input_audio" | "file") => {}
        _ => input.reference("a part of a message whose type is not known"),
    }
    Ok(())
}

fn image(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    if passed_value(scan)?.is_some() {
        input.image();
    }
    Ok(())
}

fn audio(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    let audio = "messages[].content[].input_audio";
    scan.object_or_null(audio, &AUDIO, |scan, field| {
        match field {
            "data" => input.audio(base64_bytes(scan.pass()?.text_bytes)),
            _ => input.text(scan)?,
        }
        Ok(())
    })?;
    Ok(())
}

fn file(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    scan.object_or_null("messages[].content[].file", &FILE, |scan, field| {
        match field {
            "file_id" => input.referring(scan, "file_id")?,
            "file_url" => input.referring(scan, "file_url")?,
            "file_data" => file_data(scan, input)?,
            _ => input.text(scan)?,
        }
        Ok(())
    })?;
    Ok(())
}

/// Base64, or at some vendors a URL.
fn file_data(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    if scan.kind()? != Kind::String {
        return input.text(scan);
    }
    let text = scan.string()?;
    if text.written.starts_with("\"data:") || !text.written.contains(':') {
        input.document(base64_bytes(text.bytes()), PAGES_MAX);
    } else {
        input.reference("the URL of a file");
    }
    Ok(())
}
