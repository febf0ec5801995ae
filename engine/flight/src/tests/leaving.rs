//! Clients that leave before the end of their answer.

use std::sync::Arc;
use std::time::Duration;

use reins_governor::{Outcome, PresumeReason, Status};
use tokio::time::Instant;

use super::gauge::Flaw;
use super::stage::{DRAIN, HELD, IDLE, INPUT, PER_TOKEN, Stage, presumed, settled, sip};
use super::vendor::{Answer, Piece, Vendor, stream, whole};
use crate::carry;

const PIECES: [&[u8]; 5] = [b"one ", b"two ", b"three ", b"usage=7;", b"end;"];
const MARGIN: u64 = 64;

/// A client takes so many pieces and leaves. What was charged for which outcome.
async fn left(stage: &Stage, answer: Answer, after: usize) -> (u64, Outcome) {
    let vendor = Arc::new(Vendor::answers(answer));
    sip(stage.tap(&vendor).await, after).await;
    stage.ended(&vendor).await
}

/// What is owed for so many tokens that came of a stream that was cut.
fn cut(tokens: u64) -> (u64, Outcome) {
    let charged = INPUT + (tokens + MARGIN) * PER_TOKEN;
    (charged.min(HELD), Outcome::Presumed(PresumeReason::DrainCut))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_at_any_piece_pays_what_the_vendor_says() {
    for after in 0..=PIECES.len() {
        let stage = Stage::new();
        let wait = Piece::Wait(Duration::from_secs(1));
        let paced =
            |answer: Answer, piece: &&[u8]| answer.bytes(piece.to_vec()).piece(wait.clone());
        let answer = PIECES.iter().fold(stream(), paced);
        assert_eq!(left(&stage, answer, after).await, settled(7), "after {after} pieces");
        let got_all = after == PIECES.len();
        let status = if got_all { Status::Passed } else { Status::Partial };
        assert_eq!(stage.account.record().status, status, "after {after} pieces");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_the_head_pays_what_the_vendor_says() {
    for answer in [stream().all(PIECES), whole(200).all(PIECES)] {
        let stage = Stage::new();
        let vendor = Arc::new(Vendor::answers(answer.after(Duration::from_secs(1))));
        let freight = stage.freight(&vendor).await;
        // The client does not wait for what its task answers.
        drop(stage.crew.owners.spawn(carry(freight)));
        assert_eq!(stage.ended(&vendor).await, settled(7));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_read_only_so_far() {
    let endless = || (0..1_000).fold(stream(), |answer, _| answer.bytes(vec![b'x'; 10]));
    let mut stage = Stage::new();
    stage.read.call.output_cap = Some(1_000);
    let vendor = Arc::new(Vendor::answers(endless()));
    sip(stage.tap(&vendor).await, 2).await;
    let (charged, outcome) = stage.ended(&vendor).await;
    // 20 bytes went to the client; of the rest the piece is the last that passes 1,000 bytes.
    assert_eq!(charged, INPUT + 1_000 * PER_TOKEN);
    assert_eq!(outcome, Outcome::Presumed(PresumeReason::DrainCut));
    assert_eq!(vendor.read(), 2 + 101);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_read_only_so_long() {
    let wait = Piece::Wait(Duration::from_secs(7));
    let slow = (0..100).fold(stream(), |answer, _| answer.bytes("x").piece(wait.clone()));
    let (stage, started) = (Stage::new(), Instant::now());
    // One piece went to the client; another comes at 7, 14, 21 and 28 s.
    assert_eq!(left(&stage, slow, 1).await, cut(5));
    assert_eq!(started.elapsed().as_millis(), DRAIN.as_millis());
}

#[tokio::test(start_paused = true)]
async fn a_rest_says_that_it_is_alive() {
    let mut stage = Stage::new();
    stage.terms.drain_timeout = DRAIN * 100;
    let wait = Piece::Wait(Duration::from_secs(7));
    let slow = (0..100).fold(stream(), |answer, _| answer.bytes("x").piece(wait.clone()));
    assert_eq!(left(&stage, slow.bytes("usage=7;"), 1).await, settled(7));
    assert_eq!(stage.account.look().beats, 50);
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_stalls_or_breaks_is_not_waited_for() {
    let mut stage = Stage::new();
    stage.terms.drain_timeout = IDLE * 2;
    let (charged, outcome) =
        left(&stage, stream().bytes("12").bytes("3").piece(Piece::Stall), 1).await;
    assert_eq!((charged, outcome), (cut(3).0, Outcome::Presumed(PresumeReason::Timeout)));
    let stage = Stage::new();
    let (charged, outcome) =
        left(&stage, stream().bytes("12").bytes("3").piece(Piece::Break), 1).await;
    assert_eq!((charged, outcome), (cut(3).0, Outcome::Presumed(PresumeReason::Reset)));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_rests_are_read_at_once() {
    let stage = Stage::new();
    let busy = stage.crew.drains.clone().try_acquire_owned().expect("a place");
    assert_eq!(left(&stage, stream().all(PIECES), 1).await, cut(4));
    drop(busy);
    let free = Stage::new();
    assert_eq!(left(&free, stream().all(PIECES), 1).await, settled(7));
    assert_eq!(free.crew.drains.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cut_rest_costs_the_hold_where_the_vendor_goes_on() {
    let mut stage = Stage::new();
    stage.gauge.billing.closing_stops_streams = false;
    stage.crew.drains.close();
    assert_eq!(left(&stage, stream().all(PIECES), 1).await, presumed(PresumeReason::DrainCut));
    let mut stage = Stage::new();
    stage.gauge.flaw = Flaw::Unseen;
    stage.crew.drains.close();
    assert_eq!(left(&stage, stream().all(PIECES), 1).await, presumed(PresumeReason::DrainCut));
}

#[tokio::test(start_paused = true)]
async fn usage_that_came_before_the_cut_is_charged() {
    let stage = Stage::new();
    stage.crew.drains.close();
    assert_eq!(left(&stage, stream().all(PIECES), 4).await, settled(7));
    assert_eq!(stage.account.record().status, Status::Partial);
}

#[tokio::test(start_paused = true)]
async fn a_large_answer_that_nobody_reads_is_metered_from_its_beginning() {
    for after in 0..3 {
        let mut stage = Stage::new();
        stage.terms.drain_max = 10_000;
        let answer = whole(200).bytes("usage=7;").bytes(vec![b'x'; 2_000]).bytes("end;");
        assert_eq!(left(&stage, answer, after).await, settled(7), "after {after} pieces");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_is_cut_down_is_presumed() {
    let stage = Stage::new();
    let vendor = Arc::new(Vendor::answers(whole(200).piece(Piece::Stall)));
    let task = tokio::spawn(carry(stage.freight(&vendor).await));
    tokio::task::yield_now().await;
    assert_eq!(vendor.requests(), 1);
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::OwnerLost));
}
