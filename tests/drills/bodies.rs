//! Bodies that cannot be read, or are too large, or hide what they ask for: refused, and the vendor
//! never sees them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::rig::{Ask, KEY, Outside, Site, Speech, call, get, speak};

const REST: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n[server]\nmax_body_bytes = 65536\n\
     body_timeout = \"500ms\"\n";

/// The largest body of this site, in bytes.
const CAP: usize = 65_536;

/// Bodies that are no call, or are two in one.
fn unreadable(speech: Speech) -> Vec<(&'static str, Vec<u8>)> {
    let good = String::from_utf8(speech.ask(10, false).body).unwrap();
    let model = good.split('"').nth(3).unwrap().to_owned();
    let twice = |member: &str| good.replacen('{', &format!("{{{member},"), 1).into_bytes();
    let swap = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("half", b"{\"model\":".to_vec()),
        ("no object", b"[1]".to_vec()),
        ("null", b"null".to_vec()),
        ("no members", b"{}".to_vec()),
        ("two documents", format!("{good}{good}").into_bytes()),
        ("a tail", format!("{good}x").into_bytes()),
        ("a byte order mark", format!("\u{feff}{good}").into_bytes()),
        (
            "no UTF-8",
            swap("say", "s\u{1}y").iter().map(|b| if *b == 1 { 0xff } else { *b }).collect(),
        ),
        ("a control character", swap("say", "s\u{0}y")),
        ("half a surrogate for a model", swap(&model, r"\ud800")),
        ("deep", [vec![b'['; 60_000]].concat()),
        ("deep inside", swap("\"say something\"", &"[".repeat(30_000))),
        ("no model", swap("\"model\"", "\"modell\"")),
        ("the model is a number", swap(&format!("\"{model}\""), "1")),
        ("the model is empty", swap(&model, "")),
        ("the model twice", twice("\"model\":\"tiny\"")),
        ("the model twice, once escaped", twice(r#""\u006dodel":"tiny""#)),
        ("the model twice, once all escaped", twice(r#""\u006d\u006f\u0064\u0065\u006c":"tiny""#)),
        ("the cap twice", twice("\"max_tokens\":1")),
        ("the cap twice, once escaped", twice(r#""max\u005ftokens":1"#)),
        ("stream twice", twice("\"stream\":true")),
        ("messages twice", twice("\"messages\":[]")),
        ("the cap is a text", swap("\"max_tokens\":10", "\"max_tokens\":\"10\"")),
        ("the cap is negative", swap("\"max_tokens\":10", "\"max_tokens\":-10")),
        ("the cap is no whole number", swap("\"max_tokens\":10", "\"max_tokens\":1.5")),
        ("stream is a text", swap("\"stream\":false", "\"stream\":\"yes\"")),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bodies that come compressed, or say so.
fn compressed(speech: Speech) -> Vec<Ask> {
    let ask = speech.ask(10, false);
    let bomb = vec![b' '; 32 << 20];
    let zipped = Ask { body: gzip(&ask.body), ..ask.clone() };
    let bomb = Ask { body: gzip(&bomb), ..ask.clone() };
    assert!(bomb.body.len() < CAP);
    let named = ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip"];
    let mut all: Vec<Ask> =
        named.iter().map(|name| zipped.clone().with("content-encoding", name)).collect();
    all.push(bomb.with("content-encoding", "gzip"));
    all.push(ask.with("content-encoding", "gzip"));
    all.push(zipped);
    all
}

async fn refused(gateway: &Outside, ask: &Ask, statuses: &[u16], what: &str) {
    let answer = call(gateway.address, ask).await.unwrap_or_else(|| panic!("{what}: no answer"));
    assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
    assert_eq!(answer.header("x-reins-action"), Some("block"), "{what}: the vendor said so");
    assert!(answer.json()["error"]["message"].is_string(), "{what}: {answer:?}");
}

/// Bodies that are longer than the cap, whether they say so or not. How many there were.
async fn too_long(gateway: &Outside, speech: Speech) -> usize {
    let path = speech.path();
    let long = Ask::of(path, vec![b' '; CAP + 1]);
    refused(gateway, &long, &[413], "one byte too long").await;
    let chunk = format!("{CAP:x}\r\n{}\r\n", " ".repeat(CAP));
    let head = |rest: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: r\r\nauthorization: Bearer {KEY}\r\n{rest}\r\n\r\n")
    };
    let announced = head("content-length: 99999999999\r\nconnection: close");
    let chunked = head("transfer-encoding: chunked\r\nconnection: close") + &chunk.repeat(3);
    for (raw, status) in [(announced, "413"), (chunked, "413")] {
        let said = speak(gateway.address, raw.as_bytes()).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
    }
    // Less than was announced, and then silence: refused when the time is over.
    let short = head("content-length: 100\r\nconnection: close") + "{\"model\":";
    let said = speak(gateway.address, short.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    4
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_never_reaches_a_vendor() {
    let site = Site::new(REST).await;
    let gateway = Outside::start(&site).await;
    let mut bodies = 0;
    for speech in Speech::BOTH {
        for (what, body) in unreadable(speech) {
            refused(&gateway, &Ask::of(speech.path(), body), &[400], what).await;
            bodies += 1;
        }
        for ask in compressed(speech) {
            refused(&gateway, &ask, &[400], "compressed").await;
            bodies += 1;
        }
        bodies += too_long(&gateway, speech).await;
    }
    let seen = get(site.vendor(), "/seen").await.json();
    assert_eq!(seen["seen"], Value::Array(Vec::new()), "the vendor saw something");
    assert_eq!(site.books().totals().calls, 0);
    let good = Speech::OpenAi.ask(10, false).with("content-encoding", "identity");
    assert_eq!(call(gateway.address, &good).await.unwrap().status, 200);
    println!("bodies: {bodies} that cannot be read or are too large: 400 or 413, the vendor saw 0");
}
