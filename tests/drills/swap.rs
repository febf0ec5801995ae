//! New versions while calls are in flight: no call errs, and none is judged by two of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::rig::{Answer, Inside, Site, Speech, Wire, call, get, sized, text, until};

/// Clients at once.
const CLIENTS: usize = 8;
/// Every so many versions, a wrong file comes first.
const WRONG_EVERY: u64 = 10;

/// A version: its number stands in a rule of each of two policies.
fn version(site: &Site, number: u64) -> String {
    let policy = |name: &str| {
        format!(
            "[[policy]]\nname = \"{name}\"\n[[policy.rule]]\nname = \"says\"\naction = \"warn\"\n\
             message = \"version {number}\"\nwhen = {{ models = [\"*\"] }}\n"
        )
    };
    let budget = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
                  limit_usd = \"100000\"\nwindow = \"monthly\"\n";
    format!("{}{budget}{}{}", site.head("process"), policy("one"), policy("two"))
}

/// The one version that a call was judged by.
fn judged_by(answer: &Answer) -> u64 {
    assert!(answer.status == 200 && answer.whole, "{answer:?}");
    let said: Vec<_> = answer.headers.get_all("x-reins-warning").iter().collect();
    assert_eq!(said.len(), 2, "{answer:?}");
    assert_eq!(said[0], said[1], "judged by two versions: {answer:?}");
    let text = said[0].to_str().unwrap();
    text.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Calls on one connection until told to stop. How many calls.
async fn client(
    gateway: SocketAddr,
    number: usize,
    newest: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> u64 {
    let mut wire = Wire::open(gateway).await.unwrap();
    let ask = Speech::BOTH[number % 2].ask(20, number % 4 < 2).script("latency_ms=2 chunks=3");
    let (mut calls, mut last) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let version = judged_by(&wire.call(&ask).await.expect("an answer"));
        assert!(version >= last, "version {version} after version {last}");
        newest.fetch_max(version, Ordering::Relaxed);
        (calls, last) = (calls + 1, version);
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_errs_and_none_sees_two_versions() {
    let site = Site::bare().await;
    site.write(&version(&site, 0));
    let gateway = Inside::start(&site).await;
    let (newest, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(gateway.address, number, Arc::clone(&newest), Arc::clone(&stop)));
    }
    let (swaps, mut wrong) = (sized(200, 1_000), 0);
    for number in 1..=swaps {
        if number % WRONG_EVERY == 0 {
            site.write(&version(&site, number).replace("action = \"warn\"", "action = \"wran\""));
            wrong += 1;
        }
        site.write(&version(&site, number));
        until("the new version is in force", async || {
            newest.load(Ordering::Relaxed) >= number || clients.try_join_next().is_some()
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut calls = 0;
    while let Some(ended) = clients.join_next().await {
        calls += ended.unwrap();
    }
    let charged = gateway.kept(&site).await.totals().await.charged.nanos();
    let billed = site.billed().await;
    println!(
        "swap: {swaps} versions ({wrong} wrong ones between) under {calls} calls: 0 errors, 0 saw \
         two; billed {}, charged {}",
        text(billed),
        text(charged)
    );
    assert_eq!(charged, billed);
    gateway.stop().await;
}

/// The version that the gateway says is in force.
async fn in_force(gateway: SocketAddr) -> String {
    get(gateway, "/readyz").await.json()["policy_version"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_refills_no_limit() {
    let site = Site::bare().await;
    let file = |number| {
        let slow = "calls_per_second = 1\nburst = 50";
        version(&site, number).replace("calls_per_second = 1000000", slow)
    };
    site.write(&file(0));
    let gateway = Inside::start(&site).await;
    let (ask, started) = (Speech::OpenAi.ask(10, false), Instant::now());
    let mut served = 0;
    for number in 1..=sized(3, 20) {
        for _ in 0..60 {
            let answer = call(gateway.address, &ask).await.unwrap();
            assert!(matches!(answer.status, 200 | 429), "{answer:?}");
            served += u64::from(answer.status == 200);
        }
        let before = in_force(gateway.address).await;
        site.write(&file(number));
        until("the edit is in force", async || in_force(gateway.address).await != before).await;
    }
    let most = 50 + started.elapsed().as_secs() + 1;
    println!("swap: {served} calls on a burst of 50 and 1 a second, whatever was edited meanwhile");
    assert!((50..=most).contains(&served), "{served} served, at most {most}");
    gateway.stop().await;
}
