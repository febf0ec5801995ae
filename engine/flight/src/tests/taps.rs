//! The tap by itself: its end, and the time it waits for a receipt.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{poll, stream};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::stage::{IDLE, cost_trailer, drink, sip};
use crate::BoxedBody;
use crate::copies::Copies;
use crate::outcome::BodyEnd;
use crate::owner::{Event, Lag};
use crate::tap::{Tap, TapError};

fn copies(events: mpsc::UnboundedSender<Event>) -> Copies {
    Copies::new(events, Arc::new(Lag::default()))
}

fn tap(body: &'static str) -> (Tap, mpsc::UnboundedReceiver<Event>) {
    let (events, listening) = mpsc::unbounded_channel();
    let body: BoxedBody = Full::from(body).map_err(|never| match never {}).boxed_unsync();
    (Tap::new(body, VecDeque::new(), None, copies(events), IDLE), listening)
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_does_not_come_is_waited_for_a_tenth_of_a_second() {
    let (tap, _listening) = tap("abc");
    let (_owner, receipt) = oneshot::channel();
    let started = Instant::now();
    let got = drink(tap.with_trailers(receipt, Box::new(cost_trailer))).await;
    assert_eq!((got.bytes(), got.trailers, got.error), (b"abc".to_vec(), None, None));
    // The timer of tokio ticks in milliseconds.
    let waited = started.elapsed().saturating_sub(Duration::from_millis(100));
    assert!(waited <= Duration::from_millis(1), "{waited:?} beyond its time");
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_never_can_come_is_not_waited_for() {
    let (tap, _listening) = tap("abc");
    let (owner, receipt) = oneshot::channel();
    drop(owner);
    let started = Instant::now();
    let got = drink(tap.with_trailers(receipt, Box::new(cost_trailer))).await;
    assert_eq!((got.trailers, started.elapsed()), (None, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_known_length_has_ended_with_its_last_byte() {
    // Whoever knows the length does not ask for what comes after it.
    let (tap, mut listening) = tap("abc");
    assert_eq!(sip(tap, 1).await, b"abc");
    assert!(matches!(listening.try_recv(), Ok(Event::Batch(bytes)) if bytes == "abc"));
    assert!(matches!(listening.try_recv(), Ok(Event::Ended(BodyEnd::Whole))));
    assert!(listening.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_has_time_for_what_came_before_a_break() {
    let (events, mut listening) = mpsc::unbounded_channel();
    let pieces = [Ok(Frame::data(Bytes::from("abc"))), Err("cut".into())];
    let body: BoxedBody = StreamBody::new(stream::iter(pieces)).boxed_unsync();
    let mut tap = Tap::new(body, VecDeque::new(), None, copies(events), IDLE);
    assert!(poll!(tap.frame()).is_ready());
    assert!(poll!(tap.frame()).is_pending(), "there is no time to write");
    assert!(matches!(listening.try_recv(), Ok(Event::Batch(bytes)) if bytes == "abc"));
    assert!(matches!(listening.try_recv(), Ok(Event::Ended(BodyEnd::Broken { behind: false }))));
    let Poll::Ready(Some(Err(error))) = poll!(tap.frame()) else { panic!("nobody is told") };
    assert_eq!(error, TapError::Broken);
    assert!(poll!(tap.frame()).is_ready(), "it has ended");
}

#[tokio::test(start_paused = true)]
async fn the_owner_is_told_once_how_it_ended() {
    let (tap, mut listening) = tap("");
    assert_eq!(drink(tap).await.pieces, Vec::<Bytes>::new());
    assert!(matches!(listening.try_recv(), Ok(Event::Ended(BodyEnd::Whole))));
    assert!(listening.try_recv().is_err());

    let (left, mut listening) = tap_of_two();
    sip(left, 1).await;
    assert!(matches!(listening.try_recv(), Ok(Event::Batch(bytes)) if bytes == "onetwo"));
    assert!(matches!(listening.try_recv(), Ok(Event::Left(_))));
    assert!(listening.try_recv().is_err());
}

/// Two pieces that were kept, before a body that has not come yet.
fn tap_of_two() -> (Tap, mpsc::UnboundedReceiver<Event>) {
    let (events, listening) = mpsc::unbounded_channel();
    let body: BoxedBody = Full::from("three").map_err(|never| match never {}).boxed_unsync();
    let kept = VecDeque::from([Bytes::from("one"), Bytes::from("two")]);
    (Tap::new(body, kept, None, copies(events), IDLE), listening)
}
