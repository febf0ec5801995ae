//! The streams of real vendors, in their own dialects, cut everywhere.

use std::sync::Arc;

use reins_dialects::{ChatCompletions, Dialect, Messages, Target};
use reins_governor::{Outcome, PresumeReason};

use super::stage::{HELD, INPUT, Stage, asked, drink, sip};
use super::vendor::{Answer, Piece, Vendor, stream};
use crate::{Carried, Tap, carry};

const OPENAI: &[u8] = include_bytes!("../../../dialects/fixtures/openai/stream.sse");
const ANTHROPIC: &[u8] = include_bytes!("../../../dialects/fixtures/anthropic/stream.sse");

/// Pieces that end inside of events, fields and letters.
const PIECE: usize = 97;

/// A dialect, a stream of its vendor, and what that costs in nano-USD.
struct Case {
    dialect: Arc<dyn Dialect>,
    vendor: &'static str,
    request: &'static [u8],
    wire: &'static [u8],
    cost: u64,
}

fn cases() -> [Case; 3] {
    let with = br#"{"model":"gpt-4o-mini","max_tokens":100,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hello"}]}"#;
    let without = br#"{"model":"gpt-4o-mini","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
    let claude = br#"{"model":"claude-sonnet-4-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
    let openai = |request| {
        let cost = 17 * 10 + 28 * 100;
        Case { dialect: Arc::new(ChatCompletions), vendor: "openai", request, wire: OPENAI, cost }
    };
    let cost = 25 * 10 + 15 * 100;
    let (dialect, vendor) = (Arc::new(Messages), "anthropic");
    [
        openai(with),
        openai(without),
        Case { dialect, vendor, request: claude, wire: ANTHROPIC, cost },
    ]
}

impl Case {
    fn stage(&self) -> Stage {
        let target = Target { vendor: self.vendor.into(), connection: self.vendor.into() };
        let mut stage = Stage::new();
        stage.read = asked(&*self.dialect, self.request).bind(target);
        stage.read.call.input.text_bytes = INPUT / 10;
        stage.terms.drain_max = 1024 * 1024;
        stage
    }

    fn pieces(&self) -> impl Iterator<Item = &'static [u8]> {
        self.wire.chunks(PIECE)
    }

    async fn tap(&self, stage: &Stage, answer: Answer) -> (Tap, Arc<Vendor>) {
        let vendor = Arc::new(Vendor::answers(answer));
        let freight = stage.freight_in(Arc::clone(&self.dialect), &vendor).await;
        match stage.crew.owners.spawn(carry(freight)).await.expect("no panic") {
            Carried::Streaming { tap, .. } => (tap, vendor),
            other => panic!("not a stream: {other:?}"),
        }
    }

    /// Whether the client asked for usage, or its dialect tells it unasked.
    fn asked(&self) -> bool {
        self.dialect.filter(&self.stage().read).is_none()
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_passes_and_is_charged_as_its_vendor_says() {
    for case in cases() {
        let stage = case.stage();
        let (tap, vendor) = case.tap(&stage, stream().all(case.pieces())).await;
        let got = drink(tap).await.bytes();
        if case.asked() {
            assert_eq!(got, case.wire);
        } else {
            let text = String::from_utf8(got).expect("whole letters");
            assert!(!text.contains("prompt_tokens") && text.ends_with("data: [DONE]\n\n"));
            assert_eq!(text.matches("data: ").count(), 11, "one event was hidden");
        }
        assert_eq!(stage.ended(&vendor).await, (case.cost, Outcome::Settled));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_anywhere_pays_what_the_vendor_says() {
    for case in cases() {
        for after in 0..=case.pieces().count() {
            let stage = case.stage();
            let (tap, vendor) = case.tap(&stage, stream().all(case.pieces())).await;
            sip(tap, after).await;
            let expected = (case.cost, Outcome::Settled);
            assert_eq!(stage.ended(&vendor).await, expected, "after {after} pieces");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_anywhere_is_never_free_and_never_beyond_its_hold() {
    for case in cases().into_iter().filter(Case::asked) {
        let count = case.pieces().count();
        let mut charges = Vec::new();
        for after in 0..count {
            let stage = case.stage();
            let answer = stream().all(case.pieces().take(after)).piece(Piece::Break);
            let (tap, vendor) = case.tap(&stage, answer).await;
            let sent: Vec<&[u8]> = case.pieces().take(after).collect();
            assert_eq!(drink(tap).await.bytes(), sent.concat());
            let (charged, outcome) = stage.ended(&vendor).await;
            let told = outcome == Outcome::Settled;
            assert!(told || outcome == Outcome::Presumed(PresumeReason::Reset), "{outcome:?}");
            assert!(!told || charged == case.cost);
            charges.push(charged);
        }
        assert!(charges.iter().all(|charged| (INPUT..=HELD).contains(charged)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_in_one_piece_is_charged_the_same() {
    for case in cases() {
        let stage = case.stage();
        let (tap, vendor) = case.tap(&stage, stream().bytes(case.wire)).await;
        drink(tap).await;
        assert_eq!(stage.ended(&vendor).await, (case.cost, Outcome::Settled));
    }
}
