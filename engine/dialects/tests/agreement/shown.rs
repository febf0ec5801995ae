//! What a client sees of an answer: every byte, in order, but for what tells the usage that it did
//! not ask for.

use bytes::Bytes;
use jiter::JsonValue;
use reins_dialects::{Dialect, OpenAi, Target};

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
    let read = OpenAi.read(REQUEST, &to).map_err(|refusal| refusal.to_string())?;
    let mut filter = OpenAi.filter(&read).ok_or("usage is not hidden at all")?;
    let mut seen = Vec::new();
    for piece in pieces {
        seen.extend_from_slice(&filter.pass(Bytes::copy_from_slice(piece)));
    }
    seen.extend_from_slice(&filter.flush());
    Ok(seen)
}

/// The answer's events, blank line included, or what stands at its end without one.
fn events(answer: &[u8]) -> Vec<&[u8]> {
    let mut events = Vec::new();
    let (mut start, mut line, mut at) = (0, 0, 0);
    while at < answer.len() {
        let end = line_end(answer, at);
        if end > 0 {
            let text = &answer[line..at];
            let mark = line == 0 && text == "\u{feff}".as_bytes();
            if text.is_empty() || mark {
                events.push(&answer[start..at + end]);
                start = at + end;
            }
            line = at + end;
        }
        at += end.max(1);
    }
    events.push(&answer[start..]);
    events
}

/// How many bytes the end of a line has that stands here.
fn line_end(answer: &[u8], at: usize) -> usize {
    match (answer.get(at), answer.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\r' | b'\n'), _) => 1,
        _ => 0,
    }
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

/// The event without a member that stands in it once.
fn without(event: &[u8], member: &[u8]) -> Option<Vec<u8>> {
    let mut places = event.windows(member.len()).enumerate().filter(|(_, part)| *part == member);
    let (Some((at, _)), None) = (places.next(), places.next()) else { return None };
    let (before, rest) = event.split_at(at);
    Some([before, rest.strip_prefix(member)?].concat())
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
