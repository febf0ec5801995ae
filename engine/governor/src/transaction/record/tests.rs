//! Records in their binary form: read back, refused where they were changed, and read for ever.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::{RECORD_VERSION, RecordError};
use crate::samples::caller;
use crate::samples::records::transaction;
use crate::{
    Accuracy, Action, Attempt, Call, Charge, ConditionKind, Endpoint, Environment, Identity,
    InputSize, Latency, Matched, Opening, Outcome, Picos, PresumeReason, Reason, ScopeKind,
    ServiceTier, SpendRead, Status, TokenKind, Tokens, TraceDigest, Transaction, Usage, Usd,
    VoidReason, Window,
};

/// Records of version 1, one a line in hexadecimal, each below the JSON that it is shown as. What
/// stands here stays here: every later version reads it.
const VERSION_1: &str = include_str!("version_1.txt");

proptest! {
    #[test]
    fn what_is_written_is_read_back(transaction in transaction()) {
        let bytes = transaction.encode().expect("it has a form");
        let read = Transaction::decode(&bytes).expect("it was written");
        prop_assert_eq!(&read, &transaction);
        let closing = transaction.encode_closing().expect("it has a form");
        let opening = Arc::clone(&transaction.opening);
        let read = Transaction::with_closing(opening, &closing).expect("it was written");
        prop_assert_eq!(read, transaction);
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_refused(transaction in transaction(), at in any::<usize>()) {
        let mut bytes = transaction.encode().expect("it has a form");
        let cut = bytes.get(..at % bytes.len()).expect("within it");
        let refused = matches!(Transaction::decode(cut), Err(RecordError::Unreadable { .. }));
        prop_assert!(refused);
        bytes.push(0xF6);
        let end = bytes.len() - 1;
        prop_assert_eq!(Transaction::decode(&bytes), Err(RecordError::NotCanonical { at: end }));
    }

    #[test]
    fn no_other_bytes_are_the_same_record(
        transaction in transaction(),
        at in any::<usize>(),
        byte in any::<u8>(),
    ) {
        let written = transaction.encode().expect("it has a form");
        let mut changed = written.clone();
        let at = at % changed.len();
        changed[at] = byte;
        // It says something else, or nothing.
        if let Ok(read) = Transaction::decode(&changed) {
            prop_assert_eq!(read == transaction, changed == written);
            prop_assert_eq!(read.encode().expect("it has a form"), changed);
        }
    }

    #[test]
    fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = Transaction::decode(&bytes);
    }
}

#[test]
fn what_version_1_wrote_is_read() {
    let mut lines = VERSION_1.lines().filter(|line| !line.starts_with('#'));
    let mut read = 0;
    while let (Some(json), Some(hex)) = (lines.next(), lines.next()) {
        let bytes = bytes(hex);
        let record = Transaction::decode(&bytes).expect(json);
        assert_eq!(record.json().expect("it has a JSON form"), json);
        read += 1;
    }
    assert_eq!(read, 3);
}

/// A call that two rules looked at: one warns, the other read what its agent had spent.
fn example() -> Transaction {
    let matched = Matched {
        policy: "house".into(),
        rule: "big ones".into(),
        reason: Reason::Tokens {
            what: TokenKind::Output,
            tokens: Some(Tokens(900)),
            limit: Tokens(500),
            over: true,
        },
    };
    let agent = SpendRead {
        kind: ScopeKind::Agent,
        window: Window::Daily,
        spent: Usd::from_nanos(4_000_000),
        held: Usd::from_nanos(9_012_500),
        calls: 3,
    };
    let opening = Opening {
        id: "txn_01KB5TD8QY000000000000000A".parse().expect("an id"),
        at: "2026-11-28T09:30:00.000125Z".parse().expect("a time"),
        judged_at: None,
        utc_offset_s: 3_600,
        who: Arc::new(Identity { session: Some("s-1".into()), ..caller("bot") }),
        call: Call {
            input: InputSize { text_bytes: 5, parts: 1, ..InputSize::default() },
            output_cap: Some(Tokens(900)),
            ..Call::new("openai", "gpt-4o", Endpoint::ChatCompletions)
        },
        model_asked: "gpt-4o".into(),
        models_tried: vec![],
        attempt: 1,
        bound: Some(Usd::from_nanos(9_012_500)),
        price_version: "p1".into(),
        policy_version: "v7".into(),
        action: Action::Warn,
        policy: Some("house".into()),
        rule: Some("big ones".into()),
        reason: Some("up to 900 output tokens over 500".into()),
        evaluated: true,
        matched: vec![matched],
        readings: vec![agent],
    };
    let (held, charged) = (Usd::from_nanos(9_012_500), Usd::from_nanos(152_500));
    Transaction {
        opening: Arc::new(opening),
        model_used: "gpt-4o-2024-08-06".into(),
        held,
        tokens: Usage { input: Tokens(9), output: Tokens(13), ..Usage::default() },
        cost: Charge {
            total: charged,
            input: Picos(22_500_000),
            output: Picos(130_000_000),
            fees: Picos(0),
        },
        accuracy: Accuracy::Exact,
        status: Status::Warned,
        attempts: vec![Attempt {
            number: 1,
            vendor_status: Some(200),
            outcome: Outcome::Settled,
            held,
            charged,
        }],
        latency: Latency { policy_us: 4, hold_us: 3, ours_us: 7, ..Latency::default() },
        ended_at: Some("2026-11-28T09:30:01.5Z".parse().expect("a time")),
        trace_digest: Some(TraceDigest([0xAB; 16])),
    }
}

#[test]
fn the_page_shows_a_record_as_it_is() {
    let page = include_str!("../../../RECORD.md");
    let blocks = page.split("```hex\n").skip(1).map(|rest| rest.split("```").next());
    let [Some(block)] = blocks.collect::<Vec<_>>()[..] else { panic!("one example") };
    let lines = block.lines().map(|line| line.split('#').next().unwrap_or_default());
    let shown = bytes(&lines.collect::<String>());
    assert_eq!(Transaction::decode(&shown).expect("a record"), example());
    assert_eq!(example().encode().expect("it has a form"), shown);
}

#[test]
fn each_number_and_word_stands_for_one_thing() {
    macro_rules! check {
        ($($type:ident),+) => {$(
            for one in $type::ALL {
                assert_eq!($type::from_number(one.number()), Some(one));
                assert_eq!($type::from_word(one.word()), Some(one));
            }
            let numbers: BTreeSet<u8> = $type::ALL.iter().map(|one| one.number()).collect();
            assert_eq!(numbers.len(), $type::ALL.len(), stringify!($type));
        )+};
    }
    check!(Accuracy, Action, Endpoint, Environment, PresumeReason, ScopeKind, ServiceTier);
    check!(Status, TokenKind, VoidReason);
    let conditions = ConditionKind::NAMED.into_iter();
    for condition in conditions.chain(ScopeKind::ALL.map(ConditionKind::Scope)) {
        assert_eq!(ConditionKind::from_number(condition.number()), Some(condition));
    }
    for window in [Window::Hourly, Window::Monthly, Window::Rolling { hours: 24 }] {
        assert_eq!(Window::from_number(window.number()), Some(window));
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let later = [0x83, 0x18, 0x63, 0xA0, 0xA0];
    let error = Transaction::decode(&later).expect_err("a later version");
    assert_eq!(
        error.to_string(),
        format!(
            "the record is of version 99, and this program reads up to {RECORD_VERSION}: use the \
             version of Reins that wrote it, or a later one"
        )
    );
    let no_array = "byte 0 of a record cannot be read: it is no array of 3 parts that begins \
                    with a version";
    for (bytes, error) in [
        (&[0x82, 1, 0xA0][..], no_array),
        (&[], "byte 0 of a record cannot be read: end of input bytes"),
    ] {
        let found = Transaction::decode(bytes).expect_err(error);
        assert_eq!(found.to_string(), error);
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("hexadecimal")).collect()
}
