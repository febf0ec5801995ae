//! Every refusal as each vendor's client gets to see it.

use std::time::Duration;

use reins_governor::{
    Blocked, BudgetStop, DecidedBy, Refusal, Scope, ScopeKind, TransactionId, Unbounded,
    Unidentified, Usd, Window, Wording,
};
use serde_json::Value;
use ulid::Ulid;

use crate::FAMILIES;

fn usd(text: &str) -> Usd {
    text.parse().expect(text)
}

fn stop() -> BudgetStop {
    BudgetStop {
        budget: "support bot, a day".into(),
        scope: Scope::new(ScopeKind::Agent, "support-bot".into()),
        used: usd("4.999999999"),
        held: usd("0.0001"),
        limit: usd("5.00"),
        window: Window::Daily,
        bound: usd("0.02"),
        resets_at: Some("2026-03-29T22:00:00Z".parse().expect("a time")),
        only_in_flight: false,
        as_429: false,
    }
}

fn blocked() -> Blocked {
    Blocked {
        by: DecidedBy::Rule {
            policy: "models".into(),
            rule: "no big models for trial users".into(),
        },
        message: "Upgrade to Pro to use \"advanced\" models".into(),
        reason: "model gpt-4o is among gpt-4*".to_owned(),
        redirect_url: Some("https://example.com/upgrade".into()),
    }
}

/// One of each, with the name of its snapshot.
fn refusals() -> Vec<(&'static str, Refusal)> {
    let what = "`max_tokens` is named twice, the second time at byte 55: name it once".to_owned();
    let in_flight = BudgetStop { only_in_flight: true, resets_at: None, ..stop() };
    let scope = Scope::new(ScopeKind::Organization, "acme".into());
    vec![
        ("bad_request", Refusal::BadRequest { what }),
        ("too_large", Refusal::TooLarge { limit: 33_554_432 }),
        ("unauthorized_missing", Refusal::Unauthorized(Unidentified::Missing)),
        ("unauthorized_unknown", Refusal::Unauthorized(Unidentified::Unknown)),
        ("unauthorized_malformed", Refusal::Unauthorized(Unidentified::Malformed)),
        ("unauthorized_not_local", Refusal::Unauthorized(Unidentified::NotLocal)),
        ("forbidden", Refusal::Forbidden { what: "the key may not do this: ask its owner".into() }),
        ("unpriced", Refusal::Unpriced { model: "gpt-9".into() }),
        ("unbounded", Refusal::Unbounded { kind: Unbounded::Input, what: Wording::new("file_id") }),
        ("blocked", Refusal::Blocked(blocked())),
        ("over_budget", Refusal::OverBudget(stop())),
        ("over_budget_429", Refusal::OverBudget(BudgetStop { as_429: true, ..stop() })),
        ("over_budget_in_flight", Refusal::OverBudget(in_flight)),
        ("rate_limited", Refusal::RateLimited { scope, retry_after: Duration::from_millis(1001) }),
        (
            "not_found",
            Refusal::NotFound { path: "/v1/batches".into(), hint: "send calls one by one" },
        ),
        ("conflict", Refusal::Conflict { what: "the same call is under way".into() }),
        ("vendor_error", Refusal::VendorError { what: "connection refused".into() }),
        ("vendor_timeout", Refusal::VendorTimeout { waited: Duration::from_secs(120) }),
        ("unavailable", Refusal::Unavailable { what: "keys cannot be checked now".into() }),
        ("internal", Refusal::Internal { what: "a secret detail".into() }),
    ]
}

#[test]
fn each_refusal_reads_as_the_vendor_would_word_it() {
    let id = TransactionId(Ulid::from_parts(1_764_075_745_000, 7));
    for family in FAMILIES.iter() {
        for (name, refusal) in refusals() {
            let answer = String::from_utf8(family.refuse(&refusal, Some(id))).expect("UTF-8");
            let said = format!("{}\n{answer}", refusal.status());
            insta::assert_snapshot!(format!("{}_{name}", family.name()), said);
        }
    }
}

#[test]
fn each_refusal_is_json_with_the_same_facts_in_every_dialect() {
    for (name, refusal) in refusals() {
        for family in FAMILIES.iter() {
            let answer = family.refuse(&refusal, None);
            let answer: Value = serde_json::from_slice(&answer).expect(name);
            let error = &answer["error"];
            assert_eq!(error["code"], refusal.code(), "{name}");
            assert_eq!(error["message"], refusal.to_string(), "{name}");
            assert_eq!(error["reason"], refusal.reason(), "{name}");
            assert!(error["type"].is_string() && error.get("transaction_id").is_none(), "{name}");
            assert!(!answer.to_string().contains("secret"), "{name}");
        }
    }
}
