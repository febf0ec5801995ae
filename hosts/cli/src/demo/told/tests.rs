//! What headers, trailers and refusals tell.
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Action, Told};

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(n, v)| (n.parse::<HeaderName>().expect(n), HeaderValue::from_str(v).expect(v)))
        .collect()
}

#[test]
fn reads_an_answers_headers_and_then_its_trailers() {
    let head = headers(&[
        ("x-reins-action", "clip"),
        ("x-reins-policy", "researcher"),
        ("x-reins-budget-remaining", "0.01"),
        ("x-reins-transaction-id", "txn_01JD8Z1M3QX6V0R7YB2T5KH9FW"),
    ]);
    let mut told = Told::of("researcher", "claude-sonnet-4-5", &head).expect("an answer");
    assert_eq!((told.action, told.cost), (Action::Clip, None));
    assert!(told.id.is_some());
    let trailers = [("x-reins-cost", "0.0157"), ("x-reins-tokens-out", "1040")];
    told.hear(&headers(&trailers));
    assert_eq!(told.cost, Some("0.0157".parse().expect("an amount")));
    assert_eq!(told.remark(), "`researcher` · cut to 1040 tokens · left $0.01");
}

#[test]
fn shows_the_model_that_was_given() {
    let head = headers(&[("x-reins-action", "downgrade"), ("x-reins-model", "gpt-4.1-mini")]);
    let told = Told::of("night-batch", "gpt-4.1", &head).expect("an answer");
    assert_eq!(told.model(), "gpt-4.1 → gpt-4.1-mini");
}

#[test]
fn reads_who_refused_and_why() {
    let head = headers(&[("x-reins-action", "block")]);
    let mut told = Told::of("trial-chat", "claude-opus-4-5", &head).expect("an answer");
    told.hear_refusal(br#"{"type":"error","error":{"message":"Upgrade","rule":"no big models"}}"#);
    assert_eq!(told.remark(), "`no big models` · Upgrade");
}

#[test]
fn reads_the_figures_of_a_budget_that_did_not_suffice() {
    let head = headers(&[("x-reins-action", "block")]);
    let mut told = Told::of("swarm", "gpt-4.1", &head).expect("an answer");
    told.hear_refusal(
        br#"{"error":{"message":"a long sentence","rule":"the company","budget_limit":0.17,
            "budget_used_usd":"0.15","budget_held_usd":"0.019","budget_limit_usd":"0.17",
            "budget_bound_usd":"0.002","retry_after":1}}"#,
    );
    let remark = "`the company` · $0.15 spent and $0.019 held of $0.17, asks for $0.002";
    assert_eq!(told.remark(), remark);
}

#[test]
fn an_answer_of_somebody_else_tells_nothing() {
    for head in [headers(&[]), headers(&[("x-reins-action", "dance")])] {
        assert_eq!(Told::of("a", "m", &head), None, "{head:?}");
    }
}
