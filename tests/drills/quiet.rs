//! What callers do wrong is counted, recorded where somebody is known, and told of once a minute:
//! nobody can fill a log.

use std::fs;

use futures_util::future::join_all;

use crate::rig::{Ask, Inside, KEY, Outside, Site, Speech, call, get, log, nanos, speak};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

/// Calls that do the same wrong.
const CALLS: usize = 200;

/// Lines of the log that tell of refusals with this code.
fn lines(site: &Site, code: &str) -> usize {
    let log = fs::read_to_string(log(site)).unwrap();
    let code = format!("\"code\":\"{code}\"");
    log.lines().filter(|line| line.contains("calls were refused") && line.contains(&code)).count()
}

async fn refused(gateway: &Outside, ask: &Ask, status: u16) -> usize {
    let answers = join_all((0..CALLS).map(|_| call(gateway.address, ask))).await;
    let refused = |answer: &&Option<_>| matches!(answer, Some(a) if is(a, status));
    answers.iter().filter(refused).count()
}

fn is(answer: &crate::rig::Answer, status: u16) -> bool {
    answer.status == status && answer.id().is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_and_too_many_calls_are_one_line_a_minute() {
    let site = Site::bare().await;
    let head = site.head("process").replace("calls_per_second = 1000000", "calls_per_second = 1");
    site.write(&(head + BUDGET));
    let gateway = Outside::start(&site).await;
    let ask = Speech::OpenAi.ask(10, false);
    let unknown = ask.clone().with("authorization", "Bearer rns_live_nobody");
    assert_eq!(refused(&gateway, &unknown, 401).await, CALLS);
    let limited = refused(&gateway, &ask, 429).await;
    assert!(limited > CALLS / 2, "only {limited} of {CALLS} were too many");
    assert_eq!((lines(&site, "invalid_key"), lines(&site, "rate_limited")), (1, 1));
    let metrics = get(gateway.address, "/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    let limited_of = "organization=\"acme\",code=\"rate_limited\"";
    for (labels, times) in [("code=\"invalid_key\"", CALLS), (limited_of, limited)] {
        let counted = format!("reins_refusals_total{{{labels}}} {times}\n");
        assert!(metrics.contains(&counted), "{metrics}");
    }
    println!("quiet: {CALLS} calls with a wrong key, {limited} too many: 2 lines in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_too_many_is_told_so_before_its_body_comes() {
    let site = Site::bare().await;
    let head = site.head("process").replace("calls_per_second = 1000000", "calls_per_second = 1");
    site.write(&(head + BUDGET + "[server]\nbody_timeout = \"20s\"\n"));
    let gateway = Outside::start(&site).await;
    let ask = Speech::OpenAi.ask(10, false);
    let path = Speech::OpenAi.path();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: r\r\nauthorization: Bearer {KEY}\r\n\
         content-length: 1000\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(call(gateway.address, &ask).await.unwrap().status, 200);
    let said = speak(gateway.address, head.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 429"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_read_leaves_a_record() {
    let site = Site::new(BUDGET).await;
    let gateway = Inside::start(&site).await;
    let (ask, nobody_sells) = (Speech::OpenAi.ask(10, false), "no connection sells");
    let body = |body: &str| Ask { body: body.as_bytes().to_vec(), ..ask.clone() };
    let lost = Ask { path: "/nowhere/v1/chat/completions".into(), ..ask.clone() };
    let cases = [
        (body("not json"), 400, "bad_request", ""),
        (body("{}"), 400, "bad_request", ""),
        (Ask { body: vec![b' '; 33 << 20], ..ask.clone() }, 413, "too_large", ""),
        (ask.clone().with("content-encoding", "br"), 400, "bad_request", ""),
        (ask.clone().with("idempotency-key", &"x".repeat(256)), 400, "bad_request", ""),
        (lost, 400, "bad_request", "gpt-4o"),
    ];
    for (ask, status, code, model) in cases {
        let ask = ask.with("x-reins-agent", "clumsy");
        let Some(answer) = call(gateway.address, &ask).await else {
            assert_eq!(status, 413, "no answer");
            continue;
        };
        assert_eq!(answer.status, status, "{answer:?}");
        let record = gateway.kept(&site).await.record(answer.id().expect("an id")).await;
        let record = record.unwrap_or_else(|| panic!("no record of {answer:?}"));
        assert_eq!((&record["status"], &record["action"]), (&"blocked".into(), &"block".into()));
        assert_eq!((&record["policy"], &record["agent"]), (&code.into(), &"clumsy".into()));
        assert_eq!(record["model_asked"], model, "{nobody_sells}");
        assert_eq!((nanos(&record["cost"]["total"]), record["attempts"][0].is_null()), (0, true));
    }
    assert_eq!(site.books().totals().calls, 0);
    gateway.stop().await;
}
