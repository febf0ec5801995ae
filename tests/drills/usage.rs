//! Usage that cannot be believed, and answers that failed: whatever a vendor says, no credit is
//! given, and what it does not bill is not charged.

use serde_json::Value;

use crate::rig::{Inside, Site, Speech, call, nanos, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

/// How a vendor misreports, and what the record then says of the attempt.
const LIES: [(&str, &str); 8] = [
    ("missing", "usage_missing"),
    ("null", "usage_missing"),
    ("negative", "usage_absurd"),
    ("huge", "usage_absurd"),
    ("overflow", "usage_absurd"),
    ("string", "usage_absurd"),
    ("twice", "usage_absurd"),
    ("twice_escaped", "usage_absurd"),
];

/// How a vendor fails after its head, and how many of its answers are charged for what came.
const FAILURES: [(&str, bool); 4] =
    [("error=0", false), ("error=1", false), ("empty", false), ("error=6 chunks=20", true)];

/// One call to a vendor that follows a script: its record, and what it really cost.
async fn told(
    gateway: &Inside,
    site: &Site,
    speech: Speech,
    stream: bool,
    script: &str,
) -> (Value, u64) {
    site.books().reset();
    let ask = speech.ask(1000, stream).script(&format!("{script} output=40"));
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
                let lie = format!("usage={lie}");
                let (record, billed) = told(&gateway, &site, speech, stream, &lie).await;
                let what = format!("{speech:?}, stream: {stream}, {lie}: {record}");
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
            let (record, _) = told(&gateway, &site, speech, stream, "usage=zero").await;
            let what = format!("{speech:?}, stream: {stream}: {record}");
            assert_eq!(nanos(&record["cost"]["total"]), 0, "{what}");
            assert_eq!(record["accuracy"], "exact", "{what}");
            assert_eq!(record["attempts"][0]["outcome"], "settled", "{what}");
        }
    }
    println!("usage: 4 answers that say zero: charged $0, as settled");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_behind_the_usage_takes_nothing_back() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    for speech in Speech::BOTH {
        let (record, billed) = told(&gateway, &site, speech, true, "usage=falling").await;
        assert_eq!(nanos(&record["cost"]["total"]), billed, "{speech:?}: {record}");
        assert_eq!(record["accuracy"], "exact", "{speech:?}: {record}");
    }
    println!("usage: 2 streams that end with counts of zero behind the true ones: charged exactly");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_failed_costs_what_came_of_it() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    let (mut free, mut charged_for_output) = (0, 0);
    for speech in Speech::BOTH {
        for stream in [false, true] {
            for (script, output) in FAILURES {
                let (record, billed) = told(&gateway, &site, speech, stream, script).await;
                let what = format!("{speech:?}, stream: {stream}, {script}: {record}");
                let charged = nanos(&record["cost"]["total"]);
                if output && stream {
                    let held = nanos(&record["held"]);
                    assert!((billed..held).contains(&charged) && billed > 0, "{billed}: {what}");
                    assert_eq!(record["attempts"][0]["why"], "answer_failed", "{what}");
                    charged_for_output += 1;
                } else {
                    assert_eq!((charged, billed), (0, 0), "{what}");
                    assert_eq!(record["attempts"][0]["why"], "vendor_failed", "{what}");
                    free += 1;
                }
            }
        }
    }
    println!(
        "usage: {free} answers that failed before output: charged $0; {charged_for_output} after \
         output: between the vendor's bill and the hold"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_behind_which_the_model_may_go_on_is_never_free() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    let (mut calls, mut billed_in_all, mut charged_in_all) = (0, 0, 0);
    for speech in Speech::BOTH {
        for status in [408, 499, 502, 504, 520, 524] {
            site.books().reset();
            let script = format!("status={status} bill=1 output=40");
            let ask = speech.ask(100, false).script(&script);
            let answer = call(gateway.address, &ask).await.unwrap();
            assert_eq!(answer.status, status, "{answer:?}");
            let record = gateway.kept(&site).await.record(answer.id().unwrap()).await.unwrap();
            let (charged, billed) = (nanos(&record["cost"]["total"]), site.billed().await);
            assert!(charged >= billed && billed > 0, "billed {billed}: {record}");
            assert_eq!(site.books().totals().billed, 1, "{status} was asked for again");
            calls += 1;
            billed_in_all += billed;
            charged_in_all += charged;
        }
    }
    println!(
        "usage: {calls} answers of 408, 499, 502, 504, 520 and 524: asked once each, billed {}, \
         charged {}",
        text(billed_in_all),
        text(charged_in_all)
    );
    gateway.stop().await;
}
