//! Told to stop under load: no new work, the streams that run end whole, nothing is lost.

use futures_util::future::join_all;
use reins_governor::Usd;

use crate::rig::{Ask, Outside, Site, Speech, Wire, call, reopened, sized, text, until};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

/// Streams in flight when the signal comes.
const STREAMS: usize = 100;
/// Streams whose clients have just left, and whose vendor goes on.
const LEFT: usize = 20;

/// A stream of about 300 ms.
fn slow(number: usize) -> Ask {
    let speech = Speech::BOTH[number % 2];
    speech.ask(100, true).script("chunks=30 gap_ms=10 output=60")
}

/// One stop; how many calls were refused after it.
async fn stop(site: &Site) -> usize {
    let gateway = Outside::start(site).await;
    let address = gateway.address;
    let open = site.books().totals().open;
    let stream =
        move |number| async move { call(address, &slow(number)).await.expect("an answer") };
    let running = tokio::spawn(join_all((0..STREAMS).map(stream)));
    let mut idle = Wire::open(address).await.unwrap();
    assert_eq!(idle.call(&Speech::OpenAi.ask(10, false)).await.unwrap().status, 200);
    let in_flight = u64::try_from(STREAMS).unwrap();
    until("all streams run", async || site.books().totals().open >= open + in_flight).await;
    for number in 0..LEFT {
        Wire::open(address).await.unwrap().send(&slow(number)).await.unwrap();
    }
    gateway.signal("-TERM");
    let mut refused = 0;
    until("new work is refused", async || {
        let taken = Wire::open(address).await.is_some();
        refused += usize::from(!taken);
        !taken
    })
    .await;
    if idle.call(&Speech::OpenAi.ask(10, false)).await.is_none() {
        refused += 1;
    }
    for answer in running.await.unwrap() {
        assert!(answer.status == 200 && answer.whole, "{answer:?}");
        let end = String::from_utf8_lossy(&answer.body);
        assert!(end.contains("[DONE]") || end.contains("message_stop"), "{end}");
    }
    let status = gateway.ended().await;
    assert!(status.success(), "{status:?}");
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_whole_and_nothing_is_lost() {
    let site = Site::new(BUDGET).await;
    let (stops, mut refused) = (sized(2, 100), 0);
    for _ in 0..stops {
        refused += stop(&site).await;
    }
    let billed = site.billed().await;
    let (presumed, totals) = reopened(&site).await;
    println!(
        "stop: {stops} times TERM with {STREAMS} streams in flight and {LEFT} whose clients had \
         left: all ended whole, exit 0, {refused} new calls refused, billed {}, charged {}, \
         {presumed} presumed, 0 held",
        text(billed),
        text(totals.charged.nanos())
    );
    assert_eq!((presumed, totals.held), (0, Usd::ZERO));
    assert_eq!(totals.charged.nanos(), billed);
    assert!(refused >= stops);
}
