//! The output cap of a declared endpoint: read wherever the vendor reads it, and written so that
//! the vendor obeys it.

use std::ops::Range;

use reins_governor::{Call, Tokens};
use serde_json::Value;

use super::request_rules::Cap;
use crate::malformed::Malformed;
use crate::read::Places;
use crate::rewrite::Rewrite;
use crate::scan::{Kind, Scan, Scanned};

/// A place where a request may say its cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    place: Range<usize>,
    /// Which of the rule's places it is.
    index: usize,
    cap: Number,
}

/// What is said there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Null,
    /// A number below zero, by which some vendors mean that there is no limit.
    Unlimited,
    Tokens(u64),
}

/// Where the cap goes that a request does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Empty where members are put in; else a `null` that is replaced.
    pub(crate) place: Range<usize>,
    /// How many of the names that lead to the cap are there already.
    pub(crate) depth: usize,
    /// Whether other members follow.
    pub(crate) others: bool,
}

/// Reads a cap.
pub(super) fn read(scan: &mut Scan<'_>, field: &str, index: usize) -> Scanned<Said> {
    let kind = scan.kind()?;
    let start = scan.at();
    let below_zero = kind == Kind::Number && scan.is_negative_integer();
    let cap = if below_zero {
        scan.pass()?;
        Number::Unlimited
    } else {
        scan.positive(field)?.map_or(Number::Null, Number::Tokens)
    };
    Ok(Said { place: start..scan.at(), index, cap })
}

/// The cap that all places say.
pub(super) fn agreed(said: &[Said]) -> Scanned<Option<u64>> {
    let mut caps = said.iter().map(|said| said.cap).filter(|cap| *cap != Number::Null);
    let first = caps.next();
    if caps.any(|cap| Some(cap) != first) {
        let what = "the output cap is named twice, with two numbers: name it once";
        return Err(Malformed::new(what));
    }
    Ok(match first {
        Some(Number::Tokens(tokens)) => Some(tokens),
        Some(Number::Unlimited | Number::Null) | None => None,
    })
}

/// Writes the cap of `call` to every place that says one, else to its own.
pub(super) fn write(rewrite: &mut Rewrite, rule: &Cap, places: &Places, call: &Call) {
    let Some(cap) = call.output_cap.map(Tokens::get) else { return };
    let mut written = false;
    for said in places.caps.iter().filter(|said| said.cap != Number::Null) {
        written = true;
        if said.cap != Number::Tokens(cap) {
            rewrite.replace(&said.place, cap.to_string());
        }
    }
    if written {
        return;
    }
    match places.caps.iter().find(|said| said.index == 0) {
        Some(null) => rewrite.replace(&null.place, cap.to_string()),
        None => rewrite.replace(&places.gap.place, missing(rule, &places.gap, cap)),
    }
}

/// The members that are missing on the way to the cap, with it.
fn missing(rule: &Cap, gap: &Gap, cap: u64) -> String {
    let names = rule.names.get(gap.depth..).unwrap_or_default();
    let mut text = cap.to_string();
    for (name, outermost) in names.iter().rev().zip((0..names.len()).rev()) {
        text = format!("{}:{text}", Value::from(&**name));
        if outermost > 0 || !gap.place.is_empty() {
            text = format!("{{{text}}}");
        }
    }
    if gap.others { format!("{text},") } else { text }
}
