//! Usage that cannot be believed: whatever a vendor says it used, nobody is ever given credit, and
//! the record says that the charge is presumed.

use serde_json::Value;

use crate::rig::{Inside, Site, Speech, call, nanos, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

/// How a vendor misreports, and what the record then says of the attempt.
const LIES: [(&str, &str); 6] = [
    ("missing", "usage_missing"),
    ("null", "usage_missing"),
    ("negative", "usage_absurd"),
    ("huge", "usage_absurd"),
    ("overflow", "usage_absurd"),
    ("string", "usage_absurd"),
];

/// One call to a vendor that misreports: its record, and what it really cost.
async fn told(
    gateway: &Inside,
    site: &Site,
    speech: Speech,
    stream: bool,
    lie: &str,
) -> (Value, u64) {
    site.books().reset();
    let ask = speech.ask(100, stream).script(&format!("usage={lie} output=40"));
    let answer = call(gateway.address, &ask).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let record = gateway.kept(site).await.record(answer.id().unwrap()).await.unwrap();
    (record, site.billed().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_that_cannot_be_believed_is_presumed() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    let (mut calls, mut before) = (0, 0);
    for speech in Speech::BOTH {
        for stream in [false, true] {
            let placeholder =
                (stream && speech == Speech::Anthropic).then_some(("placeholder", "usage_missing"));
            for (lie, why) in LIES.into_iter().chain(placeholder) {
                let (record, billed) = told(&gateway, &site, speech, stream, lie).await;
                let what = format!("{speech:?}, stream: {stream}, usage: {lie}: {record}");
                let charged = nanos(&record["cost"]["total"]);
                assert_eq!(charged, nanos(&record["held"]), "{what}");
                assert!(charged >= billed && billed > 0, "billed {billed}: {what}");
                assert_eq!(record["accuracy"], "presumed", "{what}");
                assert_eq!(record["attempts"][0]["outcome"], "presumed", "{what}");
                assert_eq!(record["attempts"][0]["why"], why, "{what}");
                let after = gateway.kept(&site).await.totals().await.charged.nanos();
                assert_eq!(after, before + charged, "{what}");
                (calls, before) = (calls + 1, after);
            }
        }
    }
    println!(
        "usage: {calls} answers with usage nobody can believe: all presumed, {}",
        text(before)
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usage_of_zero_is_honoured() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    for speech in Speech::BOTH {
        for stream in [false, true] {
            let (record, _) = told(&gateway, &site, speech, stream, "zero").await;
            let what = format!("{speech:?}, stream: {stream}: {record}");
            assert_eq!(nanos(&record["cost"]["total"]), 0, "{what}");
            assert_eq!(record["accuracy"], "exact", "{what}");
            assert_eq!(record["attempts"][0]["outcome"], "settled", "{what}");
        }
    }
    println!("usage: 4 answers that say zero: charged $0, as settled");
    gateway.stop().await;
}
