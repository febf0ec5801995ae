//! Both doors end a call alike: the same bytes in any pieces, through a call that is carried and
//! through one that is watched, come to the same settlement.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proptest::prelude::*;
use reins_governor::{Accuracy, Outcome, Status, Transaction};

use super::failing::gzip;
use super::stage::{Stage, drink};
use super::vendor::{Answer, Piece, Vendor, stream, whole};
use crate::{Carried, NoAnswer, WatchEnd};

/// How an answer ends.
#[derive(Clone, Copy, Debug)]
enum Last {
    Complete,
    Breaks,
    Stalls,
}

/// An answer as it comes over the wire, in two ways to cut it into pieces.
#[derive(Clone, Debug)]
struct Wire {
    status: u16,
    events: bool,
    encoding: &'static str,
    bytes: Vec<u8>,
    carried_in: usize,
    watched_in: usize,
    last: Last,
    closing_stops: bool,
    filters: bool,
}

/// What a call comes to.
#[derive(Debug, PartialEq)]
struct Settlement {
    charged: u64,
    outcomes: Vec<Outcome>,
    vendor_status: Vec<Option<u16>>,
    status: Status,
    accuracy: Accuracy,
    output: u64,
}

impl Settlement {
    fn of(record: &Transaction) -> Self {
        Self {
            charged: record.cost.total.nanos(),
            outcomes: record.attempts.iter().map(|attempt| attempt.outcome).collect(),
            vendor_status: record.attempts.iter().map(|attempt| attempt.vendor_status).collect(),
            status: record.status,
            accuracy: record.accuracy,
            output: record.tokens.output.get(),
        }
    }
}

impl Wire {
    fn stage(&self) -> Stage {
        let mut stage = Stage::new();
        // A host that sends for itself asks again for itself.
        stage.terms.retries = 0;
        stage.gauge.billing.closing_stops_streams = self.closing_stops;
        stage.gauge.filters = self.filters;
        stage
    }

    fn answer(&self) -> Answer {
        let answer = if self.events {
            // The status of a stream is a vendor's to choose, too.
            stream().status(self.status)
        } else {
            whole(self.status)
        };
        let answer = answer.header("content-encoding", self.encoding);
        let answer = answer.all(self.bytes.chunks(self.carried_in));
        match self.last {
            Last::Complete => answer,
            Last::Breaks => answer.piece(Piece::Break),
            Last::Stalls => answer.piece(Piece::Stall),
        }
    }

    /// Through the door that sends. What its client got, and what it came to.
    async fn carried(&self) -> (Option<Vec<u8>>, Settlement) {
        let (stage, vendor) = (self.stage(), Arc::new(Vendor::answers(self.answer())));
        let got = match stage.carry(&vendor).await {
            Carried::Streaming { tap, .. } => Some(drink(tap).await.bytes()),
            Carried::Whole { .. } | Carried::Failed { .. } => None,
        };
        stage.ended(&vendor).await;
        (got, Settlement::of(&stage.account.record()))
    }

    /// Through the door that watches.
    async fn watched(&self) -> (Vec<u8>, Settlement) {
        let stage = self.stage();
        let kind = if self.events { "text/event-stream" } else { "application/json" };
        let pairs = [(header::CONTENT_TYPE, kind), (header::CONTENT_ENCODING, self.encoding)];
        let pair = |(name, value)| (name, HeaderValue::from_static(value));
        let headers: HeaderMap = pairs.into_iter().map(pair).collect();
        let status = StatusCode::from_u16(self.status).expect("a status");
        let mut watched = stage.watch().await.head(status, &headers);
        let mut got = Vec::new();
        for piece in self.bytes.chunks(self.watched_in) {
            got.extend_from_slice(&watched.data(Bytes::copy_from_slice(piece)));
        }
        let ended = watched.end(match self.last {
            Last::Complete => WatchEnd::Complete,
            Last::Breaks => WatchEnd::Broken,
            Last::Stalls => WatchEnd::Stalled,
        });
        let complete = matches!(self.last, Last::Complete);
        got.extend_from_slice(if complete { &ended.rest } else { &[] });
        let closed = ended.settled.await.expect("a receipt");
        stage.closed().await;
        let settlement = Settlement::of(&stage.account.record());
        assert_eq!(closed.cost.total.nanos(), settlement.charged);
        (got, settlement)
    }
}

fn wires() -> impl Strategy<Value = Wire> {
    let word = prop_oneof![
        4 => Just("data: x\n\n"),
        1 => Just("usage=7;"),
        1 => Just("usage=99999;"),
        1 => Just("absurd;"),
        1 => Just("failed;"),
        1 => Just("#"),
        1 => Just("end;"),
    ];
    let text = prop::collection::vec(word, 0..12).prop_map(|words| words.concat());
    let size = prop_oneof![9 => Just(0_usize), 1 => Just(40_000)];
    let text = (text, size).prop_map(|(text, more)| text + &"y".repeat(more));
    let status = prop_oneof![
        8 => Just(200_u16),
        1 => Just(202),
        1 => prop::sample::select(vec![302, 400, 408, 429, 499, 500, 503, 504, 524, 599]),
    ];
    let encoding = prop::sample::select(vec!["identity", "gzip", "br"]);
    let last = prop::sample::select(vec![Last::Complete, Last::Breaks, Last::Stalls]);
    let pieces = || prop_oneof![1_usize..16, 100_usize..50_000];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let parts = (status, encoding, text, (pieces(), pieces()), last, flags);
    parts.prop_map(|(status, encoding, text, cut, last, (events, closing_stops, filters))| {
        let bytes = if encoding == "gzip" { gzip(text.as_bytes()) } else { text.into_bytes() };
        let (carried_in, watched_in) = cut;
        Wire {
            status,
            events,
            encoding,
            bytes,
            carried_in,
            watched_in,
            last,
            closing_stops,
            filters,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn both_doors_come_to_the_same_settlement(wire in wires()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let (carried, watched) = (wire.carried().await, wire.watched().await);
            prop_assert_eq!(&carried.1, &watched.1);
            if let Some(got) = carried.0 {
                prop_assert_eq!(got, watched.0);
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_comes_to_the_same_through_both() {
    use super::vendor::Reply;
    for (reply, why) in [
        (Reply::NotConnected, NoAnswer::NotConnected),
        (Reply::Broken, NoAnswer::Broken),
        (Reply::Silent, NoAnswer::TimedOut),
    ] {
        let mut stage = Stage::new();
        stage.terms.retries = 0;
        let vendor = Arc::new(Vendor::new([reply]));
        stage.carry(&vendor).await;
        stage.ended(&vendor).await;
        let carried = Settlement::of(&stage.account.record());
        let stage = Stage::new();
        drop(stage.watch().await.unanswered(why));
        stage.closed().await;
        assert_eq!(Settlement::of(&stage.account.record()), carried, "{why:?}");
    }
}
