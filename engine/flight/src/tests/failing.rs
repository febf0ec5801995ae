//! Answers of status 200 that say that they failed, or that nothing came of.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use reins_dialects::{Dialect, Target, dialects};
use reins_governor::{Outcome, PresumeReason, Status, VoidReason};

use super::stage::{INPUT, PER_TOKEN, Stage, asked, drink, presumed, settled, sip};
use super::vendor::{Answer, Piece, Vendor, stream, whole};
use crate::{Carried, carry};

/// Tokens beyond those that came.
const MARGIN: u64 = 64;
const FREE: (u64, Outcome) = (0, Outcome::Voided(VoidReason::VendorFailed));

/// What is owed for so many tokens of an answer that then failed.
fn failed(tokens: u64) -> (u64, Outcome) {
    (INPUT + (tokens + MARGIN) * PER_TOKEN, Outcome::Presumed(PresumeReason::AnswerFailed))
}

/// Pieces of an answer, what is owed for it, and what became of its call.
type Case = (&'static [&'static [u8]], (u64, Outcome), Status);

fn answers() -> [Case; 5] {
    [
        (&[], FREE, Status::Failed),
        (&[b"fail", b"ed;"], FREE, Status::Failed),
        (&[b"abc", b"failed;"], failed(10), Status::Partial),
        (&[b"usage=7;", b"failed;"], settled(7), Status::Partial),
        (&[b"absurd;", b"failed;"], presumed(PresumeReason::UsageAbsurd), Status::Partial),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_passes_unchanged_and_is_charged_for_its_output_alone() {
    for (pieces, owed, status) in answers() {
        let (stage, vendor) =
            (Stage::new(), Arc::new(Vendor::answers(stream().all(pieces.to_vec()))));
        let got = drink(stage.tap(&vendor).await).await;
        assert_eq!((got.bytes(), got.error), (pieces.concat(), None));
        assert_eq!(stage.ended(&vendor).await, owed);
        let record = stage.account.record();
        assert_eq!((record.status, vendor.requests()), (status, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_a_stream_that_fails_is_charged_as_if_it_had_stayed() {
    for (pieces, owed, _) in answers() {
        for after in 0..=pieces.len() {
            let stage = Stage::new();
            let vendor = Arc::new(Vendor::answers(stream().all(pieces.to_vec())));
            sip(stage.tap(&vendor).await, after).await;
            assert_eq!(stage.ended(&vendor).await, owed, "{pieces:?} after {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_that_fails_passes_unchanged_and_is_charged_for_its_output_alone() {
    for status in [200, 201, 206] {
        for (pieces, owed, word) in answers() {
            let stage = Stage::new();
            let vendor = Arc::new(Vendor::answers(whole(status).all(pieces.to_vec())));
            let Carried::Whole { head, body, closed, .. } = stage.carry(&vendor).await else {
                panic!("not whole")
            };
            assert_eq!((head.status.as_u16(), body.to_vec()), (status, pieces.concat()));
            assert_eq!((stage.ended(&vendor).await, closed.status), (owed, word));
            assert_eq!(vendor.requests(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_that_is_done_later_is_not_free() {
    for (status, owed) in [(202, presumed(PresumeReason::UsageMissing)), (204, FREE)] {
        let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(whole(status))));
        stage.carry(&vendor).await;
        assert_eq!(stage.ended(&vendor).await, owed, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_came_before_a_break_is_not_free() {
    for (answer, charged) in [(stream(), failed(0).0), (whole(200), super::stage::HELD)] {
        let answer = answer.piece(Piece::Break);
        let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(answer)));
        if let Carried::Streaming { tap, .. } = stage.carry(&vendor).await {
            drink(tap).await;
        }
        let reset = Outcome::Presumed(PresumeReason::Reset);
        assert_eq!(stage.ended(&vendor).await, (charged, reset));
    }
}

#[tokio::test(start_paused = true)]
async fn trailers_of_a_vendor_say_nothing_of_money() {
    let trailed = |answer: Answer| answer.piece(Piece::Trailer("x-error", "overloaded"));
    for (answer, owed) in [
        (stream().bytes("usage=7;end;"), settled(7)),
        (whole(200).bytes("usage=7;end;"), settled(7)),
        (stream().bytes("abc"), presumed(PresumeReason::UsageMissing)),
        (whole(200).bytes("abc"), presumed(PresumeReason::UsageMissing)),
        (stream(), FREE),
    ] {
        let (stage, vendor) = (Stage::new(), Arc::new(Vendor::answers(trailed(answer))));
        if let Carried::Streaming { tap, .. } = stage.carry(&vendor).await {
            drink(tap).await;
        }
        assert_eq!(stage.ended(&vendor).await, owed);
    }
}

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text).expect("memory");
    gzip.finish().expect("memory")
}

/// Real dialects, plain and compressed, with an answer in the shape that was not asked for.
#[tokio::test(start_paused = true)]
async fn what_real_vendors_say_before_output_is_free_in_any_shape() {
    const ERROR: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#;
    let texts = [
        (true, format!("data: {ERROR}\n\n")),
        (true, format!("event: error\ndata: {ERROR}\n\n")),
        (true, "event: error\ndata: Overloaded\n\n".to_owned()),
        (false, ERROR.to_owned()),
        (false, String::new()),
    ];
    for dialect in dialects() {
        for (events, text) in &texts {
            for asked in [true, false] {
                for zipped in [true, false] {
                    let wire = if zipped { gzip(text.as_bytes()) } else { text.clone().into() };
                    let answer = if *events { stream() } else { whole(200) };
                    let encoding = if zipped { "gzip" } else { "identity" };
                    let answer = answer.header("content-encoding", encoding).bytes(wire);
                    let ended = ended_in(dialect, asked, answer).await;
                    assert_eq!(
                        ended, FREE,
                        "{dialect:?}, asked: {asked}, zipped: {zipped}: {text}"
                    );
                }
            }
        }
    }
}

async fn ended_in(dialect: &Arc<dyn Dialect>, streams: bool, answer: Answer) -> (u64, Outcome) {
    let request = format!(r#"{{"model":"gpt-4o","max_tokens":100,"stream":{streams}}}"#);
    let target = Target { vendor: dialect.family().name().into(), connection: "c".into() };
    let mut stage = Stage::new();
    stage.read = asked(&**dialect, request.as_bytes()).bind(target);
    stage.read.call.input.text_bytes = INPUT / 10;
    let vendor = Arc::new(Vendor::answers(answer));
    let carried = carry(stage.freight_in(Arc::clone(dialect), &vendor).await).await;
    if let Carried::Streaming { tap, .. } = carried {
        drink(tap).await;
    }
    stage.ended(&vendor).await
}
