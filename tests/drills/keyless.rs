//! The default key: for calls of this machine that show no key of ours, and for no others.

use crate::rig::{Ask, Inside, Outside, Reply, Site, Speech, Tape, call, get, until};

/// A key in Reins' own form that was never made.
const UNKNOWN: &str = "rns_live_keylessUnkn0wnAa2SxQ7kVz0NwTcE5bHfYoD4iRmJ";

fn bare(headers: &[(&str, &str)]) -> Ask {
    let ask = Speech::OpenAi.ask(10, false);
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Ask { headers: headers.collect(), ..ask }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_key_is_for_calls_that_show_none_of_ours() {
    let site = Site::bare().await;
    site.write(&format!("default_key = \"drill\"\n{}", site.head("process")));
    let gateway = Inside::start(&site).await;
    let port = gateway.address.port();
    let (here, named) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
    let bearer = format!("Bearer {UNKNOWN}");
    let local = |more: &[(&str, &str)]| bare(&[&[("host", &*here)], more].concat());
    let mut cases = vec![
        (local(&[]), 200),
        (bare(&[("host", &named)]), 200),
        (bare(&[("host", "[::1]")]), 200),
        (local(&[("authorization", "Bearer sk-of-the-vendor")]), 200),
        (local(&[("x-api-key", "unused")]), 200),
        (local(&[("x-vendor-key", "sk-of-the-vendor")]), 200),
        (local(&[("authorization", "Basic Y2k6c2VjcmV0")]), 401),
        (local(&[("authorization", "sk-of-the-vendor")]), 401),
        (local(&[("authorization", "Bearer")]), 401),
        (local(&[("x-api-key", "")]), 401),
        (local(&[("x-api-key", "two words")]), 401),
        (local(&[("authorization", &bearer)]), 401),
        (local(&[("authorization", UNKNOWN)]), 401),
        (local(&[("x-vendor-key", &bearer)]), 401),
        (local(&[("authorization", "Bearer sk-of-the-vendor"), ("x-api-key", "rk_old")]), 401),
        (local(&[("origin", "https://evil.example")]), 401),
        (local(&[("sec-fetch-site", "cross-site")]), 401),
        (bare(&[("host", "evil.example")]), 401),
        (bare(&[("host", "localhost.evil.example")]), 401),
        (bare(&[("host", &named), ("host", "evil.example")]), 401),
        (local(&[("authorization", "Bearer sk-1"), ("authorization", "Bearer sk-2")]), 400),
        (local(&[("x-reins-agent", "a"), ("x-reins-agent", "b")]), 400),
        (local(&[("x-reins-agent", "a"), ("x-reins-agent", "a")]), 200),
    ];
    for name in ["x-api-key", "api-key", "x-goog-api-key", "x-reins-key", "x-vendor-key"] {
        for key in [UNKNOWN, "rk_old", "rns-old"] {
            cases.push((local(&[(name, key)]), 401));
        }
    }
    let sent = cases.iter().filter(|(_, status)| *status == 200).count();
    for (ask, expected) in &cases {
        let answer = call(gateway.address, ask).await.unwrap();
        assert_eq!(answer.status, *expected, "{:?}: {answer:?}", ask.headers);
    }
    println!("keyless: {} calls on loopback, {sent} with the default key", cases.len());
    assert_eq!(site.books().totals().calls, u64::try_from(sent).unwrap());
    gateway.stop().await;
}

/// The address that is bound decides, and not what a newer version of the file says.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_gives_no_default_key_to_a_public_listener() {
    let (site, tape) = (Site::bare().await, Tape::playing(Reply::of("text/plain", vec![])).await);
    let head = Site::head_for(tape.address);
    site.write(&head.replace("127.0.0.1:0", "0.0.0.0:0"));
    let gateway = Outside::start(&site).await;
    let address = (std::net::Ipv4Addr::LOCALHOST, gateway.address.port()).into();
    let looked = async || {
        let page = get(address, "/metrics").await.body;
        let page = String::from_utf8_lossy(&page).into_owned();
        let versions = page.lines().filter(|line| line.starts_with("reins_versions_total"));
        versions.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = looked().await;
    let with_key = Speech::OpenAi.ask(10, false);
    let keyless = bare(&[("host", "127.0.0.1")]);
    assert_eq!(call(address, &keyless).await.unwrap().status, 401);
    site.write(&format!("default_key = \"drill\"\n{head}"));
    until("the edit was looked at", async || looked().await != before).await;
    assert_eq!(call(address, &keyless).await.unwrap().status, 401);
    assert_eq!(tape.seen().len(), 0);
    assert_ne!(call(address, &with_key).await.unwrap().status, 401);
    println!("keyless: an edit beside a public listener let in 0 calls without a key");
}
