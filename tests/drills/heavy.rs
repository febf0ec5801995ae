//! Heavy bodies: all that are read or kept at once share so much memory. What does not fit is told
//! so at once, and memory stays flat.

use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::rig::{Ask, KEY, Outside, Site, Speech, call, get, sized, speak, until};

const MIB: usize = 1 << 20;

const REST: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n[server]\nmax_body_bytes = 1048576\n\
     max_bodies_bytes = 4194304\nbody_timeout = \"20s\"\n";

/// A call with a long prompt.
fn heavy(bytes: usize) -> Ask {
    let ask = Speech::OpenAi.ask(10, false);
    let body = String::from_utf8(ask.body.clone()).unwrap();
    Ask { body: body.replace("say something", &"x".repeat(bytes)).into_bytes(), ..ask }
}

fn head(rest: &str) -> String {
    let path = Speech::OpenAi.path();
    format!("POST {path} HTTP/1.1\r\nhost: r\r\nauthorization: Bearer {KEY}\r\n{rest}\r\n\r\n")
}

/// Says that it will send so many bytes, and sends none.
async fn announce(gateway: SocketAddr, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let head = head(&format!("content-length: {bytes}"));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn status(gateway: SocketAddr, ask: &Ask) -> u16 {
    let answer = call(gateway, ask).await.expect("an answer");
    let told = answer.status != 503 || answer.header("retry-after").is_some();
    assert!(told, "nobody said when to come again: {answer:?}");
    answer.status
}

/// The room that bodies take, in bytes, as `/metrics` shows it.
async fn taken(gateway: SocketAddr) -> usize {
    let page = get(gateway, "/metrics").await.body;
    let shown = str::from_utf8(&page).unwrap();
    let line = shown.lines().find_map(|line| line.strip_prefix("reins_request_bodies_bytes "));
    line.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_keep_their_room_until_their_calls_have_ended() {
    let site = Site::new(REST).await;
    let gateway = Outside::start(&site).await;
    let slow = heavy(1_000_000).script("latency_ms=1500");
    let (calls, ()) =
        tokio::join!(join_all((0..4).map(|_| status(gateway.address, &slow))), async {
            until("the vendor has four", async || site.books().totals().open == 4).await;
            assert_eq!(status(gateway.address, &heavy(1_000_000)).await, 503);
            assert_eq!(status(gateway.address, &heavy(100)).await, 200);
        });
    assert_eq!(calls, [200; 4]);
    assert_eq!(status(gateway.address, &heavy(1_000_000)).await, 200);
    assert_eq!(site.books().totals().calls, 6);
    println!(
        "heavy: 4 bodies of 1 MB in 4 MiB, in flight: a fifth is told 503, a small one passes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_take_their_room_as_they_come() {
    let site = Site::new(REST).await;
    let gateway = Outside::start(&site).await;
    let mut three = join_all((0..3).map(|_| announce(gateway.address, MIB))).await;
    for stream in &mut three {
        stream.write_all(&vec![b' '; MIB - 1]).await.unwrap();
    }
    let mut half = announce(gateway.address, MIB / 2).await;
    half.write_all(&vec![b' '; MIB / 2 - 1]).await.unwrap();
    until("they are there", async || taken(gateway.address).await == 7 * MIB / 2).await;
    assert_eq!(status(gateway.address, &heavy(600_000)).await, 503);
    assert_eq!(status(gateway.address, &heavy(100)).await, 200);
    // One that does not say how long it is finds out in the middle.
    let chunk = format!("{:x}\r\n{}\r\n", 600_000, " ".repeat(600_000));
    let chunked = head("transfer-encoding: chunked\r\nconnection: close") + &chunk + "0\r\n\r\n";
    let said = speak(gateway.address, chunked.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    drop((three, half));
    until("their room is free", async || status(gateway.address, &heavy(1_000_000)).await == 200)
        .await;
    println!("heavy: 3.5 MiB of bodies in 4 MiB: 0.6 MB are told 503, whether announced or not");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_announces_and_sends_nothing_keeps_nobody_out() {
    let site = Site::new(REST).await;
    let gateway = Outside::start(&site).await;
    let silent = join_all((0..64).map(|_| announce(gateway.address, MIB))).await;
    for _ in 0..20 {
        assert_eq!(status(gateway.address, &heavy(1_000_000)).await, 200);
    }
    drop(silent);
    println!("heavy: 64 MiB announced in 4 MiB and never sent: 20 bodies of 1 MB pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_flat_however_many_send() {
    let site = Site::new(REST).await;
    let gateway = Outside::start(&site).await;
    assert_eq!(status(gateway.address, &heavy(1_000_000)).await, 200);
    let (before, clients) = (gateway.memory_kib(), sized(100, 400));
    let mut open = Vec::new();
    for _ in 0..clients {
        let mut stream = announce(gateway.address, MIB).await;
        // WHY: one that is told 503 may be closed before all of it is written.
        drop(stream.write_all(&vec![b' '; MIB - 1]).await);
        open.push(stream);
    }
    let grown = gateway.memory_kib().saturating_sub(before);
    drop(open);
    until("there is room again", async || status(gateway.address, &heavy(1_000_000)).await == 200)
        .await;
    println!("heavy: {clients} clients with 1 MiB each: {grown} KiB more memory");
    assert!(grown < 24 * 1024, "{clients} bodies took {grown} KiB");
}
