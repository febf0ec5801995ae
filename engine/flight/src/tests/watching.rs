//! Calls that their hosts send themselves, and say what they see.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reins_governor::{Action, Outcome, PresumeReason, Status, Tokens, VoidReason};
use tokio::time::sleep;

use super::account::HOLD_LIFE;
use super::failing::gzip;
use super::gauge::Flaw;
use super::stage::{HELD, INPUT, PER_TOKEN, Stage, presumed, settled};
use crate::{NoAnswer, WatchEnd, Watched};

const PIECES: [&[u8]; 5] = [b"data: one\n", b"\ndata: tw", b"o\n\n", b"usage=7;", b"end;"];
const MARGIN: u64 = 64;
const EVENTS: &str = "text/event-stream";

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    pairs.iter().map(pair).collect()
}

/// A stream that has begun, after so many of its pieces.
async fn begun(stage: &Stage, pieces: usize) -> Watched {
    let mut watched =
        stage.watch().await.head(StatusCode::OK, &headers(&[("content-type", EVENTS)]));
    PIECES.iter().take(pieces).for_each(|piece| {
        assert_eq!(watched.data(Bytes::from_static(piece)), piece);
    });
    watched
}

/// What is owed for so many tokens that came of a stream that was cut.
fn came(tokens: u64, why: PresumeReason) -> (u64, Outcome) {
    ((INPUT + (tokens + MARGIN) * PER_TOKEN).min(HELD), Outcome::Presumed(why))
}

#[tokio::test(start_paused = true)]
async fn a_stream_in_pieces_is_metered_and_its_receipt_comes_at_its_end() {
    let stage = Stage::new();
    let watch = stage.watch().await;
    let left = watch.notice.remaining.map(|left| left.nanos());
    assert_eq!((watch.notice.action, left), (Action::Pass, Some(9 * HELD)));
    sleep(Duration::from_millis(50)).await;
    let mut watched = watch.head(StatusCode::OK, &headers(&[("content-type", EVENTS)]));
    for piece in PIECES {
        assert_eq!(watched.data(Bytes::from_static(piece)), piece);
    }
    sleep(Duration::from_millis(20)).await;
    let ended = watched.end(WatchEnd::Complete);
    let closed = ended.settled.await.expect("a receipt");
    assert_eq!((closed.cost.total.nanos(), ended.rest.len()), (700, 0));
    assert_eq!(stage.closed().await, settled(7));
    let record = stage.account.record();
    assert_eq!((record.status, record.attempts[0].vendor_status), (Status::Passed, Some(200)));
    let latency = record.latency;
    assert_eq!((latency.vendor_first_byte_us, latency.vendor_total_us), (50_000, 70_000));
}

#[tokio::test(start_paused = true)]
async fn dropped_it_is_cut_and_costs_what_came() {
    for pieces in 0..=3 {
        let stage = Stage::new();
        drop(begun(&stage, pieces).await);
        let tokens = PIECES.iter().take(pieces).map(|piece| piece.len() as u64).sum();
        assert_eq!(stage.closed().await, came(tokens, PresumeReason::DrainCut), "{pieces}");
        assert_eq!(stage.account.record().status, Status::Partial);
    }
    // What told its usage is charged that, however it was left.
    let stage = Stage::new();
    drop(begun(&stage, PIECES.len()).await);
    assert_eq!(stage.closed().await, settled(7));
}

#[tokio::test(start_paused = true)]
async fn dropped_before_its_answer_it_may_have_cost_anything() {
    let stage = Stage::new();
    drop(stage.watch().await);
    assert_eq!(stage.closed().await, presumed(PresumeReason::DrainCut));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_costs_what_the_table_says() {
    for (why, expected) in [
        (NoAnswer::NotConnected, (0, Outcome::Voided(VoidReason::NotConnected))),
        (NoAnswer::Broken, presumed(PresumeReason::Reset)),
        (NoAnswer::TimedOut, presumed(PresumeReason::Timeout)),
    ] {
        let stage = Stage::new();
        let closed = stage.watch().await.unanswered(why).await.expect("a receipt");
        assert_eq!(closed.cost.total.nanos(), expected.0);
        assert_eq!(stage.closed().await, expected, "{why:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_before_output_is_settled_by_its_status_whatever_follows() {
    for (status, expected) in [
        (400, (0, Outcome::Voided(VoidReason::VendorRefused))),
        (429, (0, Outcome::Voided(VoidReason::VendorRefused))),
        (500, (0, Outcome::Voided(VoidReason::VendorFailed))),
        (302, (0, Outcome::Voided(VoidReason::VendorRefused))),
        (504, presumed(PresumeReason::UpstreamFailed)),
    ] {
        for ends in [true, false] {
            let stage = Stage::new();
            let status = StatusCode::from_u16(status).expect("a status");
            let mut watched = stage.watch().await.head(status, &HeaderMap::new());
            assert_eq!(watched.data(Bytes::from_static(b"usage=9;#")), "usage=9;#");
            if ends {
                let closed = watched.end(WatchEnd::Complete).settled.await.expect("a receipt");
                assert_eq!(closed.cost.total.nanos(), expected.0);
            } else {
                drop(watched);
            }
            assert_eq!(stage.closed().await, expected, "{status}");
            let record = stage.account.record();
            assert_eq!(record.attempts[0].vendor_status, Some(status.as_u16()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_compressed_answer_is_metered_and_passes_as_it_is() {
    let mut stage = Stage::new();
    stage.gauge.filters = true;
    let wire = gzip(b"data: #\n\nusage=7;end;");
    let head = headers(&[("content-type", EVENTS), ("content-encoding", "gzip")]);
    let mut watched = stage.watch().await.head(StatusCode::OK, &head);
    for piece in wire.chunks(5) {
        assert_eq!(watched.data(Bytes::copy_from_slice(piece)), piece);
    }
    assert_eq!(watched.end(WatchEnd::Complete).rest, Bytes::new());
    assert_eq!(stage.closed().await, settled(7));
}

#[tokio::test(start_paused = true)]
async fn what_only_reins_asked_for_is_hidden() {
    let mut stage = Stage::new();
    stage.gauge.filters = true;
    let head = headers(&[("content-type", EVENTS)]);
    let mut watched = stage.watch().await.head(StatusCode::OK, &head);
    let mut seen = [&b"a#b"[..], b"###", b"usage=7;"].map(|piece| watched.data(piece.into()));
    assert_eq!(seen.join(&b"|"[..]), b"ab||usage=7;");
    seen[1] = watched.end(WatchEnd::Complete).rest;
    assert_eq!((&seen[1][..], stage.closed().await), (&b"."[..], settled(7)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_broke_or_stalled_costs_what_came() {
    for (end, why) in
        [(WatchEnd::Broken, PresumeReason::Reset), (WatchEnd::Stalled, PresumeReason::Timeout)]
    {
        let stage = Stage::new();
        let ended = begun(&stage, 1).await.end(end);
        assert_eq!(stage.closed().await, came(10, why));
        drop(ended);
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_never_ends_keeps_its_hold_until_its_host_stops_it() {
    let stage = Stage::new();
    let swept = stage.sweep();
    let watch = stage.watch().await;
    sleep(HOLD_LIFE * 5).await;
    let head = headers(&[("content-type", EVENTS)]);
    let mut watched = watch.head(StatusCode::OK, &head);
    for _ in 0..50 {
        sleep(HOLD_LIFE / 2).await;
        watched.waits();
        watched.data(Bytes::from_static(b"x"));
    }
    assert_eq!(swept.load(Ordering::Relaxed), 0, "its hold seemed lost");
    assert!(stage.account.is_empty(), "it ended by itself");
    drop(watched);
    assert_eq!(stage.closed().await, came(50, PresumeReason::DrainCut));
}

#[tokio::test(start_paused = true)]
async fn more_than_was_seen_may_have_waited_unless_the_host_says_otherwise() {
    for (waits, expected) in [
        (false, presumed(PresumeReason::DrainCut)),
        (true, (INPUT + 100 * PER_TOKEN, Outcome::Presumed(PresumeReason::DrainCut))),
    ] {
        let mut stage = Stage::new();
        stage.limit = 100_000_000;
        stage.read.call.output_cap = Some(Tokens(500_000));
        let head = headers(&[("content-type", EVENTS)]);
        let mut watched = stage.watch().await.head(StatusCode::OK, &head);
        for _ in 0..40 {
            watched.data(vec![b'x'; 1024].into());
            if waits {
                watched.waits();
            }
            sleep(Duration::from_secs(1)).await;
        }
        drop(watched);
        let (charged, outcome) = stage.closed().await;
        let bound = INPUT + 500_000 * PER_TOKEN;
        let counted = INPUT + (40 * 1024 + MARGIN) * PER_TOKEN;
        assert_eq!((charged, outcome), (if waits { counted } else { bound }, expected.1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_panics_harms_no_watched_answer() {
    let mut stage = Stage::new();
    stage.gauge.flaw = Flaw::PanicsAt(1);
    let ended = begun(&stage, PIECES.len()).await.end(WatchEnd::Complete);
    assert_eq!(ended.settled.await.expect("a receipt").cost.total.nanos(), HELD);
    assert_eq!(stage.closed().await, presumed(PresumeReason::UsageMissing));
}
