//! Answers that trickle: a blank now and then keeps neither a call alive nor its place. What is
//! given up is presumed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use crate::rig::{
    Answer, Ask, Inside, KEY, Reply, Site, Speech, Tape, Wire, call, get, sized, until,
};

/// Calls at once, in all of these drills.
const PLACES: usize = 8;
/// From one blank to the next.
const GAP: Duration = Duration::from_millis(100);
/// The limits of the file.
const DRAIN: Duration = Duration::from_secs(1);
const WHOLE: Duration = Duration::from_secs(2);
/// Time beyond the limits of the file, for a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// A file for a vendor at this address, with these times for its answers.
fn file(vendor: SocketAddr, times: &str) -> String {
    let head = Site::head_for(vendor).replace("retries = 0\n", &format!("retries = 0\n{times}\n"));
    format!(
        "{head}[[budget]]\nname = \"all\"\nscope = {{ organization = \"acme\" }}\n\
         limit_usd = \"1000\"\nwindow = \"monthly\"\n[server]\nmax_calls = {PLACES}\n\
         drain_timeout = \"1s\"\nbody_timeout = \"1s\"\n"
    )
}

/// An endless body: blanks, or comments of a stream.
fn endless(kind: &'static str) -> Reply {
    let piece = if kind == "application/json" { " " } else { ": still there\n\n" };
    let mut reply = Reply::of(kind, Vec::new());
    reply.pieces = Arc::new(move |_| Some(Bytes::from_static(piece.as_bytes())));
    reply
}

/// A vendor that plays a piece of `reply` to each call in each gap.
async fn trickling(reply: Reply) -> (Arc<Tape>, JoinHandle<()>) {
    let tape = Arc::new(Tape::paused(reply).await);
    let playing = Arc::clone(&tape);
    let ticks = tokio::spawn(async move {
        let mut ticks = interval(GAP);
        loop {
            ticks.tick().await;
            playing.go_on(PLACES);
        }
    });
    (tape, ticks)
}

async fn site_with(vendor: SocketAddr, times: &str) -> (Site, Inside) {
    let site = Site::bare().await;
    site.write(&file(vendor, times));
    let gateway = Inside::start(&site).await;
    (site, gateway)
}

async fn in_flight(gateway: &Inside) -> u64 {
    get(gateway.address, "/readyz").await.json()["calls_in_flight"].as_u64().unwrap()
}

/// Calls as many as there are places, all at once.
async fn all_places(gateway: &Inside, ask: &Ask) -> Vec<Option<Answer>> {
    join_all((0..PLACES).map(|_| call(gateway.address, ask))).await
}

/// All calls so far have ended, and each was charged the most it could cost; a call finds a place.
async fn all_presumed(site: &Site, gateway: &Inside, tape: &Tape, calls: usize) {
    let totals = gateway.kept(site).await.totals().await;
    assert_eq!(totals.transactions, u64::try_from(calls).unwrap());
    let failed = tape.status() >= 500;
    assert_eq!(totals.charged.nanos() > 0, !failed, "what was given up was free");
    tape.play(Reply { status: 400, ..Reply::of("application/json", vec!["{}".into()]) });
    let answer = call(gateway.address, &Speech::OpenAi.ask(10, false)).await.unwrap();
    assert_eq!(answer.status, 400, "no place was free: {answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_trickles_is_given_up() {
    let (tape, ticks) = trickling(endless("application/json")).await;
    let (site, gateway) = site_with(tape.address, "whole_timeout = \"2s\"").await;
    let rounds = sized(1, 5);
    for _ in 0..rounds {
        let started = Instant::now();
        let ask = Speech::OpenAi.ask(10, false);
        let (answers, full) = tokio::join!(all_places(&gateway, &ask), async {
            sleep(WHOLE / 2).await;
            call(gateway.address, &ask).await.unwrap().status
        });
        let took = started.elapsed();
        assert!(took >= WHOLE && took < WHOLE + SLACK, "{took:?}");
        assert_eq!(full, 503, "all places were taken");
        for answer in answers {
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.code().as_str()), (504, "vendor_timeout"));
            assert!(answer.header("x-reins-cost").is_some_and(|cost| cost != "0.00"), "{answer:?}");
        }
    }
    all_presumed(&site, &gateway, &tape, rounds * PLACES).await;
    ticks.abort();
    gateway.stop().await;
    println!("trickle: {} whole answers that trickle: given up after {WHOLE:?}", rounds * PLACES);
}

/// Clients leave while the vendor plays `reply`; all their calls end in time.
async fn left(reply: Reply, stream: bool) {
    let kind = reply.headers[0].1.clone();
    let (tape, ticks) = trickling(reply).await;
    let (site, gateway) = site_with(tape.address, "").await;
    let ask = Speech::OpenAi.ask(10, stream);
    let leaving = (0..PLACES).map(|_| timeout(GAP * 3, call(gateway.address, &ask)));
    assert!(join_all(leaving).await.iter().all(Result::is_err), "they were answered");
    let gone = Instant::now();
    until("all calls have ended", async || in_flight(&gateway).await == 0).await;
    let took = gone.elapsed();
    assert!(took < DRAIN + SLACK, "{kind}: {took:?}");
    all_presumed(&site, &gateway, &tape, PLACES).await;
    ticks.abort();
    gateway.stop().await;
    println!("trickle: {kind}: {PLACES} clients left, ended {} ms later", took.as_millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_trickles_when_its_client_has_left_is_given_up() {
    left(endless("application/json"), false).await;
    left(endless("text/event-stream"), true).await;
    left(Reply { status: 500, ..endless("application/json") }, false).await;
}

/// A vendor that sends a head without end, a byte in each gap.
async fn heads() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                drop(stream.read(&mut [0; 4096]).await);
                let head = b"HTTP/1.1 200 OK\r\nx-slow: ".iter().chain(std::iter::repeat(&b'a'));
                for byte in head {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    sleep(GAP).await;
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_is_given_up() {
    let (site, gateway) = site_with(heads().await, "timeout = \"1s\"").await;
    let answers = all_places(&gateway, &Speech::OpenAi.ask(10, false)).await;
    assert!(answers.iter().flatten().all(|answer| answer.status == 504), "{answers:?}");
    assert_eq!(gateway.kept(&site).await.totals().await.transactions, 8);
    gateway.stop().await;
    let (site, gateway) = site_with(heads().await, "").await;
    let ask = Speech::OpenAi.ask(10, true);
    let leaving = (0..PLACES).map(|_| timeout(GAP * 3, call(gateway.address, &ask)));
    assert!(join_all(leaving).await.iter().all(Result::is_err), "they were answered");
    let gone = Instant::now();
    until("all calls have ended", async || in_flight(&gateway).await == 0).await;
    assert!(gone.elapsed() < DRAIN + SLACK, "{:?}", gone.elapsed());
    assert!(gateway.kept(&site).await.totals().await.charged.nanos() > 0);
    gateway.stop().await;
}

/// A free call on a connection of its own; whether its answer came to its end.
async fn free(gateway: &Inside) -> bool {
    get(gateway.address, "/v1/models").await.whole
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_costs_nothing_keeps_no_place() {
    let (tape, ticks) = trickling(endless("application/json")).await;
    let site = Site::bare().await;
    let times = "whole_timeout = \"2s\"";
    let open = file(tape.address, times)
        .replace("[organization]", "default_key = \"drill\"\n[organization]");
    site.write(&open);
    let gateway = Inside::start(&site).await;
    let started = Instant::now();
    let whole = join_all((0..PLACES).map(|_| free(&gateway))).await;
    let took = started.elapsed();
    assert!(whole.iter().all(|whole| !whole), "it came to its end");
    assert!(took >= WHOLE && took < WHOLE + SLACK, "{took:?}");
    // The same for an answer that stalls.
    site.write(&open.replace(times, "idle_timeout = \"1s\""));
    until("the edit is in force", async || {
        get(gateway.address, "/readyz").await.json()["file"] == "in_force"
    })
    .await;
    ticks.abort();
    tape.pause();
    let stopped = timeout(WHOLE + SLACK, free(&gateway)).await;
    assert!(!stopped.expect("it waits for ever"));
    tape.play(Reply::of("application/json", vec!["{}".into()]));
    tape.go_on(100);
    assert!(free(&gateway).await, "no place was free");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_trickles_keeps_no_place() {
    let (site, gateway) = site_with(heads().await, "").await;
    let mut wires = Vec::new();
    for _ in 0..PLACES {
        let mut stream = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: r\r\nauthorization: Bearer {KEY}\r\n\
             content-length: 1000\r\n\r\n",
            Speech::OpenAi.path(),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        wires.push(tokio::spawn(async move {
            let started = Instant::now();
            while stream.write_all(b" ").await.is_ok() && started.elapsed() < SLACK * 2 {
                sleep(GAP).await;
            }
        }));
    }
    sleep(DRAIN + GAP * 5).await;
    let free = Wire::open(gateway.address).await.unwrap().call(&Ask::of("/nowhere", "")).await;
    assert_eq!(free.unwrap().status, 404);
    let answer = call(gateway.address, &Ask::of(Speech::OpenAi.path(), "{}")).await.unwrap();
    assert_eq!(answer.status, 400, "no place was free: {answer:?}");
    for wire in wires {
        wire.abort();
    }
    assert_eq!(site.books().totals().calls, 0);
    gateway.stop().await;
}
