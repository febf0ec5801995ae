//! Entries are read back as they were written.

use std::sync::Arc;

use jiff::Timestamp;
use reins_governor::ScopeKind;
use reins_ledger::{Posting, Stretch, Timeline};
use smallvec::smallvec;

use super::{Closed, Ended, Entry, Fact, Intent};
use crate::clock::KeptClock;
use crate::kept::Kept;
use crate::trial::{caller, closed, draft, presumed, settled, usd};

fn check(entry: &Entry) {
    let mut out = Vec::new();
    entry.write(&mut out).unwrap();
    let mut found = Entry::read(&out).unwrap();
    if let (Entry::End(found), Entry::End(end)) = (&mut found, entry)
        && let (Some(record), Some(Closed::Record(kept))) = (&mut found.record, &end.record)
    {
        record.complete(Arc::clone(&kept.transaction.opening)).unwrap();
    }
    assert_eq!(&found, entry);
    for end in 0..out.len() {
        assert!(Entry::read(&out[..end]).is_err(), "cut at {end} of {}", out.len());
    }
}

#[test]
fn every_kind_is_read_back() {
    let at = "2026-03-01T10:00:00.123456Z".parse::<Timestamp>().unwrap();
    let began = draft(9, &caller("a \"bot\"\u{1f600}", "s"), usd(1_000), at);
    check(&Entry::Intent(Intent { at, draft: Kept::whole(began.clone()).unwrap() }));
    let record = closed(began.clone(), &settled(7), at);
    check(&Entry::Record(Kept::whole(record.clone()).unwrap()));
    let record = Kept::closing(record).unwrap();
    let scopes = record.scopes();
    assert_eq!(scopes.len(), ScopeKind::ALL.len());
    let record = Some(Closed::Record(record));
    for (record, end) in [(record, settled(7)), (None, presumed(7))] {
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
fn postings_that_differ_are_read_back() {
    let at = Timestamp::UNIX_EPOCH;
    let began = draft(9, &caller("bot", "s"), usd(1_000), at);
    let scopes = began.opening.who.scopes().into_iter().zip(1..);
    let post = |(scope, nanos)| Posting { scope, slot: 300, nanos, calls: 1 };
    let (organization, txn) = ("acme".into(), began.opening.id);
    let fact = Fact { organization, intent: Some(3), txn, attempt: 1, at, end: settled(7) };
    let postings = scopes.map(post).collect();
    check(&Entry::End(Box::new(Ended { fact, record: None, postings })));
}
