//! Entries are read back as they were written.

use jiff::Timestamp;
use reins_governor::ScopeKind;
use reins_ledger::{Posting, Stretch, Timeline};
use smallvec::smallvec;

use super::{Ended, Entry, Fact, Intent};
use crate::clock::KeptClock;
use crate::kept::Kept;
use crate::trial::{caller, closed, draft, presumed, settled, usd};

fn check(entry: &Entry) {
    let mut out = Vec::new();
    entry.write(&mut out).unwrap();
    let text = std::str::from_utf8(&out).unwrap();
    assert_eq!(&Entry::read(text).unwrap(), entry, "{text}");
}

#[test]
fn every_kind_is_read_back() {
    let at = "2026-03-01T10:00:00.123456789Z".parse::<Timestamp>().unwrap();
    let began = draft(9, &caller("a \"bot\"\u{1f600}", "s"), usd(1_000), at);
    check(&Entry::Intent(Intent { at, draft: Kept::of(&began).unwrap() }));
    let record = Kept::of(&closed(began.clone(), &settled(7), at)).unwrap();
    check(&Entry::Record(record.clone()));
    let scopes = record.columns.scopes();
    assert_eq!(scopes.len(), ScopeKind::ALL.len());
    for (record, end) in [(Some(record), settled(7)), (None, presumed(7))] {
        let postings = scopes.iter().cloned();
        let post = |scope| Posting { scope, slot: 300, nanos: -7, calls: 0 };
        let (organization, txn) = ("acme".into(), began.opening.id);
        let fact = Fact { organization, intent: Some(3), txn, attempt: 1, at, end };
        let postings = postings.map(post).collect();
        check(&Entry::End(Box::new(Ended { fact, record, postings })));
    }
    let past = vec![Stretch { end: 7, own: -300, carried: i64::MIN, idle: 0, paused: true }; 2];
    let timeline = Timeline { shift: 600, floor: i64::MIN, past };
    check(&Entry::Clock(KeptClock { timeline, seen: 1_800_000_000 }));
    let (organization, txn) = ("acme".into(), began.opening.id);
    let fact = Fact { organization, intent: None, txn, attempt: 1, at, end: settled(7) };
    check(&Entry::End(Box::new(Ended { fact, record: None, postings: smallvec![] })));
}

#[test]
fn the_columns_of_a_record_are_those_of_its_text() {
    let at = "2026-03-01T10:00:00Z".parse().unwrap();
    let record = closed(draft(9, &caller("bot", "s"), usd(1_000), at), &settled(7), at);
    let kept = Kept::of(&record).unwrap();
    assert_eq!(Kept::read(&kept.text).unwrap(), kept);
}
