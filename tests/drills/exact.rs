//! Bytes that pass: what one end sends is what the other end gets, to the last byte, both ways.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;

use crate::rig::{Ask, Fixture, Inside, Reply, Site, Speech, Tape, call, fixtures};

/// Sizes of the pieces that a body is cut into, in turn: none respects an event or a character.
const ODD: [usize; 6] = [1, 3, 2, 5, 7, 64];

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

fn sha(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn in_odd_pieces(mut bytes: Bytes) -> Vec<Bytes> {
    let mut sizes = ODD.into_iter().cycle();
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let size = sizes.next().unwrap().min(bytes.len());
        pieces.push(bytes.split_to(size));
    }
    pieces
}

/// A request with all the liberties that JSON has.
fn unusual(speech: Speech, stream: bool) -> Ask {
    let plain = String::from_utf8(speech.ask(4096, stream).body).unwrap();
    let odd = plain
        .replacen("say something", r#"\u00e9 é \ud83d\ude00 😀 \/ \"quoted\" \n\t"#, 1)
        .replacen('{', "\r\n{ \t\"metadata\" : {\"a\":[1e-7,-0.0,1E400]} ,", 1)
        .replacen("\"messages\":[", "\"messages\"\n:\n[ ", 1);
    Ask::of(speech.path(), odd + "\n\n")
}

/// How a fixture can come over the wire.
fn ways(fixture: &Fixture) -> Vec<(bool, Vec<Bytes>)> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&fixture.bytes).unwrap();
    let zipped: Bytes = encoder.finish().unwrap().into();
    let whole = vec![fixture.bytes.clone()];
    vec![
        (false, whole),
        (false, in_odd_pieces(fixture.bytes.clone())),
        (true, vec![zipped.clone()]),
        (true, in_odd_pieces(zipped)),
    ]
}

async fn pass(tape: &Tape, gateway: &Inside, fixture: &Fixture, zipped: bool, pieces: Vec<Bytes>) {
    let kind = if fixture.stream { "text/event-stream; charset=utf-8" } else { "application/json" };
    let sent: Vec<u8> = pieces.concat();
    let mut reply = Reply::of(kind, pieces);
    reply.headers.push(("x-ratelimit-remaining-tokens", "149984".to_owned()));
    if zipped {
        reply.headers.push(("content-encoding", "gzip".to_owned()));
    }
    tape.play(reply);
    let ask = unusual(fixture.speech, fixture.stream);
    let answer = call(gateway.address, &ask).await.unwrap();
    let what = format!("{}, zipped: {zipped}", fixture.name);
    assert_eq!((answer.status, answer.whole), (200, true), "{what}");
    assert_eq!(answer.headers["x-ratelimit-remaining-tokens"], "149984", "{what}");
    assert_eq!(sha(&answer.body), sha(&sent), "{what}: the answer changed");
    let [(_, body)] = tape.seen().try_into().unwrap();
    assert_eq!(sha(&body), sha(&ask.body), "{what}: the request changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_answer_passes_byte_for_byte() {
    let tape = Tape::playing(Reply::stream(Vec::new())).await;
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGET}", Site::head_for(tape.address)));
    let gateway = Inside::start(&site).await;
    let (mut answers, mut bytes) = (0, 0);
    for fixture in fixtures() {
        for (zipped, pieces) in ways(&fixture) {
            bytes += pieces.iter().map(Bytes::len).sum::<usize>();
            pass(&tape, &gateway, &fixture, zipped, pieces).await;
            answers += 1;
        }
    }
    println!("exact: {answers} answers, {bytes} bytes: SHA-256 equal at both ends, both ways");
    assert!(answers >= 64);
    gateway.stop().await;
}

/// Where a client does not ask for usage, Reins does, and hides what the client did not ask for.
#[tokio::test(flavor = "multi_thread")]
async fn usage_that_only_reins_asked_for_is_hidden() {
    let fixture = fixtures().into_iter().find(|f| f.name == "openai/stream.sse").unwrap();
    let tape = Tape::playing(Reply::stream(in_odd_pieces(fixture.bytes.clone()))).await;
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGET}", Site::head_for(tape.address)));
    let gateway = Inside::start(&site).await;
    let plain = String::from_utf8(Speech::OpenAi.ask(4096, true).body).unwrap();
    let silent = plain.replacen(r#","stream_options":{"include_usage":true}"#, "", 1);
    assert_ne!(plain, silent);
    let ask = Ask::of(Speech::OpenAi.path(), silent.clone());
    let answer = call(gateway.address, &ask).await.unwrap();
    let [(_, body)] = tape.seen().try_into().unwrap();
    let sent = String::from_utf8(body.to_vec()).unwrap();
    let asking = r#""stream_options":{"include_usage":true},"#;
    assert_eq!(sent.replacen(asking, "", 1), silent, "{sent}");
    let whole = String::from_utf8(fixture.bytes.to_vec()).unwrap();
    let events = whole.split_inclusive("\n\n").filter(|event| !event.contains(r#""choices":[]"#));
    let kept = events.collect::<String>().replace(r#","usage":null"#, "");
    assert!(kept.len() < whole.len());
    assert_eq!(String::from_utf8_lossy(&answer.body), kept);
    println!(
        "exact: a client that asks for no usage: one member more goes out, none of it comes back"
    );
    gateway.stop().await;
}
