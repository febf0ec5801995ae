//! Requests that two servers could read in two ways: refused, or one clean request at the vendor,
//! never two.

use bytes::Bytes;
use http::HeaderMap;

use crate::rig::{Inside, KEY, Reply, Site, Speech, Tape, VENDOR_KEY, speak};

/// The path and version that a request line ends with.
const LINE: &str = "POST /v1/chat/completions HTTP/1.1";

/// A second request, hidden behind or inside the first.
fn hidden() -> String {
    let body =
        r#"{"model":"gpt-4o","max_tokens":1,"messages":[{"role":"user","content":"hidden"}]}"#;
    let length = body.len();
    format!(
        "{LINE}\r\nhost: r\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

fn body() -> String {
    String::from_utf8(Speech::OpenAi.ask(10, false).body).unwrap()
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// A request with these further lines, and this after its head.
fn request(lines: &str, after: &str) -> String {
    format!("{LINE}\r\nhost: r\r\nauthorization: Bearer {KEY}\r\n{lines}\r\n{after}")
}

/// Two lengths, or a length and chunks.
fn lengths() -> Vec<(&'static str, String)> {
    let (plain, evil) = (body(), hidden());
    let (length, chunks) = (plain.len(), chunked(&plain));
    let both = chunks.len() + evil.len();
    let sized = |line: &str| request(line, &format!("{plain}{evil}"));
    vec![
        (
            "length, then chunks",
            request(
                &format!("content-length: {both}\r\ntransfer-encoding: chunked\r\n"),
                &format!("{chunks}{evil}"),
            ),
        ),
        (
            "chunks, then a short length",
            request(
                &format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
                &format!("{chunks}{evil}"),
            ),
        ),
        (
            "two lengths",
            sized(&format!(
                "content-length: {length}\r\ncontent-length: {}\r\n",
                length + evil.len()
            )),
        ),
        ("a list of lengths", sized(&format!("content-length: {length}, {}\r\n", length + 1))),
        ("a signed length", sized(&format!("content-length: +{length}\r\n"))),
        ("a negative length", sized("content-length: -1\r\n")),
        ("a hexadecimal length", sized(&format!("content-length: 0x{length:x}\r\n"))),
        ("a length with a point", sized(&format!("content-length: {length}.0\r\n"))),
        ("a length beyond numbers", sized("content-length: 18446744073709551617\r\n")),
        ("no length", sized("content-length: \r\n")),
        ("a space before the colon", sized(&format!("content-length : {length}\r\n"))),
        ("a tab before the colon", sized(&format!("content-length\t: {length}\r\n"))),
        (
            "a folded length",
            sized(&format!("content-length: {length}\r\nx-a: b\r\n content-length: 0\r\n")),
        ),
        (
            "a folded transfer-encoding",
            request("x-a: b\r\n\ttransfer-encoding: chunked\r\n", &format!("{chunks}{evil}")),
        ),
    ]
}

/// Encodings that may or may not be chunks.
fn encodings() -> Vec<(&'static str, String)> {
    let (chunks, evil) = (chunked(&body()), hidden());
    let with = |line: &str| request(&format!("{line}\r\n"), &format!("{chunks}{evil}"));
    let mut all: Vec<(&str, String)> = [
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding: chunked\u{b}",
        "transfer-encoding: gzip",
        "transfer-encoding:",
        "transfer-encoding : chunked",
        "transfer_encoding: chunked",
        "transfer-encoding: identity\r\ntransfer-encoding: gzip",
        "xtransfer-encoding: chunked",
    ]
    .into_iter()
    .map(|line| (line, with(line)))
    .collect();
    let old = with("transfer-encoding: chunked").replacen("HTTP/1.1", "HTTP/1.0", 1);
    all.push(("chunks in HTTP/1.0", old));
    all
}

/// Chunks that two servers could cut in two ways.
fn chunks() -> Vec<(&'static str, String)> {
    let (plain, evil) = (body(), hidden());
    let size = format!("{:x}", plain.len());
    let of = |chunks: String| request("transfer-encoding: chunked\r\n", &format!("{chunks}{evil}"));
    vec![
        ("a size with 0x", of(format!("0x{size}\r\n{plain}\r\n0\r\n\r\n"))),
        ("a signed size", of(format!("+{size}\r\n{plain}\r\n0\r\n\r\n"))),
        ("a negative size", of(format!("-{size}\r\n{plain}\r\n0\r\n\r\n"))),
        ("a size beyond numbers", of(format!("f0000000000000000{size}\r\n{plain}\r\n0\r\n\r\n"))),
        ("no size", of(format!("\r\n{plain}\r\n0\r\n\r\n"))),
        ("a size with a space", of(format!("{size} 1\r\n{plain}\r\n0\r\n\r\n"))),
        ("no end of a chunk", of(format!("{size}\r\n{plain}0\r\n\r\n"))),
        ("an end with LF", of(format!("{size}\n{plain}\n0\n\n"))),
        ("a broken extension", of(format!("{size};a=\"\n\"\r\n{plain}\r\n0\r\n\r\n"))),
        ("a chunk that is cut", of(format!("ffff\r\n{plain}"))),
    ]
}

/// Heads that are no heads.
fn heads() -> Vec<(&'static str, String)> {
    let (plain, evil) = (body(), hidden());
    let length = plain.len();
    let whole = request(&format!("content-length: {length}\r\n"), &plain);
    let line = |line: &str| whole.replacen(LINE, line, 1) + &evil;
    let header = |header: &str| {
        request(&format!("{header}\r\ncontent-length: {length}\r\n"), &format!("{plain}{evil}"))
    };
    vec![
        ("a carriage return in a value", header("x-a: b\rcontent-length: 0")),
        ("a zero byte in a value", header("x-a: b\0c")),
        ("a zero byte in a name", header("x\0a: b")),
        ("a space in a name", header("x a: b")),
        ("a line without a colon", header("nothing")),
        ("a name without letters", header(": b")),
        ("a name in brackets", header("x(a): b")),
        ("a version of three", line("POST /v1/chat/completions HTTP/3.0")),
        ("a version of HTTP/0.9", line("POST /v1/chat/completions")),
        ("a version in small letters", line("POST /v1/chat/completions http/1.1")),
        ("a target with a space", line("POST /v1/chat/completions x HTTP/1.1")),
        ("a method with a bracket", line("PO[ST /v1/chat/completions HTTP/1.1")),
        ("HTTP/2 in the clear", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{evil}")),
        ("a hundred and fifty headers", header("x-a: b\r\n".repeat(150).trim_end())),
        ("a header of 300 KB", header(&format!("x-a: {}", "b".repeat(300_000)))),
    ]
}

/// What is read in one way only, however odd it is; each ends its connection.
fn clean() -> Vec<(&'static str, String)> {
    let plain = body();
    let length = plain.len();
    let close = |lines: &str| {
        request(&format!("connection: close\r\n{lines}content-length: {length}\r\n"), &plain)
    };
    let mut all: Vec<(&str, String)> = [
        "",
        "content-length: @\r\n",
        "connection: authorization\r\n",
        "connection: content-length, host, x-api-key\r\n",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n",
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQ\r\n",
        "expect: 100-continue\r\n",
        "te: trailers, chunked\r\n",
        "x-api-key: sk-stolen\r\n",
        "proxy-authorization: Basic eDp5\r\n",
        "x-reins-agent: a\r\nx-vendor: openai\r\n",
        "keep-alive: timeout=1000\r\n",
        "cookie: a=b\r\n",
    ]
    .into_iter()
    .map(|lines| (lines, close(&lines.replace('@', &length.to_string()))))
    .collect();
    let chunks = chunked(&plain);
    let trailed = chunks.replace("0\r\n\r\n", "0\r\ncontent-length: 0\r\nx-reins-agent: b\r\n\r\n");
    for (what, chunks) in [
        ("chunks", chunks.clone()),
        ("chunks with an extension", chunks.replacen("\r\n", ";a=b\r\n", 1)),
        ("chunks with trailers", trailed),
    ] {
        let lines = "connection: close\r\ntransfer-encoding: chunked\r\n";
        all.push((what, request(lines, &chunks)));
    }
    all
}

/// One clean request: our own framing, the vendor's key and nothing of the caller's connection.
fn assert_clean(what: &str, tape: &Tape, headers: &HeaderMap, body: &Bytes, expected: &str) {
    assert_eq!(body, expected, "{what}");
    assert_eq!(headers["content-type"], "application/json", "{what}");
    assert_eq!(headers["host"], tape.address.to_string(), "{what}");
    assert_eq!(headers["content-length"], expected.len().to_string(), "{what}");
    assert_eq!(headers["authorization"], format!("Bearer {VENDOR_KEY}"), "{what}");
    let single = ["host", "content-length", "content-type", "authorization"];
    assert!(single.iter().all(|name| headers.get_all(*name).iter().count() == 1), "{what}");
    let foreign = headers.keys().find(|name| {
        let name = name.as_str();
        let hop = ["connection", "transfer-encoding", "upgrade", "te", "keep-alive", "cookie"];
        let keys = ["proxy-authorization", "x-api-key", "http2-settings", "expect", "trailer"];
        let content = name.starts_with("content") && !single.contains(&name);
        hop.contains(&name) || keys.contains(&name) || name.starts_with("x-reins") || content
    });
    assert_eq!(foreign, None, "{what}");
}

async fn site() -> (Tape, Site, Inside) {
    let tape = Tape::playing(Reply::of("application/json", vec![Bytes::from("{}")])).await;
    let site = Site::bare().await;
    site.write(&(Site::head_for(tape.address) + "[server]\nbody_timeout = \"300ms\"\n"));
    let gateway = Inside::start(&site).await;
    (tape, site, gateway)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_hidden_in_another() {
    let (tape, _site, gateway) = site().await;
    let (mut refused, mut carried) = (0, 0);
    for (what, raw) in [lengths(), encodings(), chunks(), heads()].concat() {
        let said = speak(gateway.address, raw.as_bytes()).await;
        let seen = tape.seen();
        assert!(seen.len() <= 1, "{what}: the vendor saw {} requests\n{said}", seen.len());
        match seen.first() {
            Some((headers, sent)) => {
                assert_clean(what, &tape, headers, sent, &body());
                carried += 1;
            }
            None => {
                let status = said.split(' ').nth(1).unwrap_or("closed");
                let expected = ["400", "404", "411", "413", "431", "501", "505", "closed"];
                assert!(expected.contains(&status), "{what}: {said}");
                refused += 1;
            }
        }
    }
    println!(
        "smuggle: {} requests with another inside: {refused} refused, {carried} read as one clean \
         request, 0 as two",
        refused + carried
    );
    assert!(refused > 40);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_connection_stays_there() {
    let (tape, _site, gateway) = site().await;
    let requests = clean();
    for (what, raw) in &requests {
        let said = speak(gateway.address, raw.as_bytes()).await;
        let [(headers, sent)] = tape.seen().try_into().unwrap_or_else(|_| panic!("{what}: {said}"));
        assert_clean(what, &tape, &headers, &sent, &body());
        assert!(!said.starts_with("HTTP/1.1 101"), "{what}: {said}");
    }
    println!("smuggle: {} odd requests: one clean request each at the vendor", requests.len());
    gateway.stop().await;
}

/// Lines that call a body something else, or say that it is to be decoded in another way; and lines
/// that say no more than that it is JSON.
fn called() -> [Vec<&'static str>; 2] {
    let other = vec![
        "content-type: application/json; charset=utf-7",
        "content-type: application/json; charset=\"utf-16\"",
        "content-type: application/json;charset=utf-8;charset=utf-7",
        "content-type: application/json; boundary=x",
        "content-type: application/x-www-form-urlencoded",
        "content-type: multipart/form-data; boundary=x",
        "content-type: application/yaml",
        "content-type: text/plain",
        "content-type: application/json, application/yaml",
        "content-type: application/json\r\ncontent-type: application/yaml",
        "content-type: application/json\r\nContent-Type: application/json",
        "content-type: application/json\r\ncontent-encoding: gzip",
        "content-encoding: identity\r\ncontent-encoding: deflate",
        "content-encoding: identity, br",
        "content-type:",
        "content-encoding:",
    ];
    let plain = vec![
        "content-type: application/json",
        "content-type: Application/Json;charset=\"utf-8\"",
        "content-type: application/json\r\ncontent-encoding: identity",
        "content_type: application/yaml\r\ncontent_encoding: gzip",
        "content-transfer-encoding: base64\r\ncontent-range: bytes 0-1/9",
        "x-content-type-override: application/yaml\r\ncontent-language: en",
    ];
    [other, plain]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_judged_as_json_leaves_as_json_alone() {
    let (tape, _site, gateway) = site().await;
    let [other, plain] = called();
    let length = body().len();
    let raw = |lines: &str| {
        let lines = format!("connection: close\r\n{lines}\r\ncontent-length: {length}\r\n");
        request(&lines, &body())
    };
    for lines in &other {
        let said = speak(gateway.address, raw(lines).as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{lines}: {said}");
        assert!(said.contains("application/json") || said.contains("compressed"), "{said}");
        assert!(tape.seen().is_empty(), "{lines}: the vendor saw it");
    }
    for lines in &plain {
        let said = speak(gateway.address, raw(lines).as_bytes()).await;
        let [(headers, sent)] =
            tape.seen().try_into().unwrap_or_else(|_| panic!("{lines}: {said}"));
        assert_clean(lines, &tape, &headers, &sent, &body());
    }
    println!(
        "smuggle: {} bodies called otherwise than JSON: refused; {} called JSON: called no more \
         than that at the vendor",
        other.len(),
        plain.len()
    );
    gateway.stop().await;
}

/// Two requests in one write are two calls, in their order, each with its own body.
#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_two() {
    let (tape, _site, gateway) = site().await;
    let plain = body();
    let first = request(&format!("content-length: {}\r\n", plain.len()), &plain);
    let said = speak(gateway.address, (first + &hidden()).as_bytes()).await;
    let [(_, one), (_, two)] = tape.seen().try_into().unwrap();
    assert_eq!(one, plain);
    assert!(String::from_utf8_lossy(&two).contains("hidden"));
    assert_eq!(said.matches("HTTP/1.1 200").count(), 2, "{said}");
    println!("smuggle: two requests in one write: two calls, in order");
    gateway.stop().await;
}
