//! Killed in the middle of everything: after each restart every call that the vendor billed has its
//! charge, nothing is held, and what is kept adds up.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;

use crate::rig::{Kept, Outside, Site, Speech, Wire, reopened, sized, text, until};

/// Clients at once.
const CLIENTS: u64 = 16;

const BUDGETS: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n\
     [[budget]]\nname = \"a session\"\nscope = { session = \"*\" }\n\
     limit_usd = \"100\"\nwindow = \"daily\"\n";

/// What the kills of one drill came to.
#[derive(Default)]
struct Sum {
    calls: u64,
    presumed: u64,
    settled: u64,
}

/// A number nobody chose. It need not be repeatable: the instant of a kill is not, either.
fn dice(sides: u64) -> u64 {
    RandomState::new().build_hasher().finish() % sides
}

/// One client: call after call, each under a name of its own, until the gateway is gone.
async fn client(gateway: SocketAddr, names: Arc<AtomicU64>) {
    let Some(mut wire) = Wire::open(gateway).await else { return };
    loop {
        let number = names.fetch_add(1, Ordering::Relaxed);
        let speech = Speech::BOTH[usize::from(number.is_multiple_of(4))];
        let stream = number.is_multiple_of(2);
        let (latency, gap) = (dice(8), dice(3));
        let name = format!("call-{number}");
        let script = format!("id={name} latency_ms={latency} gap_ms={gap} chunks=4 output=40");
        let ask = speech.ask(64, stream).script(&script).with("x-reins-session", &name);
        if wire.call(&ask).await.is_none_or(|answer| !answer.whole) {
            return;
        }
    }
}

/// Serves under load until it is killed.
async fn round(site: &Site, names: &Arc<AtomicU64>) {
    let gateway = Outside::start(site).await;
    let before = site.books().totals().calls;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(gateway.address, Arc::clone(names)));
    }
    // From the first call that arrives at the vendor on, any instant is as good as any other.
    let after = before + 1 + dice(200);
    until("calls arrive", async || site.books().totals().calls >= after).await;
    let spins = dice(2_000);
    for _ in 0..spins {
        tokio::task::yield_now().await;
    }
    gateway.kill();
    while clients.join_next().await.is_some() {}
}

/// Every call that the vendor billed in this round was charged, for at least as much.
async fn compare(site: &Site, sum: &mut Sum) {
    let kept = Kept::of(site);
    for entry in site.books().last(usize::MAX) {
        let name = entry.tag.as_deref().unwrap();
        let (charged, calls) = kept.session(name).await;
        let mut billed = entry.rounded_usd;
        billed.rescale(9);
        let billed = u64::try_from(billed.mantissa()).unwrap();
        assert_eq!(calls, 1, "{name} was billed by the vendor and has {calls} charges");
        assert!(charged >= billed, "{name} was billed {billed} and charged {charged}");
        sum.calls += 1;
        sum.settled += u64::from(charged == billed);
    }
}

async fn kill(durability: &str) {
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGETS}", site.head(durability)));
    let (names, mut sum) = (Arc::new(AtomicU64::new(0)), Sum::default());
    let kills = sized(12, 250);
    let (mut billed, mut charged) = (0, 0);
    for _ in 0..kills {
        site.books().reset();
        round(&site, &names).await;
        billed += site.billed().await;
        let (presumed, totals) = reopened(&site).await;
        sum.presumed += presumed;
        charged = totals.charged.nanos();
        compare(&site, &mut sum).await;
        assert!(charged >= billed, "billed {}, charged {}", text(billed), text(charged));
        assert_eq!(reopened(&site).await, (0, totals), "a second restart changed something");
    }
    let Sum { calls, presumed, settled } = sum;
    println!(
        "kill -9: {kills} kills with durability = \"{durability}\": {calls} calls billed {}, \
         charged {}: {settled} settled exactly, {presumed} presumed, none free, 0 held",
        text(billed),
        text(charged)
    );
    assert!(presumed > 0, "no kill hit a call in flight");
    assert!(settled > presumed, "the load was hardly more than what the kills cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_free_after_kill_with_process_durability() {
    kill("process").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_free_after_kill_with_power_durability() {
    kill("power").await;
}
