//! That a meter and a filter hold a bounded amount of memory, however long an answer is.

// WHY: clippy lets the functions of a test stop on a surprise only where it sees that they are one.
#![cfg(test)]

use std::alloc::System;

use bytes::Bytes;
use cap::Cap;
use reins_dialects::{ChatCompletions, Dialect, Head, Read, Target, dialects};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// How long an answer is, in events.
const EVENTS: usize = 20_000;

/// What a meter or a filter may hold: a few members of 64 KiB each, twice while they grow.
const HELD_BYTES_MAX: usize = 512 * 1024;

fn asked(dialect: &dyn Dialect, stream: bool) -> Read {
    let body = format!(r#"{{"model":"gpt-4o","max_tokens":9,"stream":{stream}}}"#);
    let to = Target { vendor: "vendor".into(), connection: "connection".into() };
    let head = Head { path: dialect.path(), query: None };
    dialect.read(&head, body.as_bytes()).expect("a request").bind(to)
}

/// The events that an answer may go on with for ever; the number makes each another one.
fn events(number: usize) -> [String; 9] {
    let padding = "x".repeat(300);
    let usage = format!(r#"{{"input_tokens":1,"{number}":"{padding}"}}"#);
    let event = |members: String| format!("data: {{{members}}}\n\n");
    [
        event(format!(r#""model":"m{number}","choices":[{{"text":"{padding}"}}]"#)),
        event(format!(r#""usage":{usage}"#)),
        event(format!(r#""choices":[],"usage":{{"{number}":["{padding}"]}}"#)),
        event(format!(r#""type":"message_start","message":{{"usage":{usage}}}"#)),
        event(format!(r#""type":"message_delta","usage":{usage}"#)),
        format!(": {number}{padding}\nid: {number}\n\n"),
        format!("data: {padding}{number}"),
        format!(r#"{{"usage":{{"{padding}{number}":"#),
        format!(r#"{{"{padding}{number}":["#),
    ]
}

/// The most that is held beyond what was held before, while these pieces go by.
fn most_held(pieces: impl Iterator<Item = String>, mut each: impl FnMut(&str)) -> usize {
    let before = MEMORY.allocated();
    let mut most = 0;
    for piece in pieces {
        each(&piece);
        drop(piece);
        most = most.max(MEMORY.allocated().saturating_sub(before));
    }
    most
}

// WHY: one test alone, since another one beside it would be counted as well.
#[test]
fn an_endless_answer_does_not_fill_the_memory() {
    for kind in 0..events(0).len() {
        let answer = || (0..EVENTS).map(|number| events(number)[kind].clone());
        for stream in [true, false] {
            for dialect in dialects() {
                let read = asked(&**dialect, stream);
                let mut meter = dialect.meter(&read, &read.call);
                let held = most_held(answer(), |piece| meter.feed(piece.as_bytes()));
                assert!(held <= HELD_BYTES_MAX, "{held} bytes are held of {:?}", events(0)[kind]);
                meter.finish();
            }
        }
        let mut filter = ChatCompletions
            .filter(&asked(&ChatCompletions, true))
            .expect("usage was not asked for");
        let held = most_held(answer(), |piece| drop(filter.pass(Bytes::from(piece.to_owned()))));
        assert!(held <= HELD_BYTES_MAX, "{held} bytes are held back of {:?}", events(0)[kind]);
    }
}
