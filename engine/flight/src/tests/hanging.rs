//! Meters that hang: on real threads, with a gate that the test opens once the client has it all.
//!
//! No timer is needed while one hangs: tokio promises none to a runtime with a blocked worker.

use std::sync::Arc;

use bytes::Bytes;
use reins_governor::PresumeReason;

use super::gauge::{Flaw, Gate};
use super::stage::{Stage, drink, presumed, settled};
use super::vendor::{Answer, Vendor, stream};

/// Carries a stream past a meter that hangs at its first piece, until the client has all of it.
async fn hung(stage: &mut Stage, answer: Answer) -> (super::stage::Got, Arc<Vendor>) {
    let gate = Arc::new(Gate::default());
    stage.gauge.flaw = Flaw::Blocks(Arc::clone(&gate));
    let vendor = Arc::new(Vendor::answers(answer));
    let got = drink(stage.tap(&vendor).await).await;
    assert!(stage.account.look().ends.is_empty(), "the meter did not hang");
    gate.open();
    (got, vendor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_does_not_wait_for_a_meter() {
    let mut stage = Stage::new();
    let answer = stream().bytes("one ").bytes("usage=7;").bytes("end;");
    let (got, vendor) = hung(&mut stage, answer).await;
    assert_eq!(got.bytes(), b"one usage=7;end;");
    // The meter caught up.
    assert_eq!(stage.ended(&vendor).await, settled(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_too_far_behind_is_given_up() {
    const PIECE: Bytes = Bytes::from_static(&[b'x'; 1024 * 1024]);
    let mut stage = Stage::new();
    // The usage that it saw may have been corrected in what it did not see.
    let answer = (0..70).fold(stream().bytes("usage=7;"), |answer, _| answer.bytes(PIECE));
    let (got, vendor) = hung(&mut stage, answer).await;
    assert_eq!(got.bytes().len(), "usage=7;".len() + 70 * PIECE.len());
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
}
