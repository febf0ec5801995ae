//! Clients that leave before the end of their answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::BodyExt;
use reins_governor::{Outcome, PresumeReason, Status, Tokens, VoidReason};
use tokio::time::{Instant, sleep, timeout};

use super::account::HOLD_LIFE;
use super::gauge::Flaw;
use super::stage::{DRAIN, HELD, IDLE, INPUT, PER_TOKEN, Stage, drink, presumed, settled, sip};
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
    let endless = || (0..1_000).fold(stream(), |answer, _| answer.bytes(vec![b'x'; 100]));
    let mut stage = Stage::new();
    stage.read.call.output_cap = Some(Tokens(1_000));
    let vendor = Arc::new(Vendor::answers(endless()));
    sip(stage.tap(&vendor).await, 2).await;
    let (charged, outcome) = stage.ended(&vendor).await;
    // Beyond the 1,000 bytes of its terms only what is there already, until it is more than 32 KiB.
    assert_eq!(charged, INPUT + 1_000 * PER_TOKEN);
    assert_eq!(outcome, Outcome::Presumed(PresumeReason::DrainCut));
    assert_eq!(vendor.read(), 32 * 1024 / 100 + 1);
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
    let swept = stage.sweep();
    assert_eq!(left(&stage, slow.bytes("usage=7;"), 1).await, settled(7));
    assert_eq!(swept.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_gives_no_sign_of_life_is_swept() {
    let stage = Stage::new();
    let (_admitted, swept) = (stage.admitted().await, stage.sweep());
    sleep(HOLD_LIFE - Duration::from_secs(1)).await;
    assert_eq!(swept.load(Ordering::Relaxed), 0);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(swept.load(Ordering::Relaxed), 1);
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

/// The pieces, of which only the first is there at once.
fn paused() -> Answer {
    let (first, rest) = PIECES.split_at(1);
    let wait = Piece::Wait(Duration::from_secs(1));
    stream().all(first.to_vec()).piece(wait).all(rest.to_vec())
}

#[tokio::test(start_paused = true)]
async fn what_is_there_already_is_read_without_a_place() {
    let stage = Stage::new();
    stage.crew.drains.close();
    assert_eq!(left(&stage, stream().all(PIECES), 1).await, settled(7));
    let stage = Stage::new();
    stage.crew.drains.close();
    let there = stream().bytes("12").bytes("345").piece(Piece::Stall);
    assert_eq!(left(&stage, there, 1).await, cut(5));
}

/// A call whose bound is far above what comes of its answer.
fn spacious() -> Stage {
    let mut stage = Stage::new();
    stage.limit = 100_000_000;
    stage.terms.drain_max = 1;
    stage.read.call.output_cap = Some(Tokens(500_000));
    stage
}

#[tokio::test(start_paused = true)]
async fn more_than_was_read_may_have_waited_for_a_client_that_could_not_keep_up() {
    const BOUND: u64 = INPUT + 500_000 * PER_TOKEN;
    let pieces = |answer: Answer, count: u64| {
        (0..count).fold(answer, |answer, _| answer.bytes(vec![b'x'; 1024]))
    };
    let wait = Piece::Wait(Duration::from_secs(1));
    let counted = |pieces: u64| INPUT + (pieces * 1024 + MARGIN) * PER_TOKEN;
    for (ends, why) in
        [(Piece::Break, PresumeReason::Reset), (Piece::Stall, PresumeReason::DrainCut)]
    {
        for (before, after, charged) in
            [(1, 20, counted(21)), (40, 20, counted(60)), (1, 40, BOUND)]
        {
            let answer = pieces(stream(), before).piece(wait.clone());
            let answer = pieces(answer, after).piece(ends.clone());
            let stage = spacious();
            let vendor = Arc::new(Vendor::answers(answer));
            let mut tap = stage.tap(&vendor).await;
            // The client takes what came before the pause, and one piece of what came after.
            for _ in 0..=before {
                tap.frame().await.expect("a piece").expect("no error");
            }
            drop(tap);
            // Where more is there than is read, the break is not met.
            let why = if charged == BOUND { PresumeReason::DrainCut } else { why };
            let outcome = Outcome::Presumed(why);
            assert_eq!(stage.ended(&vendor).await, (charged, outcome), "{before} {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_break_behind_a_backlog_costs_the_bound_though_the_client_stays() {
    for (pieces, bound) in [(20, false), (40, true)] {
        let answer = (0..pieces).fold(stream(), |answer, _| answer.bytes(vec![b'x'; 1024]));
        let (stage, vendor) = (spacious(), Arc::new(Vendor::answers(answer.piece(Piece::Break))));
        drink(stage.tap(&vendor).await).await;
        let counted = INPUT + (pieces * 1024 + MARGIN) * PER_TOKEN;
        let charged = if bound { INPUT + 500_000 * PER_TOKEN } else { counted };
        let reset = Outcome::Presumed(PresumeReason::Reset);
        assert_eq!(stage.ended(&vendor).await, (charged, reset));
    }
}

#[tokio::test(start_paused = true)]
async fn only_so_many_rests_are_read_at_once() {
    let stage = Stage::new();
    let busy = stage.crew.drains.clone().try_acquire_owned().expect("a place");
    assert_eq!(left(&stage, paused(), 1).await, cut(4));
    drop(busy);
    let free = Stage::new();
    assert_eq!(left(&free, paused(), 1).await, settled(7));
    assert_eq!(free.crew.drains.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cut_rest_costs_the_hold_where_the_vendor_goes_on() {
    let mut stage = Stage::new();
    stage.gauge.billing.closing_stops_streams = false;
    stage.crew.drains.close();
    assert_eq!(left(&stage, paused(), 1).await, presumed(PresumeReason::DrainCut));
    let mut stage = Stage::new();
    stage.gauge.flaw = Flaw::Unseen;
    stage.crew.drains.close();
    assert_eq!(left(&stage, paused(), 1).await, presumed(PresumeReason::DrainCut));
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

/// An answer that trickles for ever: blanks, each well within the idle timeout.
fn trickling(answer: Answer) -> Answer {
    let wait = Piece::Wait(Duration::from_secs(7));
    (0..1_000).fold(answer, |answer, _| answer.piece(wait.clone()).bytes(" "))
}

/// A client leaves before it is answered. What was charged for which outcome, and how long after
/// the client had left.
async fn left_early(answer: Answer, after: Duration) -> ((u64, Outcome), Duration, Stage) {
    let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(answer)));
    let call = stage.crew.outlive(&stage.client, carry(stage.freight(&vendor).await));
    assert!(timeout(after, call).await.is_err(), "it was answered");
    let left = Instant::now();
    let ended = stage.ended(&vendor).await;
    (ended, left.elapsed(), stage)
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_for_longer_than_the_drain_when_its_client_has_left() {
    let (never, cut) = (Duration::from_secs(3_600), PresumeReason::DrainCut);
    for (answer, streams) in [
        (trickling(whole(200)), false),
        (trickling(whole(500)), false),
        (whole(200).after(never), false),
        (trickling(stream().after(DRAIN / 2)), true),
        // It grows too large to be kept, and passes as it comes.
        (trickling(whole(200).piece(Piece::Wait(DRAIN / 2)).bytes(vec![b'x'; 2_000])), false),
    ] {
        let ((charged, outcome), after, stage) = left_early(answer, DRAIN / 3).await;
        assert_eq!(after.as_millis(), DRAIN.as_millis());
        let declined = stage.account.record().attempts[0].vendor_status == Some(500);
        let expected = if declined { None } else { Some(Outcome::Presumed(cut)) };
        assert_eq!(expected.unwrap_or(outcome), outcome);
        assert_eq!(charged > 0, !declined, "given up for {charged}");
        assert!(streams || declined || charged == HELD, "{charged}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_client_left_is_not_tried_again() {
    let answer = whole(500).after(Duration::from_secs(5)).bytes("{}");
    let (ended, after, _) = left_early(answer, Duration::from_secs(1)).await;
    assert_eq!(ended, (0, Outcome::Voided(VoidReason::VendorFailed)));
    assert_eq!(after, Duration::from_secs(4));
}
