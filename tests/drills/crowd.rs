//! More sessions than fit in memory: each is counted, and memory stays flat.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;

use crate::rig::{Kept, Outside, Site, Speech, Wire, reopened, sized, text};

const BUDGETS: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n\
     [[budget]]\nname = \"a session\"\nscope = { session = \"*\" }\n\
     limit_usd = \"0.0003\"\nwindow = \"daily\"\n";

/// Connections at once.
const CLIENTS: u64 = 8;
/// How much memory is in use after a crowd that just fills what is kept in memory, in KiB.
const FILLED_KIB: u64 = 80 * 1024;
/// How much more any larger crowd may take, in KiB.
const MORE_KIB: u64 = 24 * 1024;

/// Calls under ever new sessions, up to number `end`.
async fn client(gateway: SocketAddr, next: Arc<AtomicU64>, end: u64) {
    let mut wire = Wire::open(gateway).await.unwrap();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return;
        }
        let session = format!("session-{number:09}");
        let ask = Speech::OpenAi.ask(10, false).with("x-reins-session", &session);
        let answer = wire.call(&ask).await.unwrap();
        assert_eq!(answer.status, 200, "{session}: {answer:?}");
    }
}

async fn crowd(gateway: &Outside, from: u64, to: u64) {
    let next = Arc::new(AtomicU64::new(from));
    join_all((0..CLIENTS).map(|_| client(gateway.address, Arc::clone(&next), to))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_flat_however_many_sessions_come() {
    let site = Site::new(BUDGETS).await;
    let gateway = Outside::start(&site).await;
    let all = sized(20_000, 1_000_000);
    crowd(&gateway, 0, all / 4).await;
    let before = gateway.memory_kib();
    crowd(&gateway, all / 4, all).await;
    let after = gateway.memory_kib();
    // Whoever came first is still known: a second call does not fit into its budget.
    let again = Speech::OpenAi.ask(10, false).with("x-reins-session", "session-000000000");
    let mut wire = Wire::open(gateway.address).await.unwrap();
    let again = wire.call(&again).await.unwrap();
    assert_eq!(again.status, 403, "the first session was forgotten: {again:?}");
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    println!(
        "crowd: {all} sessions, a budget each: memory {before} KiB after a quarter, {after} KiB \
         after all; billed {}, charged {}",
        text(billed),
        text(totals.charged.nanos())
    );
    let most = sized(FILLED_KIB, before + MORE_KIB);
    assert!(after < most, "memory grew from {before} to {after} KiB");
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0));
    Kept::of(&site).check().await;
}
