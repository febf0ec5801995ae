//! What a client sees of an answer: every byte, in order, but for what tells the usage that it did
//! not ask for.

use bytes::Bytes;
use jiter::JsonValue;
use reins_dialects::{ChatCompletions, Dialect, Head, Target};

use crate::answer::{bytes, odd};
use crate::second::{Verdict, ensure, members, object, values, whole_characters};

/// A request that does not ask for the usage of its stream.
const REQUEST: &[u8] = br#"{"model":"gpt-4o-mini","stream":true}"#;

/// The spellings of the member that stands for the usage in other chunks.
const NULLS: [&str; 3] = [",\"usage\":null", ", \"usage\": null", ",\"usage\": null"];

/// All bytes pass but what may be hidden, however the answer is cut.
pub(crate) fn hides_no_more(answer: &[u8]) -> Verdict {
    let seen = shown(&[answer])?;
    for pieces in [bytes(answer), odd(answer)] {
        let cut = shown(&pieces)?;
        ensure(cut == seen, || "what is shown depends on the cuts".to_owned())?;
    }
    let mut rest = seen.as_slice();
    for event in events(answer) {
        rest = after(event, rest)?;
    }
    ensure(rest.is_empty(), || format!("out of nothing: {}", String::from_utf8_lossy(rest)))
}

fn shown(pieces: &[&[u8]]) -> Result<Vec<u8>, String> {
    let to = Target { vendor: "vendor".into(), connection: "connection".into() };
    let head = Head { path: ChatCompletions.path(), query: None };
    let asked = ChatCompletions.read(&head, REQUEST).map_err(|refusal| refusal.to_string())?;
    let read = asked.bind(to);
    let mut filter = ChatCompletions.filter(&read).ok_or("usage is not hidden at all")?;
    let mut seen = Vec::new();
    for piece in pieces {
        seen.extend_from_slice(&filter.pass(Bytes::copy_from_slice(piece)));
    }
    seen.extend_from_slice(&filter.flush());
    Ok(seen)
}

/// The answer's events, each with the blank line that ends it, if one does.
fn events(answer: &[u8]) -> Vec<&[u8]> {
    let (mut events, mut rest) = (Vec::new(), answer);
    while !rest.is_empty() {
        let (event, after) = rest.split_at(event_length(rest, events.is_empty()));
        events.push(event);
        rest = after;
    }
    events
}

/// How long the first event is. A byte order mark may stand before the first of all.
fn event_length(bytes: &[u8], first: bool) -> usize {
    let mark = if first { "\u{feff}".as_bytes() } else { b"" };
    let mut rest = bytes.strip_prefix(mark).unwrap_or(bytes);
    while let Some(length) = rest.iter().position(is_break) {
        let (_, end) = rest.split_at(length);
        rest = end.strip_prefix(b"\r\n").or(end.get(1..)).unwrap_or_default();
        if length == 0 {
            return bytes.len() - rest.len();
        }
    }
    bytes.len()
}

/// What is left of the shown bytes once this event has gone by, one way or the other.
fn after<'a>(event: &[u8], shown: &'a [u8]) -> Result<&'a [u8], String> {
    if let Some(rest) = shown.strip_prefix(event) {
        return Ok(rest);
    }
    for null in NULLS {
        let shorter = without(event, null.as_bytes());
        if let Some(rest) = shorter.and_then(|shorter| shown.strip_prefix(&*shorter)) {
            return Ok(rest);
        }
    }
    let text = String::from_utf8_lossy(event);
    ensure(tells_usage_alone(&text), || format!("hidden, or changed: {text}"))?;
    Ok(shown)
}

/// The event without a member that stands in its data once.
fn without(event: &[u8], member: &[u8]) -> Option<Vec<u8>> {
    let is_data = |at: &usize| {
        let line = event.get(..*at).and_then(|before| before.rsplit(is_break).next());
        line.is_some_and(|line| line.starts_with(b"data:"))
    };
    let places = event.windows(member.len()).enumerate().filter(|(_, part)| *part == member);
    let mut places = places.map(|(at, _)| at).filter(is_data);
    let (Some(at), None) = (places.next(), places.next()) else { return None };
    let (before, rest) = event.split_at(at);
    Some([before, rest.strip_prefix(member)?].concat())
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Whether an event is about usage. What is no JSON passes unless it looks like that as well.
fn tells_usage_alone(event: &str) -> bool {
    let lines = event.trim_start_matches('\u{feff}').split(['\r', '\n']);
    let data = lines.filter_map(|line| line.strip_prefix("data:"));
    let data = whole_characters(data.collect::<Vec<_>>().join("\n").as_bytes());
    match object(&data) {
        Ok(object) => {
            let is = |name: &str, so: fn(&JsonValue<'_>) -> bool| {
                members(&object).iter().any(|(other, value)| other == name && so(value))
            };
            is("usage", |usage| *usage != JsonValue::Null) && !is("choices", holds_something)
        }
        Err(_) => event.contains("\"usage\"") && event.contains("\"choices\""),
    }
}

fn holds_something(choices: &JsonValue<'_>) -> bool {
    !members(choices).is_empty() || !values(choices).is_empty()
}
