//! Further tries of a call.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use reins_governor::{Outcome, PresumeReason, Refusal, Status, VoidReason};

use super::stage::{HELD, Stage, presumed, settled};
use super::vendor::{Piece, Reply, Vendor, stream, whole};
use crate::{Carried, carry};

const FIRST: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_millis(500);

fn down() -> Reply {
    Reply::Answer(whole(503).bytes("{\"error\":\"down\"}"))
}

fn fine() -> Reply {
    Reply::Answer(whole(200).bytes("usage=7;end;"))
}

/// Carries a call. The status that the client gets and the vendor's attempts, or why there is none.
async fn carried(stage: &Stage, vendor: &Arc<Vendor>) -> Result<(u16, usize), (Refusal, u32)> {
    match stage.carry(vendor).await {
        Carried::Whole { head, closed, .. } => Ok((head.status.as_u16(), closed.attempts.len())),
        Carried::Failed { refusal, retries, .. } => Err((refusal, retries)),
        Carried::Streaming { .. } => panic!("a stream"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_failed_is_asked_again_after_a_while() {
    for (replies, waits) in [
        (vec![down(), fine()], vec![FIRST]),
        (vec![Reply::NotConnected, fine()], vec![FIRST]),
        (vec![down(), Reply::NotConnected, fine()], vec![FIRST, SECOND]),
    ] {
        let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new(replies)));
        assert_eq!(carried(&stage, &vendor).await, Ok((200, waits.len() + 1)));
        assert_eq!(vendor.waits(), waits);
        assert_eq!(stage.ended(&vendor).await, settled(7));
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_tells_every_try() {
    let (stage, vendor) =
        (Stage::new(), Arc::new(Vendor::new([down(), Reply::NotConnected, fine()])));
    carried(&stage, &vendor).await.expect("the third answers");
    stage.ended(&vendor).await;
    let attempts = stage.account.record().attempts;
    let told: Vec<_> =
        attempts.iter().map(|try_| (try_.number, try_.vendor_status, try_.outcome)).collect();
    let expected = [
        (1, Some(503), Outcome::Voided(VoidReason::VendorFailed)),
        (2, None, Outcome::Voided(VoidReason::NotConnected)),
        (3, Some(200), Outcome::Settled),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_the_vendors_own_error_goes_back() {
    for (retries, tries) in [(0, 1), (1, 2), (2, 3)] {
        let mut stage = Stage::new();
        stage.terms.retries = retries;
        let vendor = Arc::new(Vendor::new([down(), down(), down()]));
        assert_eq!(carried(&stage, &vendor).await, Ok((503, tries)));
        assert_eq!(vendor.requests(), tries);
        let ended = stage.ended(&vendor).await;
        assert_eq!(ended, (0, Outcome::Voided(VoidReason::VendorFailed)));
    }
    let (stage, vendor) = (
        Stage::new(),
        Arc::new(Vendor::new([Reply::NotConnected, Reply::NotConnected, Reply::NotConnected])),
    );
    let (refusal, retries) = carried(&stage, &vendor).await.expect_err("nobody answers");
    assert_eq!((refusal.status(), retries), (502, 2));
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_may_have_begun_is_not_tried_again() {
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([Reply::Broken, fine()])));
    assert!(carried(&stage, &vendor).await.is_err());
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::Reset));
    assert_eq!(vendor.requests(), 1);

    let broken = Reply::Answer(whole(200).bytes("{").piece(Piece::Break));
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([broken, fine()])));
    assert!(carried(&stage, &vendor).await.is_err());
    assert_eq!((stage.ended(&vendor).await.0, vendor.requests()), (HELD, 1));

    let refused = Reply::Answer(whole(429).bytes("{}"));
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([refused, fine()])));
    assert_eq!(carried(&stage, &vendor).await, Ok((429, 1)));
    assert_eq!(vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_began_is_not_tried_again() {
    let broken = Reply::Answer(stream().piece(Piece::Break));
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([broken, fine()])));
    let mut tap = stage.tap(&vendor).await;
    assert!(tap.frame().await.is_some_and(|frame| frame.is_err()));
    drop(tap);
    stage.ended(&vendor).await;
    assert_eq!(vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_how_many_tries_came_before_it() {
    let answer = Reply::Answer(stream().bytes("usage=7;end;"));
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([down(), answer])));
    let Carried::Streaming { retries, tap, .. } = stage.carry(&vendor).await else {
        panic!("not a stream")
    };
    drop(tap);
    assert_eq!((retries, stage.ended(&vendor).await), (1, settled(7)));
}

#[tokio::test(start_paused = true)]
async fn a_try_that_the_rules_refuse_gives_the_vendors_own_error() {
    let mut stage = Stage::new();
    stage.attempts = 1;
    let vendor = Arc::new(Vendor::new([down(), fine()]));
    assert_eq!(carried(&stage, &vendor).await, Ok((503, 1)));
    assert_eq!((vendor.requests(), stage.ended(&vendor).await.0), (1, 0));

    let mut stage = Stage::new();
    stage.attempts = 1;
    let vendor = Arc::new(Vendor::new([Reply::NotConnected, fine()]));
    let (refusal, retries) = carried(&stage, &vendor).await.expect_err("nobody answers");
    assert_eq!((refusal.status(), retries, vendor.requests()), (502, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_status_behind_which_the_model_may_go_on_costs_the_hold_and_is_not_tried_again() {
    for status in [408, 460, 499, 502, 504, 520, 524, 598] {
        let gone = Reply::Answer(whole(status).header("retry-after", "7").bytes("gone"));
        let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([gone, fine()])));
        let Carried::Whole { head, body, closed, .. } = stage.carry(&vendor).await else {
            panic!("the vendor's own answer")
        };
        assert_eq!((head.status.as_u16(), body.as_ref()), (status, &b"gone"[..]));
        assert_eq!(head.headers["retry-after"], "7");
        assert_eq!(closed.status, Status::Failed);
        let ended = stage.ended(&vendor).await;
        assert_eq!(ended, presumed(PresumeReason::UpstreamFailed), "{status}");
        assert_eq!(vendor.requests(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_while_a_retry_waits() {
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::new([down(), fine()])));
    let task = tokio::spawn(carry(stage.freight(&vendor).await));
    tokio::time::sleep(FIRST / 2).await;
    stage.account.check_closed();
    // Cut down in the middle of its wait, the call owes nothing.
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    let ended = stage.ended(&vendor).await;
    assert_eq!(ended, (0, Outcome::Voided(VoidReason::VendorFailed)));
}
