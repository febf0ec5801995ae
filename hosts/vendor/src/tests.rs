//! Whole calls over TCP: what a client reads, and what the books say afterwards.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bill::usd_text;
use crate::books::{End, Entry};
use crate::{Options, Vendor, serve};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

async fn vendor() -> Vendor {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve(listener, Options::default()).unwrap()
}

async fn send(vendor: &Vendor, path: &str, script: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(vendor.address()).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: vendor\r\nauthorization: Bearer k\r\nconnection: close\r\n\
         x-test-script: {script}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// The response as bytes on the wire, up to the connection's end.
async fn post(vendor: &Vendor, path: &str, script: &str, body: &str) -> String {
    let mut response = Vec::new();
    send(vendor, path, script, body).await.read_to_end(&mut response).await.unwrap();
    String::from_utf8_lossy(&response).into_owned()
}

fn chat(members: &str) -> String {
    format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"eight by"}}]{members}}}"#)
}

fn message(members: &str) -> String {
    format!(
        r#"{{"model":"claude-opus-5","max_tokens":50,"messages":[{{"role":"user","content":"eight by"}}]{members}}}"#
    )
}

fn last(vendor: &Vendor) -> Entry {
    vendor.books().last(1).pop().unwrap()
}

#[tokio::test]
async fn a_whole_answer_says_what_the_books_say() {
    let vendor = vendor().await;
    let answer = post(&vendor, CHAT, "output=30 reasoning=2 cached=4", &chat("")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    for expected in [
        r#""prompt_tokens":8,"completion_tokens":32,"total_tokens":40"#,
        r#""cached_tokens":4"#,
        r#""reasoning_tokens":2"#,
        r#""model": "gpt-4o-2024-08-06""#,
    ] {
        assert!(answer.contains(expected), "{answer}");
    }
    // 4 × 2.5 + 4 × 1.25 + 32 × 10 = 335 per million
    let totals = vendor.books().totals();
    assert_eq!((totals.calls, totals.billed, totals.open), (1, 1, 0));
    assert_eq!(usd_text(totals.exact_usd), "0.000335000");
    assert_eq!(totals.rounded_nanos(), 335_000);
    assert_eq!(last(&vendor).end, End::Complete);
}

#[tokio::test]
async fn usage_is_streamed_only_to_those_who_ask() {
    let vendor = vendor().await;
    let silent = post(&vendor, CHAT, "chunks=3", &chat(r#","stream":true"#)).await;
    assert_eq!(silent.matches("data: ").count(), 1 + 3 + 1 + 1, "{silent}");
    assert!(!silent.contains("usage"));
    let asked = chat(r#","stream":true,"stream_options":{"include_usage":true}"#);
    let told = post(&vendor, CHAT, "chunks=3", &asked).await;
    assert_eq!(told.matches(r#""usage":null"#).count(), 5, "{told}");
    assert_eq!(told.matches(r#""choices":[],"usage":{"prompt_tokens":8"#).count(), 1, "{told}");
    assert!(told.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"), "{told}");
    assert_eq!(vendor.books().totals().tokens.output, 40);
}

#[tokio::test]
async fn a_message_stream_starts_with_a_placeholder_and_ends_with_the_sum() {
    let vendor = vendor().await;
    let script = "chunks=2 output=9 input=100 cached=30 cache_write=20";
    let stream = post(&vendor, MESSAGES, script, &message(r#","stream":true"#)).await;
    let events: Vec<_> = stream.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let expected = "message_start content_block_start ping content_block_delta \
                    content_block_delta content_block_stop message_delta message_stop";
    assert_eq!(events.join(" "), expected);
    assert!(stream.contains(r#""output_tokens":1,"service_tier""#), "{stream}");
    let prompt =
        r#""input_tokens":50,"cache_creation_input_tokens":20,"cache_read_input_tokens":30"#;
    assert!(stream.contains(&format!(r#"{{{prompt},"output_tokens":9}}"#)), "{stream}");
    // 50 × 5 + 30 × 0.5 + 20 × 6.25 + 9 × 25 = 615 per million
    assert_eq!(usd_text(last(&vendor).exact_usd), "0.000615000");
}

#[tokio::test]
async fn a_cut_stream_is_billed_up_to_the_cut() {
    let vendor = vendor().await;
    let stream = chat(r#","stream":true"#);
    let cut = post(&vendor, CHAT, "output=10 chunks=10 cut=4", &stream).await;
    assert_eq!(cut.matches("data: ").count(), 4, "{cut}");
    assert!(!cut.ends_with("0\r\n\r\n"), "{cut}");
    assert_eq!((last(&vendor).end, last(&vendor).usage.output), (End::Cut, 3));
}

#[tokio::test]
async fn an_answer_may_fail_after_its_head() {
    let vendor = vendor().await;
    let stream = chat(r#","stream":true"#);
    for (path, script, body, shown, billed) in [
        (CHAT, "error=0", &*chat(""), r#"{"error":{"#, None),
        (CHAT, "error=1", &*stream, "data: {\"error\":", None),
        (CHAT, "error=4 output=10 chunks=10", &*stream, "data: {\"error\":", Some(3)),
        (MESSAGES, "error=0", &*message(""), "overloaded_error", None),
        (MESSAGES, "error=1", &*message(r#","stream":true"#), "event: error\ndata: {", None),
        (MESSAGES, "error=0 bill=input", &*message(r#","stream":true"#), "event: error", Some(0)),
        (CHAT, "empty", &*chat(""), "content-length: 0", None),
    ] {
        vendor.books().reset();
        let answer = post(&vendor, path, script, body).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{script}: {answer}");
        assert!(answer.contains(shown) && !answer.contains("[DONE]"), "{script}: {answer}");
        let entry = vendor.books().last(1).pop();
        assert_eq!(entry.map(|entry| entry.usage.output), billed, "{script}: {answer}");
    }
}

#[tokio::test]
async fn counts_may_come_twice() {
    let vendor = vendor().await;
    let asked = chat(r#","stream":true,"stream_options":{"include_usage":true}"#);
    for (path, script, body, shown) in [
        (CHAT, "usage=twice", &*chat(""), r#""completion_tokens":0}"#),
        (CHAT, "usage=twice_escaped", &*asked, r#""completion\u005ftokens":0}"#),
        (MESSAGES, "usage=twice", &*message(""), r#""output_tokens":0}"#),
        (CHAT, "usage=falling", &*asked, r#""usage":{"prompt_tokens":0,"completion_tokens":0"#),
        (MESSAGES, "usage=falling", &*message(r#","stream":true"#), r#""output_tokens":0}"#),
    ] {
        let answer = post(&vendor, path, script, body).await;
        assert!(answer.contains(shown), "{script}: {answer}");
        assert_eq!(last(&vendor).usage.output, 20, "{script}");
    }
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let vendor = vendor().await;
    for (script, billed) in [("reset=before", 0), ("reset=before bill=1", 1), ("reset=mid", 2)] {
        let mut stream = send(&vendor, CHAT, script, &chat("")).await;
        let fault = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::ConnectionReset, "{script}");
        assert_eq!(vendor.books().totals().billed, billed, "{script}");
    }
}

#[tokio::test]
async fn leaving_early_saves_nothing_unless_the_vendor_stops() {
    let vendor = vendor().await;
    for (script, output) in [("gap_ms=3600000", 20), ("gap_ms=3600000 stop_on_close=1", 0)] {
        let mut stream = send(&vendor, CHAT, script, &chat(r#","stream":true"#)).await;
        stream.read_exact(&mut [0]).await.unwrap();
        drop(stream);
        while vendor.books().totals().open > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!((last(&vendor).end, last(&vendor).usage.output), (End::ClientLeft, output));
    }
}

#[tokio::test]
async fn a_message_may_carry_the_script_and_fail_only_at_first() {
    let vendor = vendor().await;
    let body = chat("").replace("eight by", "[[script: status=529 fail_times=1 id=a]]");
    for status in ["529", "200", "200"] {
        let mut stream = TcpStream::connect(vendor.address()).await.unwrap();
        let length = body.len();
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: v\r\nx-api-key: k\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, format!("HTTP/1.1 {status}").as_bytes());
    }
    assert_eq!((vendor.books().totals().refused, vendor.books().totals().billed), (1, 2));
    assert_eq!(last(&vendor).tag.as_deref(), Some("a"));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_unbilled() {
    let vendor = vendor().await;
    for (path, script, body, status, words) in [
        (CHAT, "", "{", "400", "could not parse"),
        (CHAT, "", r#"{"model":"x"}"#, "404", "model_not_found"),
        (CHAT, "odd=1", &*chat(""), "400", "no such key"),
        (CHAT, "", &*chat(r#","max_tokens":16385"#), "400", "too large"),
        (CHAT, "status=429", &*chat(""), "429", "retry-after: 1"),
        (MESSAGES, "", r#"{"model":"claude-opus-5"}"#, "400", "max_tokens: Field required"),
        (MESSAGES, "status=529", &*message(""), "529", "overloaded_error"),
        ("/v1/images/generations", "", "{}", "404", "Not found"),
    ] {
        let answer = post(&vendor, path, script, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains(words), "{answer}");
    }
    let totals = vendor.books().totals();
    assert_eq!((totals.calls, totals.refused, totals.billed, totals.open), (7, 7, 0, 0));
}

#[tokio::test]
async fn stopping_waits_for_running_calls_and_not_for_idle_connections() {
    let vendor = vendor().await;
    let _idle = TcpStream::connect(vendor.address()).await.unwrap();
    let mut running = send(&vendor, CHAT, "latency_ms=50", &chat("")).await;
    while vendor.books().totals().open == 0 {
        tokio::task::yield_now().await;
    }
    vendor.stop().await;
    let mut answer = String::new();
    running.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}
