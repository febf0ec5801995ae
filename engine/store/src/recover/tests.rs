//! A crash at every entry, with the database anywhere behind: afterwards everything adds up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use reins_governor::{Ledger, Outcome, PresumeReason, Status, Unheld, Usd};

use crate::Reports;
use crate::entry::Entry;
use crate::frame::{FRAME_HEADER_BYTES, Seq};
use crate::journal::tests::found;
use crate::trial::{
    Crash, HandClock, House, caller, closed, crashed, draft, open, presumed, settled, usd,
};

const NOON: &str = "2026-03-01T11:00:00Z";

/// What each scope spent, by its organization and `kind=name`.
type Spend = BTreeMap<String, i64>;

/// Calls of all sorts, and the entries they left in the journal.
pub(crate) async fn story() -> Vec<(Seq, Entry)> {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let mut options = crate::trial::options(folder.path(), &clock);
    options.segment_bytes = 16 << 20;
    let store = crate::Embedded::open(options).await.unwrap();
    let houses = ["acme", "umbrella"].map(|name| House::new(usd(1_000_000)).of(name, "UTC"));
    for n in 0..9_u128 {
        let house = &houses[usize::from(n % 3 == 1)];
        clock.turn(70);
        let now = reins_governor::Clock::now(&*clock);
        let who = house
            .caller(["bot", "helper"][usize::try_from(n % 2).unwrap()], &format!("s{}", n % 3));
        let bound = usd(1_000 + u64::try_from(n).unwrap());
        let ask = house.ask(&who, bound, now);
        store.ready(&ask).await.unwrap();
        let id = store.hold(&ask).unwrap().id;
        let mut began = draft(n + 1, &who, bound, now);
        if n == 8 {
            // Its budget holds what is typical, which is less than it can cost.
            began.attempts[0].held = usd(3);
        }
        if n == 4 {
            store.record(&began);
            continue;
        }
        store.dispatch(id, &began).await.unwrap();
        let end = if n % 4 == 1 { presumed(900) } else { settled(u64::try_from(n).unwrap()) };
        let record = closed(began, &end, now);
        match n {
            // These two stay open.
            6 | 8 => {}
            // Usage comes late, first with and then without a record.
            1 | 5 => {
                store.finish(id, end, now, Some(&record));
                let late = closed(record, &settled(77), now);
                store.finish(id, settled(77), now, (n == 1).then_some(&late));
            }
            _ => drop(store.finish(id, end, now, Some(&record))),
        }
    }
    store.core.journal.push(store.core.journal.last()).unwrap();
    let found = found(&folder.path().join("reins.db.journal"));
    found.iter().map(|(seq, body)| (*seq, Entry::read(body).unwrap())).collect()
}

/// What should be spent after these entries: each charge, and the most that each open attempt can
/// cost.
fn expected(entries: &[(Seq, Entry)]) -> Spend {
    let mut spend = Spend::new();
    let mut open = BTreeMap::new();
    for (seq, entry) in entries {
        match entry {
            Entry::Intent(intent) => drop(open.insert(*seq, intent)),
            Entry::Record(_) | Entry::Clock(_) => {}
            Entry::End(end) => {
                end.fact.intent.map(|intent| open.remove(&intent));
                for posting in &end.postings {
                    let scope = format!("{} {}", end.fact.organization, posting.scope);
                    *spend.entry(scope).or_default() += posting.nanos;
                }
            }
        }
    }
    for intent in open.values() {
        let opening = &intent.draft.transaction.opening;
        for scope in intent.draft.scopes() {
            *spend.entry(format!("{} {scope}", opening.who.organization)).or_default() +=
                opening.bound.unwrap_or_default().nanos_i64();
        }
    }
    spend.retain(|_, nanos| *nanos != 0);
    spend
}

/// Tears the last write of a journal, so that the second half of its only entry is missing.
fn tear(folder: &Path, entry: &Entry) {
    let mut text = Vec::new();
    entry.write(&mut text).unwrap();
    let file = folder.join("reins.db.journal").join(format!("{:020}.journal", 1));
    let mut bytes = fs::read(&file).unwrap();
    let at = memchr::memmem::rfind(&bytes, &text).unwrap();
    assert!(at > FRAME_HEADER_BYTES);
    bytes[at + text.len() / 2..at + text.len()].fill(0);
    fs::write(&file, bytes).unwrap();
}

async fn spend(store: &crate::Embedded) -> Spend {
    let query = sqlx::query_as(
        "SELECT organization || ' ' || kind || '=' || name, sum(nanos) FROM spend \
         GROUP BY organization, kind, name \
         HAVING sum(nanos) <> 0",
    );
    let rows: Vec<(String, i64)> = query.fetch_all(&store.core.reads).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a_crash_at_any_entry_loses_and_doubles_nothing() {
    let entries = story().await;
    let all: Vec<Entry> = entries.iter().map(|(_, entry)| entry.clone()).collect();
    assert_eq!(entries.len(), 17, "8 intents, 6 ends, 2 corrections, 1 record");
    let clock = HandClock::at("2026-03-01T12:00:00Z");
    for journaled in 0..=all.len() {
        for folded in [0, journaled / 2, journaled] {
            let folder = tempfile::tempdir().unwrap();
            let layout = Crash { folded, a_write: 1, segment_bytes: 64 << 10 };
            let torn = all.get(journaled);
            crashed(folder.path(), &all[..journaled + usize::from(torn.is_some())], layout);
            if let Some(torn) = torn {
                tear(folder.path(), torn);
            }
            let store = open(folder.path(), &clock).await;
            let expected = expected(&entries[..journaled]);
            assert_eq!(spend(&store).await, expected, "{folded} of {journaled} folded");
            store.check().await.unwrap();
            let recovered = store.recovered();
            assert_eq!(recovered.replayed, u64::try_from(journaled - folded).unwrap());
            store.close().await.unwrap();
            let store = open(folder.path(), &clock).await;
            assert_eq!(spend(&store).await, expected, "recovered twice");
            assert_eq!((store.recovered().replayed, store.recovered().presumed), (0, 0));
        }
    }
}

#[tokio::test]
async fn a_lost_call_is_charged_what_it_held_and_says_so() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let now = NOON.parse().unwrap();
    let store = open(folder.path(), &clock).await;
    let ask = house.ask(&who, usd(3_000), now);
    store.ready(&ask).await.unwrap();
    let id = store.hold(&ask).unwrap().id;
    let began = draft(1, &who, usd(3_000), now);
    store.dispatch(id, &began).await.unwrap();
    drop(store);
    let clock = HandClock::at("2026-03-01T12:00:00Z");
    let store = reopened(folder.path(), &clock).await;
    assert_eq!(store.recovered().presumed, 1);
    let ask = house.ask(&who, usd(2_001), "2026-03-01T12:00:00Z".parse().unwrap());
    store.ready(&ask).await.unwrap();
    let Err(Unheld::Short(short)) = store.hold(&ask) else { panic!("it fits") };
    assert_eq!((short.standing.spent, short.standing.held), (usd(3_000), Usd::ZERO));
    let reports = Reports::open(&folder.path().join("reins.db"), &*clock).unwrap();
    let record = reports.transaction(began.opening.id).await.unwrap().unwrap();
    let why = PresumeReason::ProcessLost;
    assert_eq!(record.attempts[0].outcome, Outcome::Presumed(why));
    assert_eq!((record.status, record.cost.total), (Status::Partial, usd(3_000)));
    store.check().await.unwrap();
}

/// The tasks of a store that was dropped end a little later, and with them its lock.
async fn reopened(folder: &Path, clock: &Arc<HandClock>) -> Arc<crate::Embedded> {
    loop {
        match crate::Embedded::open(crate::trial::options(folder, clock)).await {
            Err(crate::StoreError::InUse(_)) => tokio::task::yield_now().await,
            outcome => return outcome.unwrap(),
        }
    }
}
