//! Lines and events, however they end and however they are cut.

use super::{EVENT_BYTES_MAX, Lines, Step};

/// The data of each event, and what is left over.
fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut lines = Lines::default();
    let mut events = vec![Vec::new()];
    for mut rest in pieces {
        while !rest.is_empty() {
            let (took, step) = lines.step(rest);
            match step {
                Step::Data(bytes) => events.last_mut().expect("one").extend_from_slice(bytes),
                Step::End => events.push(Vec::new()),
                Step::Error => events.last_mut().expect("one").extend_from_slice(b"!"),
                Step::Tail | Step::Other => {}
            }
            assert!(took > 0, "no step forward");
            rest = &rest[took..];
        }
    }
    events.into_iter().map(|event| String::from_utf8(event).expect("UTF-8")).collect()
}

const TABLE: [(&str, &[&str]); 15] = [
    ("data: a\n\ndata: b\n\n", &["a\n", "b\n", ""]),
    ("data:a\r\n\r\ndata:b\r\n\r\n", &["a\n", "b\n", ""]),
    ("data: a\r\rdata: b\r\r", &["a\n", "b\n", ""]),
    ("\u{feff}data: a\n\n", &["a\n", ""]),
    ("data: a\ndata:  b\ndata\ndata:\n\n", &["a\n b\n\n", ""]),
    (": comment\n\nevent: x\nid: 1\nretry: 2\ndata: a\n\n", &["", "a\n", ""]),
    ("dat: a\ndatab: b\ndata : c\n data: d\nDATA: e\n\n", &["", ""]),
    ("data: Grüße 漢字 🦀\n\n", &["Grüße 漢字 🦀\n", ""]),
    ("data: a", &["a"]),
    ("\r\n\n\rdata: a\n\r", &["", "", "", "a\n", ""]),
    ("\u{feff}\u{feff}data: a\n\n", &["", ""]),
    ("data: data: a\n\n", &["data: a\n", ""]),
    (
        "event: error\ndata: a\n\nevent:error\r\rdata: b\nevent: error\r\n\n",
        &["!a\n", "!", "b\n!", ""],
    ),
    (
        "event: erro\nevent: errors\nevent:  error\nevent: error \nevent\nevent:\nevent: \n\n",
        &["", ""],
    ),
    (
        "events: error\nEvent: error\n event: error\nid: error\nevent error\nevent: ping\n\n",
        &["", ""],
    ),
];

#[test]
fn events_end_where_the_standard_ends_them() {
    for (text, expected) in TABLE {
        assert_eq!(events([text.as_bytes()]), expected, "{text:?}");
    }
}

#[test]
fn it_does_not_matter_how_a_stream_is_cut() {
    for (text, expected) in TABLE {
        for at in 0..text.len() {
            let (before, after) = text.as_bytes().split_at(at);
            assert_eq!(events([before, after]), expected, "{text:?} cut at {at}");
        }
        assert_eq!(events(text.as_bytes().chunks(1)), expected, "{text:?} in bytes");
    }
}

#[test]
fn an_event_without_end_is_too_long_whatever_it_is_made_of() {
    for line in ["data: x\n", ": comment\n", "x", "data:\r\n", "event: y\r"] {
        let block = line.repeat(64 * 1024);
        let mut lines = Lines::default();
        let mut fed = 0;
        while !lines.is_too_long() {
            assert!(fed <= EVENT_BYTES_MAX, "`{line}` was never too long");
            let mut rest = block.as_bytes();
            while !rest.is_empty() {
                rest = &rest[lines.step(rest).0..];
            }
            fed += block.len() as u64;
        }
    }
}
