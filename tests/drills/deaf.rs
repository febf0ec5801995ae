//! Stderr is a pipe that is not read: calls and pages go on, lost lines are counted, and the
//! process stops in order.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::rig::{Launch, Outside, Site, Speech, Wire, get, reopened, sized, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";

/// Clients at once.
const CLIENTS: usize = 10;
/// Calls of each between two readings of the pages.
const CALLS: usize = 50;
/// How long a page or a stop may take.
const SOON: Duration = Duration::from_secs(5);

/// Calls on one connection; the usage of each is absurd, which is a line in the log.
async fn client(gateway: &Outside, calls: usize) {
    let mut wire = Wire::open(gateway.address).await.unwrap();
    for number in 0..calls {
        let ask = Speech::BOTH[number % 2].ask(20, false).script("usage=negative");
        let answer = timeout(SOON, wire.call(&ask)).await.expect("a call waits for the log");
        let answer = answer.expect("an answer");
        assert!(answer.status == 200 && answer.whole, "{answer:?}");
    }
}

/// Lines of the log that were lost, as `/metrics` shows it.
async fn lost(gateway: &Outside) -> u64 {
    let page = timeout(SOON, get(gateway.address, "/metrics")).await.expect("it waits for the log");
    let shown = String::from_utf8_lossy(&page.body).into_owned();
    let line = shown.lines().find_map(|line| line.strip_prefix("reins_log_lines_lost_total "));
    line.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_read_holds_up_nothing() {
    let site = Site::new(BUDGET).await;
    let gateway = Launch::of(&site).unread().start().await.expect("it starts");
    let (mut calls, mut waves) = (0, 0);
    while waves < sized(1, 20) || lost(&gateway).await == 0 {
        join_all((0..CLIENTS).map(|_| client(&gateway, CALLS))).await;
        let page = timeout(SOON, get(gateway.address, "/healthz")).await;
        assert_eq!(page.expect("`/healthz` waits for the log").status, 200);
        (calls, waves) = (calls + CLIENTS * CALLS, waves + 1);
        assert!(waves < 100, "nothing is ever lost");
    }
    let (lost, signalled) = (lost(&gateway).await, Instant::now());
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let took = signalled.elapsed();
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    println!(
        "deaf: {calls} calls beside a log that is not read: all answered, {lost} lines lost, \
         stopped in {} ms; billed {}, charged {}",
        took.as_millis(),
        text(billed),
        text(totals.charged.nanos()),
    );
    assert!(took < SOON, "it took {took:?} to stop");
    assert!(totals.charged.nanos() >= billed && presumed == 0, "{presumed} presumed");
}
