//! Streams that never end a line, or end it oddly: every byte passes, memory stays flat, and where
//! no usage can be read the charge is presumed.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use crate::rig::{
    Inside, Kept, Outside, Reply, Site, Speech, Tape, Wire, call, nanos, sized, until,
};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

/// Bytes of one piece.
const PIECE: usize = 64 * 1024;
/// How much memory a stream of any length may take, in KiB.
const MEMORY_KIB: u64 = 16 * 1024;

/// A stream that begins with `start`, goes on with one letter for so many pieces, and ends.
fn long(start: &'static str, letter: u8, pieces: usize) -> Reply {
    let piece = Bytes::from(vec![letter; PIECE]);
    let mut reply = Reply::stream(Vec::new());
    reply.pieces = Arc::new(move |index| match index {
        0 => Some(Bytes::from(start)),
        index if index <= pieces => Some(piece.clone()),
        _ => None,
    });
    reply
}

/// What a client reads of such a stream: its hash and length, and the most memory meanwhile.
async fn read(gateway: &Outside) -> (String, usize, u64, String) {
    let mut wire = Wire::open(gateway.address).await.unwrap();
    let (head, mut body) = wire.send(&Speech::OpenAi.ask(100, true)).await.unwrap().into_parts();
    let id = head.headers["x-reins-transaction-id"].to_str().unwrap().to_owned();
    let (mut hash, mut length, mut most, mut weighed) = (Sha256::new(), 0, 0, 0);
    while let Some(frame) = body.frame().await {
        let bytes = frame.unwrap().into_data().unwrap();
        hash.update(&bytes);
        length += bytes.len();
        if length - weighed > 1 << 20 {
            weighed = length;
            most = most.max(gateway.memory_kib());
        }
    }
    (hex::encode(hash.finalize()), length, most, id)
}

fn expected(start: &str, letter: u8, pieces: usize) -> (String, usize) {
    let piece = vec![letter; PIECE];
    let mut hash = Sha256::new();
    hash.update(start);
    (0..pieces).for_each(|_| hash.update(&piece));
    (hex::encode(hash.finalize()), start.len() + pieces * PIECE)
}

async fn pass(name: &str, start: &'static str, letter: u8) {
    let pieces = sized(64 << 20, 1 << 30) / PIECE;
    let tape = Tape::playing(Reply::stream(vec![Bytes::from("data: [DONE]\n\n")])).await;
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGET}", Site::head_for(tape.address)));
    let gateway = Outside::start(&site).await;
    for _ in 0..20 {
        read(&gateway).await;
    }
    let before = gateway.memory_kib();
    tape.play(long(start, letter, pieces));
    let (hash, length, most, id) = read(&gateway).await;
    assert_eq!((hash, length), expected(start, letter, pieces), "{name}");
    let kept = Kept::of(&site);
    let ended = async || kept.record(&id).await.is_some_and(|record| !record["ended_at"].is_null());
    until("the call has ended", ended).await;
    let record = kept.record(&id).await.unwrap();
    println!(
        "endless: {name}: {} MiB, SHA-256 equal, memory {} KiB before, at most {} KiB more, {}",
        length >> 20,
        before,
        most.saturating_sub(before),
        record["accuracy"]
    );
    assert_eq!(record["accuracy"], "presumed", "{record}");
    assert_eq!(record["cost"]["total"], record["held"], "{record}");
    assert!(most < before + MEMORY_KIB, "{name}: {before} KiB grew to {most} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_line_end_passes() {
    pass("one endless event", "data: {\"choices\":[{\"delta\":{\"content\":\"", b'x').await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_nothing_but_line_ends_passes() {
    pass("nothing but line ends", "data: {}\n\n", b'\n').await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_nothing_but_colons_passes() {
    pass("one endless comment", ":", b':').await;
}

/// Carriage returns alone, characters cut in two, a byte order mark.
#[tokio::test(flavor = "multi_thread")]
async fn odd_line_ends_and_cut_characters_pass() {
    let event = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}")
    };
    let usage = "data: {\"model\":\"gpt-4o\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\
                 \"completion_tokens\":7}}";
    let texts = ["é漢🦀", "\u{2028}", "\\r\\n"].map(event).to_vec();
    let lines = [texts, vec![usage.to_owned(), "data: [DONE]".to_owned()]].concat();
    let tape = Tape::playing(Reply::stream(Vec::new())).await;
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGET}", Site::head_for(tape.address)));
    let gateway = Inside::start(&site).await;
    let mut streams = 0;
    for (begin, end) in [("", "\r\r"), ("", "\r\n\r\n"), ("\u{feff}", "\n\n"), ("\r", "\n\r")] {
        let whole = format!("{begin}{}{end}", lines.join(end)).into_bytes();
        for size in [1, 2, 3, whole.len()] {
            let pieces: Vec<Bytes> = whole.chunks(size).map(Bytes::copy_from_slice).collect();
            tape.play(Reply::stream(pieces));
            let answer = call(gateway.address, &Speech::OpenAi.ask(100, true)).await.unwrap();
            assert_eq!(answer.body, whole, "{end:?} in pieces of {size}");
            let kept = gateway.kept(&site).await;
            let record = kept.record(answer.id().unwrap()).await.unwrap();
            let charged = nanos(&record["cost"]["total"]);
            let exact = 9 * 2_500 + 7 * 10_000;
            assert!(charged >= exact, "{end:?} in pieces of {size}: {record}");
            streams += 1;
        }
    }
    println!("endless: {streams} streams with odd line ends and cut characters: bytes unchanged");
    gateway.stop().await;
}
