//! A thousand calls at once, and a vendor that is slow: whatever counts the money, the vendor's own
//! books stay within it.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::rig::{Ask, Inside, Outside, Site, Speech, call, sized, text};

/// The limit, in nano-dollars.
const LIMIT: u64 = 5_000_000_000;

const BUDGET: &str = "[[budget]]\nname = \"five dollars\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"5.00\"\nwindow = \"monthly\"\n";

const RULE: &str = "[[policy]]\nname = \"money\"\n[[policy.rule]]\nname = \"five dollars\"\n\
     action = \"block\"\nwhen = { spend = { scope = \"organization\", window = \"monthly\", \
     limit_usd = \"5.00\" } }\n";

const EXPRESSION: &str = "[[policy]]\nname = \"money\"\n[[policy.rule]]\nname = \"five dollars\"\n\
     action = \"block\"\ncel = \"spend.month('organization') > 5.00\"\n";

/// A call of one cent: a thousand of them cost twice the limit.
fn cent(stream: bool) -> Ask {
    Speech::OpenAi.ask(1000, stream).script("latency_ms=500 output=1000 chunks=4")
}

async fn race(name: &str, rest: &str, stream: bool) {
    let site = Site::new(rest).await;
    let gateway = Outside::start(&site).await;
    let calls = sized(1_000, 5_000);
    let started = Instant::now();
    let answers = join_all((0..calls).map(|_| async {
        let answer = call(gateway.address, &cent(stream)).await.expect("an answer");
        assert!(matches!(answer.status, 200 | 403), "{answer:?}");
        answer.status == 200
    }))
    .await;
    let took = started.elapsed();
    let billed = site.billed().await;
    let admitted = answers.iter().filter(|admitted| **admitted).count();
    println!(
        "race: {name}, {}: limit $5.00, vendor's books {}, {calls} calls at once, {admitted} \
         admitted, {} ms",
        if stream { "streams" } else { "whole answers" },
        text(billed),
        took.as_millis(),
    );
    assert!(billed <= LIMIT, "the vendor billed {}", text(billed));
    assert!(billed >= LIMIT / 10 * 9, "of $5.00, only {} was let through", text(billed));
    assert_eq!(site.books().totals().billed, u64::try_from(admitted).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_not_overspent_by_whole_answers() {
    race("a budget", BUDGET, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_not_overspent_by_streams() {
    race("a budget", BUDGET, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_reads_spend_is_not_overspent_by_whole_answers() {
    race("a rule", RULE, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_reads_spend_is_not_overspent_by_streams() {
    race("a rule", RULE, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_in_cel_is_not_overspent_by_whole_answers() {
    race("a rule in CEL", EXPRESSION, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_in_cel_is_not_overspent_by_streams() {
    race("a rule in CEL", EXPRESSION, true).await;
}

/// What was left over after the race can be spent: nothing stays held.
#[tokio::test(flavor = "multi_thread")]
async fn what_calls_did_not_use_is_there_again() {
    let site = Arc::new(Site::new(BUDGET).await);
    let gateway = Inside::start(&site).await;
    // Each holds a cent and uses a tenth of one.
    let ask = Speech::OpenAi.ask(1000, false).script("latency_ms=100 output=90");
    let mut admitted = 0;
    for _ in 0..2 {
        let answers = join_all((0..600).map(|_| call(gateway.address, &ask))).await;
        admitted += answers.iter().flatten().filter(|answer| answer.status == 200).count();
    }
    let totals = gateway.kept(&site).await.totals().await;
    let billed = site.billed().await;
    println!("race: {admitted} of 1,200 calls that hold a cent and use a tenth: {}", text(billed));
    assert!(admitted > 900, "only {admitted} calls were let through");
    assert_eq!((totals.charged.nanos(), totals.held.nanos()), (billed, 0));
    gateway.stop().await;
}
