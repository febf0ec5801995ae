//! What a client sees of a stream whose usage it did not ask for.

use bytes::Bytes;

use super::answers::openai;
use super::asked;
use crate::{ChatCompletions, Dialect, Messages};

/// What a client sees of a stream.
fn filtered<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut filter =
        ChatCompletions.filter(&asked(&ChatCompletions, true)).expect("usage was not asked for");
    let mut seen = Vec::new();
    for piece in pieces {
        seen.extend_from_slice(&filter.pass(Bytes::copy_from_slice(piece)));
    }
    seen.extend_from_slice(&filter.flush());
    seen
}

#[test]
fn a_client_that_did_not_ask_sees_nothing_of_usage() {
    for answer in openai().iter().filter(|answer| answer.stream) {
        for (from, to) in [("\n", "\n"), ("\n", "\r\n"), ("\n", "\r")] {
            let text =
                String::from_utf8_lossy(answer.bytes).replace("\r\n", "\n").replace(from, to);
            let blank = to.repeat(2);
            let events = text.split_inclusive(&blank);
            let shown: String = events
                .filter(|event| !event.contains(r#""choices":[],"usage":{"#))
                .map(|event| event.replace(r#","usage":null"#, ""))
                .collect();
            let shown = shown.into_bytes();
            for at in 0..=text.len() {
                let (before, after) = text.as_bytes().split_at(at);
                assert!(filtered([before, after]) == shown, "{text} cut at {at}");
            }
            assert_eq!(filtered(text.as_bytes().chunks(1)), shown);
        }
    }
}

#[test]
fn what_is_no_member_of_the_data_passes_unchanged() {
    for text in [
        "data: {\"choices\":[{}],\r\n\"usage\":null}\n\n",
        "data: {\"choices\":[{}],\n\"usage\":null,\"more\":\"xx\"}\n\n",
        "data: {\"choices\":[{}]}\n,\"usage\":null\n\n",
        "data: {\"choices\":[{}],\"usage\":\nnull}\n\n",
    ] {
        let seen = filtered([text.as_bytes()]);
        assert_eq!(String::from_utf8_lossy(&seen), text);
    }
    let spaced = "data: {\"choices\":[{}], \"usage\": null}\n\n";
    assert_eq!(filtered([spaced.as_bytes()]), b"data: {\"choices\":[{}]}\n\n");
}

#[test]
fn a_chunk_of_usage_without_an_end_is_hidden_as_well() {
    let chunk = b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n";
    assert_eq!(filtered([&chunk[..]]), b"");
}

#[test]
fn an_event_that_is_too_long_to_hold_back_passes_as_it_comes() {
    let mut filter =
        ChatCompletions.filter(&asked(&ChatCompletions, true)).expect("usage was not asked for");
    let block = Bytes::from(vec![b'x'; 1 << 20]);
    assert!(filter.pass(Bytes::from_static(b"data: \"")).is_empty());
    assert_eq!(filter.pass(block.clone()).len(), 7 + (1 << 20));
    assert_eq!(filter.pass(block.clone()), block);
    assert_eq!(filter.pass(Bytes::from_static(b"\"\n\n")), &b"\"\n\n"[..]);
    assert!(filter.flush().is_empty());
}

#[test]
fn whoever_asked_for_usage_sees_every_byte() {
    let asks = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    assert!(ChatCompletions.filter(&super::read(&ChatCompletions, asks)).is_none());
    assert!(ChatCompletions.filter(&asked(&ChatCompletions, false)).is_none());
    assert!(Messages.filter(&asked(&Messages, true)).is_none());
}
