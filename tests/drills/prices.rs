//! Calls whose price nobody can say, or that cost more than any number: refused with a reason.

use crate::rig::{Ask, Inside, Site, Speech, call};

const REST: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"9000000000\"\nwindow = \"monthly\"\n\
     [[price]]\nvendor = \"openai\"\nmodel = \"gold\"\ninput = \"1000000000\"\n\
     output = \"1000000000\"\nmax_output_tokens = 1000000000\n\
     [[price]]\nvendor = \"openai\"\nmodel = \"open\"\ninput = \"1\"\noutput = \"1\"\n";

fn ask(model: &str, members: &str) -> Ask {
    let message = r#"{"role":"user","content":"hello"}"#;
    Ask::of(
        Speech::OpenAi.path(),
        format!(r#"{{"model":"{model}","messages":[{message}]{members}}}"#),
    )
}

/// A call whose input is somewhere else.
fn by_reference(model: &str) -> Ask {
    let file = r#"{"type":"file","file":{"file_id":"file-1"}}"#;
    Ask::of(
        Speech::OpenAi.path(),
        format!(
            r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":[{file}]}}]}}"#
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_price_or_no_bound_is_refused() {
    let site = Site::new(REST).await;
    let gateway = Inside::start(&site).await;
    let cases: Vec<(Ask, u16, &[&str])> = vec![
        (ask("model-nobody-knows", r#","max_tokens":1"#), 402, &["unpriced"]),
        (ask("gpt-4o-mini-but-not-really", r#","max_tokens":1"#), 402, &["unpriced"]),
        (ask("open", ""), 402, &["unbounded_output"]),
        (by_reference("open"), 402, &["unbounded_input"]),
    ];
    for (ask, status, codes) in &cases {
        let answer = call(gateway.address, ask).await.unwrap();
        let code = answer.code();
        assert_eq!(answer.status, *status, "{answer:?}");
        assert!(codes.contains(&&*code), "{answer:?}");
    }
    assert_eq!(site.books().totals().calls, 0);
    println!("prices: {} calls without a price or a bound: 402, the vendor saw 0", cases.len());
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_more_than_any_number_is_refused() {
    let site = Site::new(REST).await;
    let gateway = Inside::start(&site).await;
    let (mut calls, most) = (0, u64::MAX);
    for model in ["gold", "gpt-4o", "open"] {
        for members in [
            format!(r#","max_tokens":{most}"#),
            format!(r#","max_tokens":{most},"n":{most}"#),
            r#","max_tokens":9223372036854775807,"n":2"#.to_string(),
            r#","max_tokens":9223372036854775808"#.to_string(),
            r#","max_tokens":18446744073709551616"#.to_string(),
            r#","max_tokens":4294967296,"n":4294967296"#.to_string(),
            format!(r#","max_tokens":1,"n":{most}"#),
            format!(r#","max_completion_tokens":{most}"#),
        ] {
            let answer = call(gateway.address, &ask(model, &members)).await.unwrap();
            assert!(matches!(answer.status, 400 | 402 | 403), "{model} {members}: {answer:?}");
            assert!(!answer.code().is_empty(), "{model} {members}: {answer:?}");
            calls += 1;
        }
    }
    let totals = gateway.kept(&site).await.totals().await;
    assert_eq!(
        (site.books().totals().calls, totals.charged.nanos(), totals.held.nanos()),
        (0, 0, 0)
    );
    println!("prices: {calls} calls dearer than any number: 400, 402 or 403, the vendor saw 0");
    gateway.stop().await;
}
