//! Prompts of endpoints that take no messages: a text, a list of texts, the ids of tokens, or a
//! list of lists of ids. A number is one token.

use crate::input::Input;
use crate::scan::{Kind, Scan, Scanned};

/// What such a prompt cannot be known by its size for.
const UNKNOWN: &str = "an input that is neither a text nor the ids of tokens";

/// Reads a prompt and counts it, and how many prompts it is.
pub(super) fn read(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    match scan.kind()? {
        Kind::List => list(scan, input),
        Kind::Null => scan.pass().map(drop),
        Kind::String => one(scan, input),
        Kind::Object | Kind::Number | Kind::Flag => unknown(scan, input),
    }
}

/// Texts and lists are a prompt each; ids side by side are one.
fn list(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    let mut has_ids = false;
    scan.list(|scan| match scan.kind()? {
        Kind::String => one(scan, input),
        Kind::List => ids(scan, input),
        Kind::Number => {
            has_ids = true;
            id(scan, input)
        }
        Kind::Object | Kind::Flag | Kind::Null => unknown(scan, input),
    })?;
    if has_ids {
        input.prompt();
    }
    Ok(())
}

fn one(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    input.prompt();
    input.said(scan)
}

fn ids(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    input.prompt();
    scan.list(|scan| match scan.kind()? {
        Kind::Number => id(scan, input),
        Kind::Object | Kind::List | Kind::String | Kind::Flag | Kind::Null => unknown(scan, input),
    })
}

fn id(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    scan.pass()?;
    input.add_text(1);
    Ok(())
}

fn unknown(scan: &mut Scan<'_>, input: &mut Input) -> Scanned<()> {
    input.prompt();
    input.reference(UNKNOWN);
    input.text(scan)
}
