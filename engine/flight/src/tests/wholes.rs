//! Answers in one piece.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reins_governor::{Action, Outcome, PresumeReason, Refusal, Status, VoidReason};

use super::stage::{HEADERS, HELD, IDLE, Stage, WHOLE, drink, presumed, settled};
use super::vendor::{Answer, Piece, Reply, Vendor, whole};
use crate::Carried;

/// Carries a call to one answer, and sees that its hold never seems lost. What the client gets, and
/// what was charged for which outcome.
async fn carried(answer: Answer) -> (Carried, (u64, Outcome), Stage) {
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(answer)));
    let swept = stage.sweep();
    let carried = stage.carry(&vendor).await;
    let ended = stage.ended(&vendor).await;
    assert_eq!((vendor.requests(), swept.load(Ordering::Relaxed)), (1, 0));
    (carried, ended, stage)
}

#[track_caller]
fn body(carried: Carried) -> Vec<u8> {
    match carried {
        Carried::Whole { body, .. } => body.to_vec(),
        other => panic!("not a whole answer: {other:?}"),
    }
}

#[track_caller]
fn refusal(carried: Carried) -> Refusal {
    match carried {
        Carried::Failed { refusal, .. } => refusal,
        other => panic!("not a failure: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_ends_the_call_before_it_is_passed_on() {
    let answer = whole(200).after(Duration::from_millis(50)).bytes("{\"a\":1,");
    let answer = answer.piece(Piece::Wait(Duration::from_millis(20))).bytes("usage=7;end;}");
    let (carried, ended, stage) = carried(answer).await;
    let Carried::Whole { closed, notice, .. } = &carried else { panic!("not whole") };
    assert_eq!(closed.cost.total.nanos(), 700);
    assert_eq!(
        (notice.action, notice.remaining.map(|left| left.nanos())),
        (Action::Pass, Some(9 * HELD))
    );
    assert_eq!(ended, settled(7));
    assert_eq!(body(carried), b"{\"a\":1,usage=7;end;}");
    let record = stage.account.record();
    assert_eq!((record.status, record.attempts[0].vendor_status), (Status::Passed, Some(200)));
    let latency = record.latency;
    assert_eq!((latency.vendor_first_byte_us, latency.vendor_total_us), (50_000, 70_000));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_tells_no_usage_costs_its_hold() {
    for (text, why) in
        [("end;", PresumeReason::UsageMissing), ("absurd;end;", PresumeReason::UsageAbsurd)]
    {
        let (carried, ended, _) = carried(whole(200).bytes(text)).await;
        assert_eq!((body(carried), ended), (text.into(), presumed(why)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_vendors_own_refusal_is_free_and_passed_on() {
    for status in [400, 401, 404, 429] {
        let (carried, ended, stage) = carried(whole(status).bytes("{\"error\":{}}")).await;
        let Carried::Whole { head, .. } = &carried else { panic!("not whole") };
        assert_eq!(head.status.as_u16(), status);
        assert_eq!(body(carried), b"{\"error\":{}}");
        assert_eq!(ended, (0, Outcome::Voided(VoidReason::VendorRefused)));
        let record = stage.account.record();
        assert_eq!(
            (record.status, record.attempts[0].vendor_status),
            (Status::Failed, Some(status))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_end_is_cut() {
    const PIECE: usize = 64 * 1024;
    let endless = (0..1_000).fold(whole(400), |answer, _| answer.bytes(vec![b'x'; PIECE]));
    let (carried, ended, _) = carried(endless).await;
    assert_eq!(body(carried).len(), 1024 * 1024 + PIECE);
    assert_eq!(ended, (0, Outcome::Voided(VoidReason::VendorRefused)));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed() {
    for status in [302, 307] {
        let answer = whole(status).header("location", "http://169.254.169.254/");
        let (carried, ended, stage) = carried(answer).await;
        let what = format!("it answered {status} instead of an answer");
        assert_eq!(refusal(carried), Refusal::VendorError { what });
        assert_eq!(ended, (0, Outcome::Voided(VoidReason::VendorRefused)));
        assert_eq!(stage.account.record().attempts[0].vendor_status, Some(status));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_is_not_passed_on_and_not_free() {
    for (piece, why, status) in
        [(Piece::Break, PresumeReason::Reset, 502), (Piece::Stall, PresumeReason::Timeout, 504)]
    {
        let (carried, ended, stage) = carried(whole(200).bytes("{").piece(piece)).await;
        assert_eq!(refusal(carried).status(), status);
        assert_eq!(ended, presumed(why));
        assert_eq!(stage.account.record().status, Status::Partial);
    }
    let told = whole(200).bytes("usage=7;").piece(Piece::Break);
    assert_eq!(carried(told).await.1, settled(7));
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_come_as_slowly_as_its_pieces_may() {
    let almost = Piece::Wait(IDLE - Duration::from_millis(1));
    let slow = (0..20).fold(whole(200), |answer, _| answer.piece(almost.clone()).bytes("x"));
    let (carried, ended, _) = carried(slow.bytes("usage=7;end;")).await;
    assert_eq!((body(carried).len(), ended), (20 + "usage=7;end;".len(), settled(7)));
}

#[tokio::test(start_paused = true)]
async fn a_call_says_that_it_is_alive_while_its_vendor_thinks() {
    for (answer, error) in [(whole(200), false), (whole(400), true)] {
        let answer = answer.after(HEADERS - Duration::from_secs(1)).bytes("usage=7;end;");
        let (_, ended, _) = carried(answer).await;
        assert_eq!(ended.1 == Outcome::Settled, !error);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_large_to_keep_passes_as_it_comes() {
    let pieces: Vec<Vec<u8>> = (0..20).map(|n| vec![b'a' + n; 100]).collect();
    let mut answer = pieces.iter().fold(whole(200), |answer, piece| answer.bytes(piece.clone()));
    answer = answer.bytes("usage=7;end;");
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(answer)));
    let tap = stage.tap(&vendor).await;
    assert!(vendor.read() < 15, "all of it was kept");
    let got = drink(tap).await;
    assert_eq!(got.bytes(), [pieces.concat(), b"usage=7;end;".to_vec()].concat());
    assert_eq!((got.error, stage.ended(&vendor).await), (None, settled(7)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_largest_size_is_kept() {
    let (stage, text) = (Stage::new(), format!("usage=7;{}", "x".repeat(1_000 - 8)));
    let vendor = Arc::new(Vendor::answers(whole(200).bytes(text.clone())));
    assert_eq!(body(stage.carry(&vendor).await), text.as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_compressed_answer_passes_as_it_is_and_is_metered() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut gzip, b"usage=7;end;").expect("memory");
    let wire = gzip.finish().expect("memory");
    let answer = whole(200).header("content-encoding", "gzip").bytes(wire.clone());
    let (carried_bytes, ended, _) = carried(answer).await;
    assert_eq!((body(carried_bytes), ended), (wire, settled(7)));

    let unknown = whole(200).header("content-encoding", "br").bytes("usage=7;end;");
    let (passed, ended, _) = carried(unknown).await;
    assert_eq!(body(passed), b"usage=7;end;");
    assert_eq!(ended, presumed(PresumeReason::UsageMissing));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_without_a_head_in_time_is_given_up_and_not_free() {
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([Reply::Silent])));
    let waited = HEADERS;
    let started = tokio::time::Instant::now();
    let refused = refusal(stage.carry(&vendor).await);
    assert_eq!((refused, started.elapsed()), (Refusal::VendorTimeout { waited }, waited));
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::Timeout));
    assert_eq!(vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_before_the_head_is_not_free() {
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([Reply::Broken])));
    assert!(matches!(refusal(stage.carry(&vendor).await), Refusal::VendorError { .. }));
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::Reset));
    assert_eq!(stage.account.record().status, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_trickles_for_ever_is_given_up_and_not_free() {
    for status in [200, 400] {
        let almost = Piece::Wait(IDLE - Duration::from_millis(1));
        let slow =
            (0..100).fold(whole(status), |answer, _| answer.piece(almost.clone()).bytes(" "));
        let started = tokio::time::Instant::now();
        let (carried, ended, _) = carried(slow).await;
        assert_eq!(started.elapsed(), WHOLE);
        if status == 200 {
            assert_eq!(refusal(carried), Refusal::VendorTimeout { waited: WHOLE });
            assert_eq!(ended, presumed(PresumeReason::Timeout));
        } else {
            // Its own words are passed on as far as they came.
            assert_eq!(body(carried).len(), 30);
            assert_eq!(ended.1, Outcome::Voided(VoidReason::VendorRefused));
        }
    }
}
