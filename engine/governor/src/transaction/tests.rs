//! Records written and read back.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ulid::Ulid;

use super::{Accuracy, Attempt, Latency, Outcome, Status, Transaction, TransactionId};
use crate::{
    Action, Charge, ConditionKind, Endpoint, Environment, Identity, KeyId, Looked, Name, Opening,
    Picos, PresumeReason, Reason, ScopeKind, ServiceTier, TokenKind, Trace, Usage, Usd, VoidReason,
    Window,
};

fn text() -> impl Strategy<Value = Arc<str>> {
    any::<String>().prop_map(Arc::from)
}

fn name() -> impl Strategy<Value = Name> {
    any::<String>().prop_map(Name::kept)
}

fn usd() -> impl Strategy<Value = Usd> {
    any::<u64>().prop_map(Usd::from_nanos)
}

fn time() -> impl Strategy<Value = Timestamp> {
    let seconds = -60_000_000_000_i64..60_000_000_000;
    (seconds, 0_i32..1_000_000_000)
        .prop_map(|(second, nanos)| Timestamp::new(second, nanos).expect("in range"))
}

fn kind() -> impl Strategy<Value = ScopeKind> {
    proptest::sample::select(ScopeKind::ALL.to_vec())
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        Just(Window::Hourly),
        Just(Window::Monthly),
        (1_u32..8_784).prop_map(|hours| Window::Rolling { hours }),
    ]
}

fn reason() -> impl Strategy<Value = Reason> {
    let condition = prop_oneof![
        proptest::sample::select(ConditionKind::NAMED.to_vec()),
        kind().prop_map(ConditionKind::Scope),
    ];
    let amount = (option::of(usd()), usd(), any::<bool>());
    let tokens = (any::<bool>(), option::of(any::<u64>()), any::<u64>(), any::<bool>());
    prop_oneof![
        Just(Reason::AllConditions),
        Just(Reason::Unconditional),
        condition.prop_map(|condition| Reason::Outside { condition }),
        amount.prop_map(|(bound, limit, reached)| Reason::Amount { bound, limit, reached }),
        (kind(), window(), usd(), usd(), any::<bool>()).prop_map(
            |(kind, window, used, limit, over)| Reason::Spend { kind, window, used, limit, over }
        ),
        (kind(), window(), any::<u64>(), any::<u64>(), any::<bool>()).prop_map(
            |(kind, window, calls, limit, over)| Reason::Calls { kind, window, calls, limit, over }
        ),
        tokens.prop_map(|(input, tokens, limit, over)| {
            let what = if input { TokenKind::Input } else { TokenKind::Output };
            Reason::Tokens { what, tokens, limit, over }
        }),
        Just(Reason::NoLimit),
        Just(Reason::Disabled),
        Just(Reason::AfterFinal),
        text().prop_map(|why| Reason::Erred { why }),
    ]
}

fn looked() -> impl Strategy<Value = Looked> {
    (name(), option::of(name()), any::<bool>(), reason())
        .prop_map(|(policy, rule, matched, reason)| Looked { policy, rule, matched, reason })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let outcome = prop_oneof![
        Just(Outcome::Open),
        Just(Outcome::Settled),
        Just(Outcome::Voided(VoidReason::NotConnected)),
        Just(Outcome::Presumed(PresumeReason::DrainCut)),
    ];
    (any::<u32>(), option::of(any::<u16>()), outcome, usd(), usd()).prop_map(
        |(number, vendor_status, outcome, held, charged)| Attempt {
            number,
            vendor_status,
            outcome,
            held,
            charged,
        },
    )
}

fn metadata() -> impl Strategy<Value = Option<Arc<str>>> {
    let texts = [r#"{"n":1e999,"n":[1.0]}"#, r#"{ "role" : "trial" }"#, "{}"];
    option::of(proptest::sample::select(texts.to_vec()).prop_map(Arc::from))
}

fn identity() -> impl Strategy<Value = Identity> {
    let names = (name(), option::of(name()), name(), option::of(name()), option::of(name()));
    (names, option::of(name()), (name(), name()), any::<bool>(), vec(name(), 0..3), metadata())
        .prop_map(
            |(
                (organization, team, agent, user, session),
                parent,
                (key, key_name),
                test,
                roles,
                metadata,
            )| {
                Identity {
                    organization,
                    team,
                    agent,
                    user,
                    session,
                    parent,
                    key: KeyId(key),
                    key_name,
                    environment: if test { Environment::Test } else { Environment::Live },
                    roles: roles.into(),
                    metadata,
                    // A wish of the call, which its record does not have.
                    observe: false,
                }
            },
        )
}

fn opening() -> impl Strategy<Value = Opening> {
    let names = (text(), text(), text(), text(), text());
    let decided = (proptest::sample::select(Action::ALL.to_vec()), vec(option::of(text()), 3));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let rest = (option::of(usd()), vec(looked(), 0..4), time(), any::<u128>());
    (identity(), names, decided, flags, rest).prop_map(|(who, names, decided, flags, rest)| {
        let (vendor, connection, model_asked, price_version, policy_version) = names;
        let (action, mut texts) = decided;
        let (messages, stream, evaluated) = flags;
        let (bound, trace, at, id) = rest;
        let mut text = || texts.pop().flatten();
        Opening {
            id: TransactionId(Ulid::from(id)),
            who: Arc::new(who),
            vendor,
            connection,
            model_asked,
            endpoint: if messages { Endpoint::Messages } else { Endpoint::ChatCompletions },
            stream,
            bound,
            price_version,
            action,
            policy: text(),
            rule: text(),
            reason: text(),
            policy_version,
            evaluated,
            trace: Trace(trace),
            at,
        }
    })
}

fn charge() -> impl Strategy<Value = Charge> {
    (usd(), any::<[u128; 3]>()).prop_map(|(total, [input, output, fees])| Charge {
        total,
        input: Picos(input),
        output: Picos(output),
        fees: Picos(fees),
    })
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let counts = any::<[u64; 8]>();
    let money = (usd(), charge());
    let rest = (vec(attempt(), 0..4), option::of(time()), text());
    (opening(), counts, money, rest).prop_map(|(opening, counts, (held, cost), rest)| {
        let [input, cached, output, reasoning, auth_us, hold_us, vendor_total_us, ours_us] = counts;
        let (attempts, ended_at, model_used) = rest;
        let tier = ServiceTier::Flex;
        let latency = Latency { auth_us, hold_us, vendor_total_us, ours_us, ..Latency::default() };
        Transaction {
            opening: opening.into(),
            model_used,
            held,
            tokens: Usage { input, cached, output, reasoning, tier, ..Usage::default() },
            cost,
            accuracy: Accuracy::Estimated,
            status: Status::Observed,
            attempts,
            latency,
            ended_at,
        }
    })
}

/// What one value comes to that was written as JSON and read back.
fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("it has a JSON form");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(transaction in transaction()) {
        prop_assert_eq!(&again(&transaction), &transaction);
        let text = transaction.json().expect("it has a JSON form");
        let read = Transaction::read(&text).expect("it was written");
        prop_assert_eq!(read.json().expect("it has a JSON form"), text);
    }

    #[test]
    fn each_part_is_read_back_by_itself(opening in opening(), attempt in attempt()) {
        prop_assert_eq!(&again(&opening.trace), &opening.trace);
        prop_assert_eq!(&again(&opening), &opening);
        prop_assert_eq!(&again(&attempt), &attempt);
    }
}

#[test]
fn a_rule_that_was_looked_at_is_an_object_that_may_grow() {
    let condition = ConditionKind::NotModels;
    let looked = Looked {
        policy: "models".into(),
        rule: Some("only small ones".into()),
        matched: false,
        reason: Reason::Outside { condition },
    };
    let text = r#"{"policy":"models","rule":"only small ones","matched":false,"reason":{"kind":"outside","condition":"not_models"}}"#;
    assert_eq!(serde_json::to_string(&looked).expect("JSON"), text);
    let later = text.replace(r#""matched""#, r#""fuel":7,"matched""#);
    assert_eq!(serde_json::from_str::<Looked>(&later).expect("an object"), looked);
    let policy = Looked { rule: None, reason: Reason::Disabled, ..looked };
    let text = r#"{"policy":"models","matched":false,"reason":{"kind":"disabled"}}"#;
    assert_eq!(serde_json::to_string(&policy).expect("JSON"), text);
    assert_eq!(again(&policy), policy);
}
