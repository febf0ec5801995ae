//! Records of every shape, for tests that write and read them.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ulid::Ulid;

use crate::{
    Accuracy, Action, Attempt, Call, Charge, ConditionKind, Endpoint, Environment, Identity,
    InputSize, KeyId, Latency, Matched, Name, Opening, Outcome, Picos, PresumeReason, Reason,
    ScopeKind, ServiceTier, SpendRead, Status, TokenKind, Tokens, TraceDigest, Transaction,
    TransactionId, Usage, Usd, VoidReason, Window, Wording,
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
    (seconds, 0_i32..1_000_000).prop_map(|(second, micros)| {
        Timestamp::new(second, micros.saturating_mul(1_000)).unwrap_or_default()
    })
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
            Reason::Tokens { what, tokens: tokens.map(Tokens), limit: Tokens(limit), over }
        }),
        Just(Reason::NoLimit),
        Just(Reason::Disabled),
        text().prop_map(|why| Reason::Erred { why }),
        text().prop_map(|figures| Reason::Cel { figures }),
    ]
}

fn matched() -> impl Strategy<Value = Matched> {
    (name(), name(), reason()).prop_map(|(policy, rule, reason)| Matched { policy, rule, reason })
}

fn spend_read() -> impl Strategy<Value = SpendRead> {
    (kind(), window(), usd(), usd(), any::<u64>()).prop_map(|(kind, window, spent, held, calls)| {
        SpendRead { kind, window, spent, held, calls }
    })
}

fn words() -> impl Strategy<Value = Option<Wording>> {
    proptest::sample::select(vec![None, Some(Wording::new("file_id")), Some(Wording::new(""))])
}

fn call() -> impl Strategy<Value = Call> {
    let sizes = (any::<[u64; 7]>(), words());
    let caps = (option::of(any::<u64>()), any::<[u64; 3]>(), option::of(any::<u64>()));
    let kinds = (sample(&Endpoint::ALL), sample(&ServiceTier::ALL), any::<[bool; 2]>(), words());
    ((text(), text(), text()), sizes, caps, kinds).prop_map(|(names, sizes, caps, kinds)| {
        let (vendor, connection, model) = names;
        let ([text_bytes, parts, images, pages, audio_bytes, rereads, prompts], by_reference) =
            sizes;
        let (output_cap, [choices, thinking_budget, tool_results], web_search_cap) = caps;
        let (endpoint, tier, [stream, web_search], extra_fee) = kinds;
        let input = InputSize {
            text_bytes,
            parts,
            images,
            pages,
            audio_bytes,
            by_reference,
            rereads,
            prompts,
        };
        Call {
            vendor,
            connection,
            model,
            endpoint,
            stream,
            input,
            output_cap: output_cap.map(Tokens),
            choices,
            thinking_budget: Tokens(thinking_budget),
            tier,
            tool_results,
            web_search,
            web_search_cap,
            extra_fee,
        }
    })
}

fn sample<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(all.to_vec())
}

pub(crate) fn attempt() -> impl Strategy<Value = Attempt> {
    let outcome = prop_oneof![
        Just(Outcome::Open),
        Just(Outcome::Settled),
        sample(&VoidReason::ALL).prop_map(Outcome::Voided),
        sample(&PresumeReason::ALL).prop_map(Outcome::Presumed),
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
    (names, option::of(name()), (name(), name()), any::<[bool; 2]>(), vec(name(), 0..3), metadata())
        .prop_map(
            |(
                (organization, team, agent, user, session),
                parent,
                (key, key_name),
                [test, observe],
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
                    observe,
                }
            },
        )
}

pub(crate) fn opening() -> impl Strategy<Value = Opening> {
    let names = (text(), text(), text());
    let decided = (sample(&Action::ALL), vec(option::of(text()), 3), any::<bool>());
    let told = (vec(matched(), 0..4), vec(spend_read(), 0..4), vec(text(), 0..3));
    let times = (time(), option::of(time()), -93_600_i32..93_600, any::<u32>());
    let rest = (option::of(usd()), any::<u128>());
    (identity(), call(), names, decided, told, times, rest).prop_map(
        |(who, call, names, decided, told, times, (bound, id))| {
            let (model_asked, price_version, policy_version) = names;
            let (action, mut texts, evaluated) = decided;
            let (matched, readings, models_tried) = told;
            let (at, judged_at, utc_offset_s, attempt) = times;
            let mut text = || texts.pop().flatten();
            Opening {
                id: TransactionId(Ulid::from(id)),
                at,
                judged_at,
                utc_offset_s,
                who: Arc::new(who),
                call,
                model_asked,
                models_tried,
                attempt,
                bound,
                price_version,
                policy_version,
                action,
                policy: text(),
                rule: text(),
                reason: text(),
                evaluated,
                matched,
                readings,
            }
        },
    )
}

fn charge() -> impl Strategy<Value = Charge> {
    (usd(), any::<[u128; 3]>()).prop_map(|(total, [input, output, fees])| Charge {
        total,
        input: Picos(input),
        output: Picos(output),
        fees: Picos(fees),
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    (any::<[u64; 9]>(), sample(&ServiceTier::ALL)).prop_map(|(counts, tier)| {
        let [input, cached, cache_write, cache_write_1h, output, reasoning, rest @ ..] = counts;
        let [audio_input, audio_output, web_searches] = rest;
        Usage {
            input: Tokens(input),
            cached: Tokens(cached),
            cache_write: Tokens(cache_write),
            cache_write_1h: Tokens(cache_write_1h),
            output: Tokens(output),
            reasoning: Tokens(reasoning),
            audio_input: Tokens(audio_input),
            audio_output: Tokens(audio_output),
            web_searches,
            tier,
        }
    })
}

fn latency() -> impl Strategy<Value = Latency> {
    any::<[u64; 8]>().prop_map(|[auth_us, limit_us, policy_us, hold_us, commit_us, rest @ ..]| {
        let [vendor_first_byte_us, vendor_total_us, ours_us] = rest;
        Latency {
            auth_us,
            limit_us,
            policy_us,
            hold_us,
            commit_us,
            vendor_first_byte_us,
            vendor_total_us,
            ours_us,
        }
    })
}

/// Any record there can be, but for times outside of the years 70 to 3870.
pub fn transaction() -> impl Strategy<Value = Transaction> {
    let sums = (usd(), charge(), prop_oneof![Just(Usage::default()), usage()]);
    let words = (sample(&Accuracy::ALL), sample(&Status::ALL), text());
    let rest = (
        prop_oneof![Just(Latency::default()), latency()],
        vec(attempt(), 0..4),
        option::of(time()),
        option::of(any::<[u8; 16]>()),
    );
    (opening(), sums, words, rest).prop_map(|(opening, sums, words, rest)| {
        let (held, cost, tokens) = sums;
        let (accuracy, status, model_used) = words;
        let (latency, attempts, ended_at, digest) = rest;
        Transaction {
            opening: opening.into(),
            model_used,
            held,
            tokens,
            cost,
            accuracy,
            status,
            attempts,
            latency,
            ended_at,
            trace_digest: digest.map(TraceDigest),
        }
    })
}
