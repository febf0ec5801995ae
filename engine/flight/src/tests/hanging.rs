//! Meters that hang: on a real thread of their own, behind a gate that the test opens once the
//! clients have all they want. Everything else runs on one single thread.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reins_governor::PresumeReason;
use tokio::time::{Instant, sleep};

use super::gauge::{Flaw, Gate};
use super::stage::{Got, Stage, drink, presumed, settled, sip};
use super::vendor::{Answer, Vendor, stream, whole};
use crate::Carried;

const PIECE: Bytes = Bytes::from_static(&[b'x'; 1024 * 1024]);

/// A call whose meter hangs at its first piece until the gate is open.
fn hanging(answer: Answer) -> (Stage, Arc<Vendor>, Arc<Gate>) {
    let (mut stage, gate) = (Stage::new(), Arc::new(Gate::default()));
    stage.gauge.flaw = Flaw::Blocks(Arc::clone(&gate));
    (stage, Arc::new(Vendor::answers(answer)), gate)
}

/// Carries a stream past a meter that hangs, until the client has all of it.
async fn hung(answer: Answer) -> (Got, Stage, Arc<Vendor>) {
    let (stage, vendor, gate) = hanging(answer);
    let got = drink(stage.tap(&vendor).await).await;
    assert!(stage.account.is_empty(), "the meter did not hang");
    gate.open();
    (got, stage, vendor)
}

#[tokio::test]
async fn a_client_does_not_wait_for_a_meter() {
    let answer = stream().bytes("one ").bytes("usage=7;").bytes("end;");
    let (got, stage, vendor) = hung(answer).await;
    assert_eq!(got.bytes(), b"one usage=7;end;");
    // The meter caught up.
    assert_eq!(stage.ended(&vendor).await, settled(7));
}

#[tokio::test]
async fn a_meter_too_far_behind_is_given_up() {
    // The usage that it saw may have been corrected in what it did not see.
    let answer = (0..70).fold(stream().bytes("usage=7;"), |answer, _| answer.bytes(PIECE));
    let (got, stage, vendor) = hung(answer).await;
    assert_eq!(got.bytes().len(), "usage=7;".len() + 70 * PIECE.len());
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
}

#[tokio::test]
async fn other_calls_go_on_beside_a_meter_that_hangs() {
    // Long enough that its meter is asked before it has ended.
    let long = (0..4).fold(stream().bytes("usage=7;"), |answer, _| answer.bytes(PIECE));
    let (stage, vendor, gate) = hanging(long);
    let tap = stage.tap(&vendor).await;
    let other = tokio::spawn(async {
        let (stage, answer) = (Stage::new(), whole(200).after(Duration::from_millis(50)));
        let vendor = Arc::new(Vendor::answers(answer.bytes("usage=8;end;")));
        stage.carry(&vendor).await;
        let stage = Stage::new();
        let vendor = Arc::new(Vendor::answers(stream().bytes("usage=8;end;")));
        drink(stage.tap(&vendor).await).await;
        stage.ended(&vendor).await
    });
    let timer = tokio::spawn(sleep(Duration::from_millis(50)));
    assert_eq!(drink(tap).await.bytes().len(), "usage=7;".len() + 4 * PIECE.len());
    timer.await.expect("no panic");
    assert_eq!(other.await.expect("no panic"), settled(8));
    assert!(!gate.is_open(), "somebody waited for the meter");
    gate.open();
    assert_eq!(stage.ended(&vendor).await, settled(7));
}

#[tokio::test]
async fn a_client_that_leaves_beside_a_meter_that_hangs_pays_what_the_vendor_says() {
    let (mut stage, vendor, gate) = hanging(stream().bytes("usage=7;").bytes(PIECE).bytes(PIECE));
    stage.terms.drain_max = u64::MAX;
    sip(stage.tap(&vendor).await, 1).await;
    let opening = async {
        sleep(Duration::from_millis(50)).await;
        assert!(!gate.is_open(), "somebody waited for the meter");
        gate.open();
    };
    let (ended, ()) = tokio::join!(stage.ended(&vendor), opening);
    assert_eq!(ended, settled(7));
}

#[tokio::test]
async fn a_whole_answer_waits_a_second_for_its_meter() {
    let (mut stage, vendor, gate) = hanging(whole(200).bytes(PIECE).bytes("usage=7;end;"));
    stage.terms.whole_max = 2 * PIECE.len();
    let started = Instant::now();
    let Carried::Whole { body, .. } = stage.carry(&vendor).await else { panic!("not whole") };
    assert_eq!(body.len(), PIECE.len() + "usage=7;end;".len());
    assert!(started.elapsed() < Duration::from_secs(10) && !gate.is_open());
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
    gate.open();
}
