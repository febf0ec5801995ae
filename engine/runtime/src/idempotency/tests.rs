//! What is remembered for whom, and what is not forgotten too early.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use reins_governor::samples::caller;
use reins_governor::{Identity, KeyId, Name, Refusal, TransactionId};

use super::{BODY_MAX, First, Idempotency, MEMORY, Scope, Turn};

const ID: TransactionId = TransactionId(ulid::Ulid::from_parts(7, 7));

fn scope(identity: &Identity) -> Scope<'_> {
    Scope { identity, path: "chat/completions", vendor: None }
}

fn headers(key: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::HeaderName::from_static("idempotency-key"),
        HeaderValue::from_str(key).expect(key),
    )])
}

fn turn_of(known: &Idempotency, scope: &Scope<'_>, key: &str) -> Result<Turn, Refusal> {
    known.turn(scope, &headers(key), &Bytes::from_static(b"{}"))
}

fn turn(known: &Idempotency, key: &str) -> Result<Turn, Refusal> {
    turn_of(known, &scope(&caller("bot")), key)
}

#[track_caller]
fn is_first(turn: Result<Turn, Refusal>) -> First {
    match turn {
        Ok(Turn::First(first)) => first,
        other => panic!("not the first: {other:?}"),
    }
}

fn answer(first: First, bytes: usize) {
    first.answered(ID, StatusCode::OK, &HeaderMap::new(), &vec![b'x'; bytes]);
}

/// Twice as many answers as there is room for, each of which is asked for again.
fn crowd(known: &Idempotency) {
    let number = 2 * usize::try_from(MEMORY).expect("small") / BODY_MAX;
    for key in (0..number).map(|n| format!("crowd-{n}")) {
        answer(is_first(turn(known, &key)), BODY_MAX);
        (0..20).for_each(|_| drop(turn(known, &key)));
    }
    known.made.run_pending_tasks();
}

#[test]
fn a_call_under_way_is_not_made_again_however_many_answers_come_meanwhile() {
    let known = Idempotency::new();
    let first = is_first(turn(&known, "mine"));
    crowd(&known);
    assert!(turn(&known, "mine").is_err(), "it is under way");
    drop(first);
    is_first(turn(&known, "mine"));
}

#[test]
fn a_new_answer_is_remembered_although_others_are_asked_for_more_often() {
    let known = Idempotency::new();
    crowd(&known);
    answer(is_first(turn(&known, "mine")), BODY_MAX);
    known.made.run_pending_tasks();
    assert!(matches!(turn(&known, "mine"), Ok(Turn::Again(_))));
}

#[test]
fn another_body_under_the_same_key_is_refused() {
    let known = Idempotency::new();
    let _first = is_first(turn(&known, "mine"));
    let identity = caller("bot");
    let other = known.turn(&scope(&identity), &headers("mine"), &Bytes::from_static(b"[]"));
    let Err(refusal) = other else { panic!("another body was taken for the same call") };
    assert!(format!("{refusal:?}").contains("another body"), "{refusal:?}");
}

#[test]
fn a_key_is_of_its_caller_its_path_and_its_vendor_alone() {
    let known = Idempotency::new();
    let own = caller("bot");
    answer(is_first(turn_of(&known, &scope(&own), "mine")), 1);
    let name = |name: &'static str| Some(Name::from(name));
    let others = [
        Identity { key: KeyId("key_other".into()), ..own.clone() },
        Identity { agent: "other".into(), ..own.clone() },
        Identity { team: name("other"), ..own.clone() },
        Identity { user: name("other"), ..own.clone() },
        Identity { session: name("other"), ..own.clone() },
        Identity { roles: Arc::from([Name::from("other")]), ..own.clone() },
    ];
    for other in &others {
        answer(is_first(turn_of(&known, &scope(other), "mine")), 1);
    }
    let path = Scope { path: "messages", ..scope(&own) };
    let vendor = Scope { vendor: Some("openai"), ..scope(&own) };
    for scope in [&path, &vendor] {
        answer(is_first(turn_of(&known, scope, "mine")), 1);
    }
    // One that only another name holds is no other caller.
    let later = Identity { metadata: Some("{\"attempt\":2}".into()), ..own };
    assert!(matches!(turn_of(&known, &scope(&later), "mine"), Ok(Turn::Again(_))));
}

#[test]
fn an_answer_weighs_what_its_head_and_body_take() {
    let known = Idempotency::new();
    // A head of 32 KiB with an empty body.
    let long = HeaderValue::from_bytes(&[b'x'; 8 * 1024]).expect("a value");
    let mut head = HeaderMap::new();
    for _ in 0..4 {
        head.append("x-long", long.clone());
    }
    for key in 0..3_000 {
        let first = is_first(turn(&known, &key.to_string()));
        first.answered(ID, StatusCode::OK, &head, b"");
    }
    known.made.run_pending_tasks();
    let (entries, weight) = (known.made.entry_count(), known.made.weighted_size());
    assert!(weight <= MEMORY && entries <= MEMORY / (32 * 1024), "{entries} of {weight}");
    assert!(entries > 900, "{entries}");
}
