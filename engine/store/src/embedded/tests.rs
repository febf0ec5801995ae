//! The store as a ledger: what it grants, refuses, keeps and forgets.

mod organizations;

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use reins_governor::{
    Clock, Fault, HoldId, Identity, Ledger, Outcome, PresumeReason, Status, Usd, VoidReason,
};
use reins_ledger::{Books, Settings};

use super::Embedded;
use crate::trial::{
    HandClock, House, caller, closed, database, draft, open, options, presumed, settled, usd,
};
use crate::{Durability, Mismatch, Reports, StoreError, schema};

const NOON: &str = "2026-03-01T11:00:00Z";

/// Holds and dispatches a call.
async fn sent(
    store: &Embedded,
    house: &House,
    who: &Identity,
    n: u128,
    bound: Usd,
) -> (HoldId, reins_governor::Transaction) {
    let now = store.core.clock.now();
    let ask = house.ask(who, bound, now);
    store.ready(&ask).await.unwrap();
    let id = store.hold(&ask).unwrap().id;
    let began = draft(n, who, bound, now);
    store.dispatch(id, &began).await.unwrap();
    (id, began)
}

fn db(folder: &Path) -> std::path::PathBuf {
    folder.join("reins.db")
}

#[tokio::test]
async fn a_call_is_charged_and_its_record_kept() {
    for durability in [Durability::Process, Durability::Power] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
        let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
        let options = super::OpenOptions { durability, ..options(folder.path(), &clock) };
        let store = Embedded::open(options).await.unwrap();
        let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
        store.flush().await.unwrap();
        let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
        let name = began.opening.who.key_name.clone();
        let key = reins_governor::Scope::new(reins_governor::ScopeKind::Key, name);
        let day = reins_governor::Window::Daily;
        let spent =
            reports.spent(&house.organization, &key, day, &house.zone, clock.now()).await.unwrap();
        assert_eq!((spent.held, spent.in_flight, spent.calls), (usd(1_000), 1, 0));
        let record = closed(began.clone(), &settled(400), clock.now());
        store.finish(id, settled(400), clock.now(), Some(&record));
        store.check().await.unwrap();
        let spent =
            reports.spent(&house.organization, &key, day, &house.zone, clock.now()).await.unwrap();
        assert_eq!((spent.spent, spent.held, spent.calls), (usd(400), Usd::ZERO, 1));
        let kept = reports.transaction(began.opening.id).await.unwrap().unwrap();
        assert_eq!(kept, record);
        assert_eq!(reports.totals(&house.organization).await.unwrap().charged, usd(400));
        let spenders = reports
            .spenders(&house.organization, key.kind, day, &house.zone, clock.now())
            .await
            .unwrap();
        assert_eq!(spenders, [key], "the slot began before now, and counts");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_second_end_changes_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    let now = clock.now();
    let record = closed(began.clone(), &settled(400), now);
    let first = store.finish(id, settled(400), now, Some(&record));
    let other = closed(began, &settled(900), now);
    assert_eq!(store.finish(id, settled(900), now, Some(&other)), first);
    store.check().await.unwrap();
    assert_eq!(store.core.journal.last(), 2, "nothing was written for the second end");
}

#[tokio::test]
async fn usage_that_comes_late_corrects_what_was_presumed() {
    for with_record in [true, false] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
        let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
        let store = open(folder.path(), &clock).await;
        let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
        let now = clock.now();
        let record = closed(began.clone(), &presumed(1_000), now);
        store.finish(id, presumed(1_000), now, Some(&record));
        let late = closed(began, &settled(300), now);
        store.finish(id, settled(300), now, with_record.then_some(&late));
        store.check().await.unwrap();
        let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
        assert_eq!(reports.totals(&house.organization).await.unwrap().charged, usd(300));
    }
}

#[tokio::test]
async fn a_call_without_a_sign_of_life_is_presumed_and_recorded() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (_, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    clock.turn(601);
    store.core.sweep();
    store.check().await.unwrap();
    let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
    let record = reports.transaction(began.opening.id).await.unwrap().unwrap();
    assert_eq!(record.attempts[0].outcome, Outcome::Presumed(PresumeReason::OwnerLost));
    assert_eq!(reports.totals(&house.organization).await.unwrap().charged, usd(1_000));
}

#[tokio::test]
async fn a_caller_that_leaves_during_the_dispatch_pays_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    store.void(id, VoidReason::Abandoned);
    store.check().await.unwrap();
    assert_eq!(store.health().in_flight, 0);
    let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
    let record = reports.transaction(began.opening.id).await.unwrap().unwrap();
    assert_eq!(record.status, Status::Failed);
    assert_eq!(reports.totals(&house.organization).await.unwrap().charged, Usd::ZERO);
}

#[tokio::test]
async fn an_expired_hold_is_not_dispatched() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let ask = house.ask(&who, usd(1), clock.now());
    store.ready(&ask).await.unwrap();
    let id = store.hold(&ask).unwrap().id;
    clock.turn(601);
    store.core.sweep();
    let outcome = store.dispatch(id, &draft(1, &who, usd(1), clock.now())).await;
    assert_eq!(outcome, Err(Fault::Expired));
    assert_eq!(store.core.journal.last(), 0);
}

#[tokio::test]
async fn a_store_serves_one_process() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    let second = Embedded::open(options(folder.path(), &clock)).await;
    assert!(matches!(second, Err(StoreError::InUse(_))), "{second:?}");
    store.close().await.unwrap();
    open(folder.path(), &clock).await.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    open(folder.path(), &clock).await.close().await.unwrap();
    let conn = schema::writer(&database(folder.path()), Durability::Process).unwrap();
    conn.execute_batch("PRAGMA user_version = 99").unwrap();
    let opened = Embedded::open(options(folder.path(), &clock)).await;
    let message = opened.unwrap_err().to_string();
    assert!(message.contains("has schema version 99"), "{message}");
}

#[tokio::test]
async fn a_database_that_fails_stops_admission_and_nothing_is_lost() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let conn = schema::writer(&database(folder.path()), Durability::Process).unwrap();
    let broken = "ALTER TABLE open_attempts RENAME TO elsewhere";
    conn.execute_batch(broken).unwrap();
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    let stopped = store.flush().await.unwrap_err();
    assert!(stopped.to_string().contains("the database could not be written"), "{stopped}");
    let ask = house.ask(&who, usd(1), clock.now());
    assert_eq!(store.ready(&ask).await, Err(stopped.clone()));
    let next = store.hold(&ask).unwrap().id;
    assert_eq!(store.dispatch(next, &began).await, Err(stopped));
    assert!(store.health().stopped.is_some());
    let record = closed(began, &settled(400), clock.now());
    store.finish(id, settled(400), clock.now(), Some(&record));
    store.close().await.unwrap_err();
    let mended = "ALTER TABLE elsewhere RENAME TO open_attempts";
    conn.execute_batch(mended).unwrap();
    let store = open(folder.path(), &clock).await;
    let recovered = store.recovered();
    assert_eq!((recovered.replayed, recovered.presumed), (2, 0), "the journal was still written");
    store.check().await.unwrap();
}

/// Whether some file of the journal says that a call ended.
fn an_end_is_written(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder.join("reins.db.journal")).unwrap();
    // One that is set aside meanwhile has another name by then.
    let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default());
    let end = b"\x89\x01\x64acme";
    files.any(|bytes| bytes.windows(end.len()).any(|part| part == end))
}

#[tokio::test]
async fn what_ends_after_the_database_failed_is_written_although_other_calls_go_on() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    sent(&store, &house, &who, 2, usd(1_000)).await;
    store.flush().await.unwrap();
    let conn = schema::writer(&database(folder.path()), Durability::Process).unwrap();
    conn.execute_batch("ALTER TABLE calls RENAME TO elsewhere").unwrap();
    store.record(&draft(3, &who, usd(1), clock.now()));
    store.flush().await.unwrap_err();
    let record = closed(began, &settled(400), clock.now());
    store.finish(id, settled(400), clock.now(), Some(&record));
    // Nothing else is asked of the store: what a kill would leave now has the end.
    let written = async {
        while !an_end_is_written(folder.path()) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(10), written).await;
    assert!(waited.is_ok(), "the end of a call is only in memory");
}

#[tokio::test]
async fn a_call_is_charged_once_although_somebody_asks_for_spend_after_its_store_has_stopped() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    store.flush().await.unwrap();
    let conn = schema::writer(&database(folder.path()), Durability::Process).unwrap();
    conn.execute_batch("ALTER TABLE calls RENAME TO elsewhere").unwrap();
    store.record(&draft(2, &who, usd(1), clock.now()));
    store.flush().await.unwrap_err();
    conn.execute_batch("ALTER TABLE elsewhere RENAME TO calls").unwrap();
    let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
    assert_eq!(
        reports.totals(&house.organization).await.unwrap().in_flight,
        1,
        "its process is still alive"
    );
    let second = Embedded::open(options(folder.path(), &clock)).await;
    assert!(matches!(second, Err(StoreError::InUse(_))), "{second:?}");
    let record = closed(began, &settled(400), clock.now());
    store.finish(id, settled(400), clock.now(), Some(&record));
    store.close().await.unwrap_err();
    let store = open(folder.path(), &clock).await;
    store.check().await.unwrap();
    assert_eq!(reports.totals(&house.organization).await.unwrap().charged, usd(400));
}

#[tokio::test]
async fn refused_calls_do_not_fill_the_memory_of_a_store_that_has_stopped() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let who = caller("bot", "s");
    let options = super::OpenOptions { backlog_max: 2, ..options(folder.path(), &clock) };
    let store = Embedded::open(options).await.unwrap();
    store.core.stop("the disk is gone".to_owned());
    (1..=100).for_each(|n| store.record(&draft(n, &who, usd(1), clock.now())));
    assert_eq!(store.health().behind, 0);
}

#[tokio::test]
async fn refused_calls_do_not_fill_the_memory_of_a_store_that_is_behind() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let who = caller("bot", "s");
    let options = super::OpenOptions { backlog_max: 2, ..options(folder.path(), &clock) };
    let store = Embedded::open(options).await.unwrap();
    let conn = schema::writer(&database(folder.path()), Durability::Process).unwrap();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    (1..=100).for_each(|n| store.record(&draft(n, &who, usd(1), clock.now())));
    assert_eq!(store.health().behind, 4);
    conn.execute_batch("ROLLBACK").unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.health().behind, 0);
}

#[tokio::test]
async fn a_full_disk_stops_admission() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    store.core.journal.fill_disk();
    let ask = house.ask(&who, usd(1), clock.now());
    store.ready(&ask).await.unwrap();
    let id = store.hold(&ask).unwrap().id;
    let outcome = store.dispatch(id, &draft(1, &who, usd(1), clock.now())).await;
    assert!(matches!(outcome, Err(Fault::Stopped(_))), "{outcome:?}");
    store.void(id, VoidReason::Abandoned);
    assert_eq!(store.ready(&ask).await, outcome);
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_backlog_that_grows_too_long_refuses_calls() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let options = super::OpenOptions { backlog_max: 1, ..options(folder.path(), &clock) };
    let store = Embedded::open(options).await.unwrap();
    let ask = house.ask(&who, usd(1), clock.now());
    store.ready(&ask).await.unwrap();
    let ids = [store.hold(&ask).unwrap().id, store.hold(&ask).unwrap().id];
    let began = draft(1, &who, usd(1), clock.now());
    // Nothing is folded between these two: the test's one thread does not wait in between.
    store.core.dispatch(ids[0], &began).unwrap();
    assert_eq!(store.core.dispatch(ids[1], &began), Err(Fault::Overloaded));
    store.flush().await.unwrap();
    store.core.dispatch(ids[1], &began).unwrap();
}

#[tokio::test]
async fn a_difference_between_spend_and_transactions_is_found() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    let wrong = closed(began, &settled(399), clock.now());
    store.finish(id, settled(400), clock.now(), Some(&wrong));
    let found = store.check().await.unwrap_err();
    assert!(matches!(found, Mismatch::Spend { .. }), "{found}");
}

/// What a random caller does.
#[derive(Clone, Debug)]
enum Step {
    Call { who: usize, bound: u64 },
    End { which: usize, charged: u64, lost: bool },
    Turn(i64),
    Evict,
    Flush,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..8, 1_u64..400).prop_map(|(who, bound)| Step::Call { who, bound }),
        5 => (any::<usize>(), 0_u64..600, prop::bool::weighted(0.2))
            .prop_map(|(which, charged, lost)| Step::End { which, charged, lost }),
        2 => (1_i64..4_000).prop_map(Step::Turn),
        2 => Just(Step::Evict),
        1 => Just(Step::Flush),
        1 => Just(Step::Restart),
    ]
}

/// Runs `steps` on a store that forgets and restarts, beside books that never leave memory: those
/// of two organizations with the same names, each by itself. Every hold must be granted or refused
/// alike, with the same figures.
async fn compare(steps: Vec<Step>) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let houses = [("acme", "Europe/Berlin"), ("umbrella", "Asia/Kathmandu")];
    let houses = houses.map(|(name, zone)| House::new(usd(2_000)).of(name, zone));
    let caller =
        |n: usize| houses[n / 4].caller(["bot", "helper"][n / 2 % 2], &format!("s{}", n % 4));
    let callers: Vec<Identity> = (0..8).map(caller).collect();
    let mut books = [(); 2].map(|()| Books::new(Settings::default()));
    let mut charged = [0, 0];
    let mut store = open(folder.path(), &clock).await;
    let mut open_calls: Vec<(HoldId, (usize, HoldId), reins_governor::Transaction)> = Vec::new();
    for (number, step) in (1..).zip(steps) {
        let now = clock.now();
        match step {
            Step::Call { who, bound } => {
                let (at, who, bound) = (who / 4, &callers[who], usd(bound));
                let ask = houses[at].ask(who, bound, now);
                store.ready(&ask).await.unwrap();
                books[at].begin(&ask);
                let (ours, theirs) = (store.hold(&ask), books[at].hold(&ask, now));
                let figures =
                    |holding: reins_governor::Holding| (holding.readings, holding.standings);
                assert_eq!(ours.clone().map(figures), theirs.clone().map(figures));
                if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                    let began = draft(number, who, bound, now);
                    store.dispatch(ours.id, &began).await.unwrap();
                    books[at].dispatch(theirs.id).unwrap();
                    open_calls.push((ours.id, (at, theirs.id), began));
                }
            }
            Step::End { which, charged: cost, lost } if !open_calls.is_empty() => {
                let (ours, (at, theirs), began) = open_calls.remove(which % open_calls.len());
                let end = if lost { presumed(cost) } else { settled(cost) };
                charged[at] += cost;
                let record = closed(began, &end, now);
                store.finish(ours, end.clone(), now, Some(&record));
                books[at].finish(theirs, end, now);
            }
            Step::End { .. } => {}
            // WHY: the store's own sweep would end calls that give no sign of life meanwhile.
            Step::Turn(seconds) => {
                clock.turn(seconds);
                for (ours, (at, theirs), _) in &open_calls {
                    store.beat(*ours, clock.now());
                    books[*at].beat(*theirs, clock.now());
                }
            }
            Step::Evict => drop(store.core.live.lock().books.evict(jiff::Timestamp::MAX)),
            Step::Flush => store.flush().await.unwrap(),
            Step::Restart => {
                store.close().await.unwrap();
                store = open(folder.path(), &clock).await;
                for (_, (at, theirs), began) in open_calls.drain(..) {
                    books[at].finish(theirs, presumed(began.held.nanos()), now);
                    charged[at] += began.held.nanos();
                }
            }
        }
    }
    store.check().await.unwrap();
    let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
    for (house, charged) in houses.iter().zip(charged) {
        assert_eq!(reports.totals(&house.organization).await.unwrap().charged, usd(charged));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn what_is_loaded_equals_what_never_left_memory(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(compare(steps));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_at_once_do_not_pass_a_budget() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let house = Arc::new(House::new(usd(10_000)));
    let store = open(folder.path(), &clock).await;
    let calls: Vec<_> = (1..=1_000_u128)
        .map(|n| {
            let (store, house, clock) = (Arc::clone(&store), Arc::clone(&house), clock.clone());
            tokio::spawn(async move {
                let who = caller("bot", &format!("s{}", n % 50));
                let ask = house.ask(&who, usd(70), clock.now());
                store.ready(&ask).await.unwrap();
                let Ok(holding) = store.hold(&ask) else { return 0 };
                let began = draft(n, &who, usd(70), clock.now());
                store.dispatch(holding.id, &began).await.unwrap();
                let record = closed(began, &settled(70), clock.now());
                store.finish(holding.id, settled(70), clock.now(), Some(&record));
                70
            })
        })
        .collect();
    let mut charged = 0;
    for call in calls {
        charged += call.await.unwrap();
    }
    assert_eq!(charged, 142 * 70, "142 calls fit into 10,000");
    store.check().await.unwrap();
    let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
    assert_eq!(reports.totals(&house.organization).await.unwrap().charged, usd(142 * 70));
}

#[tokio::test]
async fn a_counter_is_not_forgotten_between_ready_and_hold() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let (house, who) = (House::new(usd(5_000)), caller("bot", "s"));
    let store = open(folder.path(), &clock).await;
    let (id, began) = sent(&store, &house, &who, 1, usd(1_000)).await;
    let record = closed(began, &settled(400), clock.now());
    store.finish(id, settled(400), clock.now(), Some(&record));
    clock.turn(3_600);
    let ask = house.ask(&who, usd(1), clock.now());
    store.ready(&ask).await.unwrap();
    store.core.evict();
    assert_eq!(store.hold(&ask).unwrap().standings[0].spent, usd(400));
}

#[tokio::test]
async fn memory_does_not_grow_with_the_number_of_sessions() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let house = House::new(usd(5_000));
    let store = open(folder.path(), &clock).await;
    for n in 1..=200 {
        let who = caller("bot", &format!("session {n}"));
        let (id, began) = sent(&store, &house, &who, n, usd(10)).await;
        let record = closed(began, &settled(1), clock.now());
        store.finish(id, settled(1), clock.now(), Some(&record));
        clock.turn(60);
        store.core.evict();
        // A session a minute, kept for a quarter of an hour, with two counters beside shared ones.
        assert!(store.core.live.lock().books.counters() < 50);
    }
    store.check().await.unwrap();
}
