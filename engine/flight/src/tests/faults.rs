//! Meters and filters that fail: the bytes pass all the same, and the call ends with a figure.

use std::sync::Arc;

use reins_governor::PresumeReason;

use super::gauge::Flaw;
use super::stage::{Stage, drink, presumed, settled, sip};
use super::vendor::{Vendor, stream, whole};
use crate::Carried;

const PIECES: [&[u8]; 4] = [b"one ", b"two ", b"usage=7;", b"end;"];

fn flaws() -> impl Iterator<Item = Flaw> {
    (0..PIECES.concat().len()).map(Flaw::PanicsAt).chain([Flaw::PanicsAtTheEnd])
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_panics_harms_no_stream() {
    for flaw in flaws() {
        let mut stage = Stage::new();
        stage.gauge.flaw = flaw;
        let vendor = Arc::new(Vendor::answers(stream().all(PIECES)));
        let got = drink(stage.tap(&vendor).await).await;
        assert_eq!((got.bytes(), got.error), (PIECES.concat(), None));
        assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_panics_harms_no_drain() {
    for flaw in flaws() {
        let mut stage = Stage::new();
        stage.gauge.flaw = flaw;
        let vendor = Arc::new(Vendor::answers(stream().all(PIECES)));
        sip(stage.tap(&vendor).await, 1).await;
        assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_panics_harms_no_whole_answer() {
    for flaw in [Flaw::PanicsAt(0), Flaw::PanicsAtTheEnd] {
        let mut stage = Stage::new();
        stage.gauge.flaw = flaw;
        let vendor = Arc::new(Vendor::answers(whole(200).all(PIECES)));
        let Carried::Whole { body, .. } = stage.carry(&vendor).await else { panic!("not whole") };
        assert_eq!(body, PIECES.concat());
        assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_panics_loses_no_byte_and_ends_no_stream() {
    // The last one fails when the stream has ended.
    for fails_at in 0..=PIECES.len() {
        let mut stage = Stage::new();
        stage.gauge.filter_fails_at = Some(fails_at);
        let vendor = Arc::new(Vendor::answers(stream().all(PIECES)));
        let got = drink(stage.tap(&vendor).await).await;
        assert_eq!((got.bytes(), got.error), (PIECES.concat(), None), "at piece {fails_at}");
        assert_eq!(stage.ended(&vendor).await, settled(7));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_decoded_passes_and_is_presumed() {
    for encoding in ["br", "gzip"] {
        let stage = Stage::new();
        let answer = stream().header("content-encoding", encoding).all(PIECES);
        let vendor = Arc::new(Vendor::answers(answer));
        assert_eq!(drink(stage.tap(&vendor).await).await.bytes(), PIECES.concat());
        assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_one_call_is_none_of_another() {
    let mut stage = Stage::new();
    stage.gauge.flaw = Flaw::PanicsAt(1);
    let vendor = Arc::new(Vendor::answers(stream().all(PIECES)));
    drink(stage.tap(&vendor).await).await;
    assert_eq!(stage.ended(&vendor).await, presumed(PresumeReason::UsageMissing));
    let next = Stage::new();
    let vendor = Arc::new(Vendor::answers(stream().all(PIECES)));
    drink(next.tap(&vendor).await).await;
    assert_eq!(next.ended(&vendor).await, settled(7));
}
