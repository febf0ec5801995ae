//! Clients that leave: after each event of each stream, in the middle of whole answers, before the
//! first byte. The vendor's bill is charged, as if they had stayed.

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use reins_vendor::bill::{Usage, exact_usd, rounded_up};
use reins_vendor::prices::find;

use crate::rig::{
    Ask, Inside, Reply, Site, Speech, Tape, Wire, call, fixtures, nanos, text, until,
};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";

/// What some fixtures cost by the vendor's own price list.
fn prices() -> Vec<(&'static str, &'static str, Usage)> {
    let plain = |input, output| Usage { input, output, ..Usage::default() };
    let thinking = Usage {
        input: 7,
        cached: 30_000,
        cache_write_5m: 1000,
        cache_write_1h: 500,
        output: 89,
        reasoning: 0,
    };
    vec![
        ("openai/stream.sse", "gpt-4o-mini", plain(17, 28)),
        ("openai/stream_two.sse", "gpt-4o-mini", plain(5, 4)),
        ("anthropic/stream.sse", "claude-sonnet-4-5", plain(25, 15)),
        ("anthropic/stream_thinking.sse", "claude-sonnet-4-5", thinking),
        ("anthropic/whole.json", "claude-sonnet-4-5", plain(2095, 503)),
    ]
}

fn price(speech: Speech, model: &str, usage: &Usage) -> u64 {
    let mut usd = rounded_up(exact_usd(find(speech.maker(), model).unwrap(), usage));
    usd.rescale(9);
    usd.mantissa().try_into().unwrap()
}

/// Calls, reads so many bytes of the answer, and leaves. The record's id.
async fn leave_after(gateway: &Inside, ask: &Ask, bytes: usize) -> String {
    let mut wire = Wire::open(gateway.address).await.unwrap();
    let (head, mut body) = wire.send(ask).await.unwrap().into_parts();
    let id = head.headers["x-reins-transaction-id"].to_str().unwrap().to_owned();
    let mut read = 0;
    while read < bytes {
        read += body.frame().await.unwrap().unwrap().data_ref().map_or(0, Bytes::len);
    }
    id
}

/// What the call with this id was charged, once it has ended.
async fn charged(gateway: &Inside, site: &Site, id: &str) -> u64 {
    let record = gateway.kept(site).await.record(id).await.unwrap();
    nanos(&record["cost"]["total"])
}

/// Plays one fixture to clients that leave after each of its events. How many there were.
async fn play(name: &str, speech: Speech, pieces: Vec<Bytes>) -> usize {
    let tape = Tape::paused(Reply::stream(pieces.clone())).await;
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGET}", Site::head_for(tape.address)));
    let gateway = Inside::start(&site).await;
    let ask = speech.ask(4096, true);
    let mut stayed = None;
    // The first client stays to the end; each of the others leaves one event earlier.
    for events in (0..=pieces.len()).rev() {
        tape.pause();
        tape.go_on(events);
        let bytes = pieces.iter().take(events).map(Bytes::len).sum();
        let id = leave_after(&gateway, &ask, bytes).await;
        tape.go_on(pieces.len() - events);
        let charged = charged(&gateway, &site, &id).await;
        let expected = *stayed.get_or_insert(charged);
        assert_eq!(charged, expected, "{name}, left after event {events}");
    }
    let known = prices().into_iter().find(|(fixture, ..)| *fixture == name);
    if let Some((_, model, usage)) = known {
        assert_eq!(stayed, Some(price(speech, model, &usage)), "{name}");
    }
    // Answers that fail before any output, and those alone.
    assert_eq!(stayed == Some(0), name.contains("/failed_at_"), "{name}: {stayed:?}");
    gateway.stop().await;
    pieces.len() + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_a_recorded_stream_at_any_event_changes_nothing() {
    let (mut streams, mut cuts) = (0, 0);
    for fixture in fixtures().into_iter().filter(|fixture| fixture.stream) {
        streams += 1;
        cuts += play(&fixture.name, fixture.speech, fixture.events()).await;
    }
    println!(
        "leave: {streams} recorded streams, {cuts} clients that left: charged as if they stayed"
    );
    assert!(streams >= 10 && cuts >= 80, "{streams} streams, {cuts} cuts");
}

/// A vendor that goes on without its client, and bills all of it.
#[tokio::test(flavor = "multi_thread")]
async fn leaving_saves_nothing_where_the_vendor_goes_on() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    let mut left = Vec::new();
    for speech in Speech::BOTH {
        for cut in 0..24 {
            let script = format!("id={speech:?}-{cut} gap_ms=4 chunks=20 output=40");
            left.push((speech.ask(64, true).script(&script), cut * 60));
        }
    }
    join_all(left.iter().map(|(ask, bytes)| leave_after(&gateway, ask, *bytes))).await;
    let charged = gateway.kept(&site).await.totals().await.charged.nanos();
    let billed = site.billed().await;
    println!(
        "leave: {} clients left streams of a vendor that goes on: billed {}, charged {}",
        left.len(),
        text(billed),
        text(charged)
    );
    assert_eq!(charged, billed);
    gateway.stop().await;
}

/// A vendor that stops when it notices, and a gateway that may hardly read on.
#[tokio::test(flavor = "multi_thread")]
async fn leaving_is_never_free_where_the_vendor_stops() {
    let drain = "[server]\ndrain_timeout = \"1ms\"\n";
    let site = Site::new(&format!("{BUDGET}{drain}")).await;
    let gateway = Inside::start(&site).await;
    let (mut calls, mut below, mut billed_in_all, mut charged_in_all) = (0, 0, 0, 0);
    for speech in Speech::BOTH {
        for cut in 0..24 {
            site.books().reset();
            let script = "gap_ms=3 chunks=20 output=400 stop_on_close=1".to_string();
            let ask = speech.ask(500, true).script(&script);
            let id = leave_after(&gateway, &ask, cut * 60).await;
            let charged = charged(&gateway, &site, &id).await;
            let billed = site.billed().await;
            assert!(charged >= billed, "{speech:?} {cut}: billed {billed}, charged {charged}");
            calls += 1;
            below += usize::from(site.books().totals().tokens.output < 400);
            billed_in_all += billed;
            charged_in_all += charged;
        }
    }
    println!(
        "leave: {calls} clients left streams of a vendor that stops ({below} were cut short): \
         billed {}, charged {}, none below its bill",
        text(billed_in_all),
        text(charged_in_all)
    );
    assert!(below > calls / 2, "the vendor stopped only {below} of {calls}");
    gateway.stop().await;
}

/// A vendor that writes as fast as it can and stops when it notices, and a client that reads a
/// little of it: what waits in sockets is billed as well.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_client_that_leaves_is_charged() {
    let drain = "[server]\ndrain_timeout = \"1ms\"\n";
    let site = Site::new(&format!("{BUDGET}{drain}")).await;
    let gateway = Inside::start(&site).await;
    let (mut calls, mut billed_in_all, mut charged_in_all) = (0, 0, 0);
    for speech in Speech::BOTH {
        for read in [1, 4_096, 65_536] {
            site.books().reset();
            let script = "output=16000 chunks=16000 stop_on_close=1";
            let ask = speech.ask(16_000, true).script(script);
            let id = leave_after(&gateway, &ask, read).await;
            let charged = charged(&gateway, &site, &id).await;
            let billed = site.billed().await;
            assert!(charged >= billed, "{speech:?} {read}: billed {billed}, charged {charged}");
            calls += 1;
            billed_in_all += billed;
            charged_in_all += charged;
        }
    }
    println!(
        "leave: {calls} clients left streams that came faster than they read: billed {}, charged \
         {}, none below its bill",
        text(billed_in_all),
        text(charged_in_all)
    );
    gateway.stop().await;
}

/// Whole answers: the client leaves while the vendor thinks, and while it writes.
#[tokio::test(flavor = "multi_thread")]
async fn leaving_before_a_whole_answer_is_charged() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    for speech in Speech::BOTH {
        for script in ["latency_ms=40", "slow_body=5", "slow_body=5 gzip=1"] {
            let before = site.books().totals().calls;
            let ask = speech.ask(64, false).script(script);
            let mut wire = Wire::open(gateway.address).await.unwrap();
            let calling = wire.send(&ask);
            let seen = until("the vendor has it", async || site.books().totals().calls > before);
            tokio::select! {
                _ = calling => {}
                () = seen => {}
            }
        }
    }
    let charged = gateway.kept(&site).await.totals().await.charged.nanos();
    let billed = site.billed().await;
    println!(
        "leave: 6 clients left whole answers: billed {}, charged {}",
        text(billed),
        text(charged)
    );
    assert_eq!((charged, site.books().totals().billed), (billed, 6));
    gateway.stop().await;
}

/// Clients that lose patience and ask again, as SDKs do: under the same key it is one call.
#[tokio::test(flavor = "multi_thread")]
async fn asking_again_under_the_same_key_is_billed_once() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    let (mut asked, mut refused) = (0, 0);
    for speech in Speech::BOTH {
        let key = format!("once-{speech:?}");
        let ask = speech.ask(64, false).script("latency_ms=300").with("idempotency-key", &key);
        let before = site.books().totals().calls;
        let mut wire = Wire::open(gateway.address).await.unwrap();
        let calling = wire.send(&ask);
        let seen = until("the vendor has it", async || site.books().totals().calls > before);
        tokio::select! {
            _ = calling => {}
            () = seen => {}
        }
        drop(wire);
        until("the answer comes", async || {
            let answer = call(gateway.address, &ask).await.unwrap();
            assert!(matches!(answer.status, 200 | 409), "{answer:?}");
            asked += 1;
            refused += usize::from(answer.status == 409);
            answer.status == 200
        })
        .await;
    }
    let charged = gateway.kept(&site).await.totals().await.charged.nanos();
    let billed = site.billed().await;
    println!(
        "leave: 2 clients left and asked {asked} times again under the same key: {refused} were \
         told to wait, 2 calls billed {}, charged {}",
        text(billed),
        text(charged)
    );
    assert_eq!((charged, site.books().totals().calls), (billed, 2));
    assert!(refused > 0, "nobody asked while the call was under way");
    gateway.stop().await;
}
