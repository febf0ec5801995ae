//! Answers that come in pieces, to a client that stays.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use reins_governor::{Outcome, PresumeReason, Status};
use tokio::time::{Instant, advance};

use super::stage::{
    Got, HELD, IDLE, INPUT, PER_TOKEN, Stage, cost_trailer, drink, presumed, settled,
};
use super::vendor::{Answer, Piece, Vendor, stream};
use crate::TapError;

const PIECES: [&[u8]; 5] =
    [b"data: a\n\n", b"data: \xf0\x9f", b"\xa6\x80\n\n", b"usage=7;", b"end;"];
/// Beyond the tokens that came through: the vendor may have made so many more.
const MARGIN: u64 = 64;

/// What the client gets, and what was charged for which outcome.
async fn streamed(stage: &Stage, answer: Answer) -> (Got, (u64, Outcome)) {
    let vendor = Arc::new(Vendor::answers(answer));
    let got = drink(stage.tap(&vendor).await).await;
    (got, stage.ended(&vendor).await)
}

#[tokio::test(start_paused = true)]
async fn pieces_pass_unchanged_and_in_order() {
    let stage = Stage::new();
    let (got, ended) = streamed(&stage, stream().all(PIECES)).await;
    assert_eq!(got.pieces, PIECES);
    assert_eq!((got.trailers, got.error, ended), (None, None, settled(7)));
    assert_eq!(stage.account.record().status, Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_piece_does_not_wait_for_the_next_one() {
    let wait = Piece::Wait(Duration::from_secs(1));
    let answer = stream().bytes("a").piece(wait).bytes("usage=7;end;");
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(answer)));
    let started = Instant::now();
    let mut tap = stage.tap(&vendor).await;
    let first = tap.frame().await.expect("a piece").expect("no error");
    assert_eq!((first.into_data().ok(), started.elapsed()), (Some("a".into()), Duration::ZERO));
    drink(tap).await;
    assert_eq!(stage.ended(&vendor).await, settled(7));
    assert_eq!(stage.account.record().latency.vendor_total_us, 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn the_cost_comes_in_trailers_to_a_client_that_asked() {
    let mut stage = Stage::new();
    stage.trailers = Some(cost_trailer);
    let (got, ended) = streamed(&stage, stream().all(PIECES)).await;
    assert_eq!((got.bytes(), ended), (PIECES.concat(), settled(7)));
    assert_eq!(got.trailers.expect("trailers")["cost-nanos"], "700");
}

#[tokio::test(start_paused = true)]
async fn what_only_reins_asked_for_is_hidden() {
    let mut stage = Stage::new();
    stage.gauge.filters = true;
    stage.trailers = Some(cost_trailer);
    let (got, ended) = streamed(&stage, stream().all([b"a#b" as &[u8], b"###", b"usage=7;"])).await;
    // A piece of which nothing is left is no piece; what was kept back comes before the trailers.
    assert_eq!(got.pieces, [b"ab" as &[u8], b"usage=7;", b"."]);
    assert_eq!((got.trailers.is_some(), ended), (true, settled(7)));
}

#[tokio::test(start_paused = true)]
async fn a_compressed_stream_passes_as_it_is_and_is_metered() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut gzip, b"data: #\n\nusage=7;end;").expect("memory");
    let wire = gzip.finish().expect("memory");
    let mut stage = Stage::new();
    stage.gauge.filters = true;
    let answer = stream().header("content-encoding", "gzip").all(wire.chunks(5));
    let (got, ended) = streamed(&stage, answer).await;
    assert_eq!((got.bytes(), ended), (wire, settled(7)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_tells_so_and_costs_what_came() {
    let stage = Stage::new();
    let (got, ended) = streamed(&stage, stream().bytes("12345").piece(Piece::Break)).await;
    assert_eq!((got.bytes(), got.error), (b"12345".to_vec(), Some(TapError::Broken)));
    let charged = INPUT + (5 + MARGIN) * PER_TOKEN;
    assert_eq!(ended, (charged, Outcome::Presumed(PresumeReason::Reset)));
    assert_eq!(stage.account.record().status, Status::Partial);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_after_its_usage_is_partial_and_charged_exactly() {
    let stage = Stage::new();
    let (_, ended) = streamed(&stage, stream().bytes("usage=7;end;").piece(Piece::Break)).await;
    assert_eq!((ended, stage.account.record().status), (settled(7), Status::Partial));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stalls_is_ended_after_the_idle_time() {
    let stage = Stage::new();
    let almost = Piece::Wait(IDLE - Duration::from_millis(1));
    let answer = stream().bytes("1").piece(almost).bytes("2").piece(Piece::Stall);
    let started = Instant::now();
    let (got, ended) = streamed(&stage, answer).await;
    assert_eq!((got.bytes(), got.error), (b"12".to_vec(), Some(TapError::Idle)));
    assert_eq!(started.elapsed().as_millis(), 2 * IDLE.as_millis() - 1);
    let charged = INPUT + (2 + MARGIN) * PER_TOKEN;
    assert_eq!(ended, (charged, Outcome::Presumed(PresumeReason::Timeout)));
}

#[tokio::test(start_paused = true)]
async fn what_came_before_a_break_counts_only_where_closing_stops_the_vendor() {
    for (stops, charged) in [(true, INPUT + (1 + MARGIN) * PER_TOKEN), (false, HELD)] {
        let mut stage = Stage::new();
        stage.gauge.billing.closing_stops_streams = stops;
        let (_, ended) = streamed(&stage, stream().bytes("1").piece(Piece::Break)).await;
        assert_eq!(ended.0, charged, "closing stops the vendor: {stops}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_pauses_is_not_a_vendor_that_stalls() {
    let wait = Piece::Wait(Duration::from_millis(1));
    let answer = stream().bytes("a").piece(wait).bytes("usage=7;end;");
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(answer)));
    let mut tap = stage.tap(&vendor).await;
    tap.frame().await.expect("a piece").expect("no error");
    advance(IDLE * 3).await;
    let got = drink(tap).await;
    assert_eq!((got.pieces, got.error), (vec![Bytes::from("usage=7;end;")], None));
    assert_eq!(stage.ended(&vendor).await, settled(7));
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_says_that_it_is_alive() {
    let wait = Piece::Wait(Duration::from_secs(11));
    let answer = (0..100).fold(stream(), |answer, _| answer.piece(wait.clone()).bytes("x"));
    let stage = Stage::new();
    let swept = stage.sweep();
    let (_, ended) = streamed(&stage, answer.bytes("usage=7;end;")).await;
    assert_eq!((ended, swept.load(Ordering::Relaxed)), (settled(7), 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_usage_costs_its_hold() {
    let stage = Stage::new();
    let (_, ended) = streamed(&stage, stream().bytes("end;")).await;
    assert_eq!(ended, presumed(PresumeReason::UsageMissing));
    let stage = Stage::new();
    let (_, ended) = streamed(&stage, stream().bytes("absurd;end;")).await;
    assert_eq!(ended, presumed(PresumeReason::UsageAbsurd));
}
