//! What a start makes of the files it finds: its own, restored ones, and those of others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reins_governor::{Clock, HoldId, Ledger, Usd};

use crate::journal::tests::found;
use crate::loss::Flaw;
use crate::trial::{
    HandClock, House, caller, closed, copy, database, draft, is_same, open, options, settled, usd,
};
use crate::{Embedded, Losses, OpenOptions, Reports, StoreError};

const NOON: &str = "2026-03-01T11:00:00Z";

/// Makes calls that cost 100 each.
async fn calls(store: &Embedded, clock: &Arc<HandClock>, numbers: std::ops::Range<u128>) {
    let (house, who) = (House::new(usd(1_000_000)), caller("bot", "s"));
    for number in numbers {
        clock.turn(1);
        let ask = house.ask(&who, usd(200), clock.now());
        store.ready(&ask).await.unwrap();
        let id = store.hold(&ask).unwrap().id;
        let began = draft(number, &who, usd(200), clock.now());
        store.dispatch(id, &began).await.unwrap();
        let record = closed(began, &settled(100), clock.now());
        store.finish(id, settled(100), clock.now(), Some(&record));
    }
    store.flush().await.unwrap();
}

fn db(folder: &Path) -> PathBuf {
    folder.join("reins.db")
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("reins.db.journal")
}

/// Everything of a store as it lies on the disk at one instant, in a folder of its own: a copy is
/// made anew where a file of the journal was used again meanwhile.
fn copied(from: &Path) -> tempfile::TempDir {
    loop {
        let to = tempfile::tempdir().unwrap();
        copy(&from.join("."), to.path());
        if is_same(from, to.path()) {
            return to;
        }
    }
}

async fn charged(folder: &Path, clock: &Arc<HandClock>) -> Usd {
    let store = open(folder, clock).await;
    store.check().await.unwrap();
    let reports = Reports::open(&db(folder), &**clock).unwrap();
    let charged = reports.totals(&"acme".into()).await.unwrap().charged;
    store.close().await.unwrap();
    charged
}

async fn refused(folder: &Path, clock: &Arc<HandClock>) -> Vec<Flaw> {
    match Embedded::open(options(folder, clock)).await {
        Err(StoreError::Lost(loss)) => loss.flaws,
        other => panic!("{other:?}"),
    }
}

/// Opens a store although something is missing.
async fn accepted(folder: &Path, clock: &Arc<HandClock>) -> Arc<Embedded> {
    let options = OpenOptions { losses: Losses::Accept, ..options(folder, clock) };
    Embedded::open(options).await.unwrap()
}

#[tokio::test]
async fn the_database_alone_is_whole_after_an_orderly_stop() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..8).await;
    store.close().await.unwrap();
    assert!(found(&journal(folder.path())).is_empty(), "the journal is of no use any more");
    let alone = tempfile::tempdir().unwrap();
    copy(&db(folder.path()), &db(alone.path()));
    assert_eq!(charged(alone.path(), &clock).await, usd(700));
}

/// A call that is in flight.
async fn in_flight(
    store: &Embedded,
    clock: &Arc<HandClock>,
) -> (HoldId, reins_governor::Transaction) {
    let (house, who) = (House::new(usd(1_000_000)), caller("bot", "s"));
    let ask = house.ask(&who, usd(200), clock.now());
    store.ready(&ask).await.unwrap();
    let id = store.hold(&ask).unwrap().id;
    let began = draft(1, &who, usd(200), clock.now());
    store.dispatch(id, &began).await.unwrap();
    (id, began)
}

#[tokio::test]
async fn an_orderly_stop_keeps_what_ended_after_its_journal_was_closed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    let (id, began) = in_flight(&store, &clock).await;
    store.core.journal.close();
    let record = closed(began, &settled(100), clock.now());
    store.finish(id, settled(100), clock.now(), Some(&record));
    store.close().await.unwrap();
    let alone = tempfile::tempdir().unwrap();
    copy(&db(folder.path()), &db(alone.path()));
    assert_eq!(charged(alone.path(), &clock).await, usd(100));
}

#[tokio::test]
async fn what_the_database_has_and_a_failed_journal_lacks_is_no_loss() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    let (id, began) = in_flight(&store, &clock).await;
    store.flush().await.unwrap();
    store.core.journal.fill_disk();
    let record = closed(began, &settled(100), clock.now());
    store.finish(id, settled(100), clock.now(), Some(&record));
    store.flush().await.unwrap();
    let crash = copied(folder.path());
    store.close().await.unwrap_err();
    assert_eq!(charged(crash.path(), &clock).await, usd(100));
    assert_eq!(charged(folder.path(), &clock).await, usd(100));
}

#[tokio::test]
async fn the_main_file_of_a_database_in_use_is_not_taken_for_all_of_it() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..8).await;
    let alone = tempfile::tempdir().unwrap();
    copy(&db(folder.path()), &db(alone.path()));
    assert_eq!(refused(alone.path(), &clock).await, [Flaw::End { from: 1, after: None }]);
    let with_journal = tempfile::tempdir().unwrap();
    copy(&db(folder.path()), &db(with_journal.path()));
    copy(&journal(folder.path()), &journal(with_journal.path()));
    assert_eq!(charged(with_journal.path(), &clock).await, usd(700), "its journal has the rest");
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_older_database_beside_a_newer_journal_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..8).await;
    store.close().await.unwrap();
    let backup = tempfile::tempdir().unwrap();
    copy(&db(folder.path()), &db(backup.path()));
    let store = open(folder.path(), &clock).await;
    // So many that files of the journal are used again.
    for first in (8..80).step_by(8) {
        calls(&store, &clock, first..first + 8).await;
    }
    let crash = copied(folder.path());
    store.close().await.unwrap();
    for name in ["reins.db", "reins.db-wal", "reins.db-shm"] {
        fs::remove_file(crash.path().join(name)).unwrap();
    }
    copy(&db(backup.path()), &db(crash.path()));
    let before = fs::read(db(crash.path())).unwrap();
    let flaws = refused(crash.path(), &clock).await;
    let [Flaw::Missing(missing)] = &flaws[..] else { panic!("{flaws:?}") };
    assert_eq!(missing.from, 15, "two entries a call");
    assert!(missing.nanos > 0 && missing.nanos % 100 == 0, "{missing:?}");
    assert_eq!(fs::read(db(crash.path())).unwrap(), before, "it was left as it was");
    let lost = usd(u64::try_from(missing.nanos).unwrap());
    let store = accepted(crash.path(), &clock).await;
    assert_eq!(store.recovered().lost.as_ref().unwrap().flaws, flaws);
    store.check().await.unwrap();
    let reports = Reports::open(&db(crash.path()), &*clock).unwrap();
    let left = reports.totals(&"acme".into()).await.unwrap().charged;
    assert_eq!(left.nanos() + lost.nanos(), 7_900);
    calls(&store, &clock, 80..82).await;
    store.close().await.unwrap();
    let aside = fs::read_dir(crash.path()).unwrap().map(|entry| entry.unwrap().path());
    let aside: Vec<_> = aside.filter(|path| path.to_string_lossy().contains("set-aside")).collect();
    assert_eq!(aside.len(), 1, "what there was of the journal is kept");
    assert_eq!(charged(crash.path(), &clock).await.nanos(), left.nanos() + 200);
}

#[tokio::test]
async fn an_older_database_beside_the_log_of_a_newer_one_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..8).await;
    store.close().await.unwrap();
    let backup = copied(folder.path());
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 8..10).await;
    let crash = copied(folder.path());
    store.close().await.unwrap();
    assert_eq!(charged(copied(crash.path()).path(), &clock).await, usd(900), "it is whole");
    fs::remove_file(db(crash.path())).unwrap();
    copy(&db(backup.path()), &db(crash.path()));
    let log = database(crash.path()).sqlite("-wal");
    let before = (fs::read(db(crash.path())).unwrap(), fs::read(&log).unwrap());
    let read = Reports::open(&db(crash.path()), &*clock);
    assert!(matches!(read, Err(StoreError::Lost(_))), "{read:?}");
    assert_eq!(refused(crash.path(), &clock).await, [Flaw::Log { file: log.clone() }]);
    assert_eq!((fs::read(db(crash.path())).unwrap(), fs::read(&log).unwrap()), before);
    // Without the other's log, the older database and the journal have all.
    accepted(crash.path(), &clock).await.close().await.unwrap();
    assert_eq!(charged(crash.path(), &clock).await, usd(900));
}

#[tokio::test]
async fn an_older_journal_beside_a_newer_database_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..3).await;
    let older = copied(folder.path());
    calls(&store, &clock, 3..5).await;
    let newer = copied(folder.path());
    store.close().await.unwrap();
    fs::remove_dir_all(journal(newer.path())).unwrap();
    copy(&journal(older.path()), &journal(newer.path()));
    let flaws = refused(newer.path(), &clock).await;
    assert!(matches!(flaws[..], [Flaw::End { from: 9, after: Some(_) }]), "{flaws:?}");
    let store = accepted(newer.path(), &clock).await;
    store.close().await.unwrap();
    assert_eq!(charged(newer.path(), &clock).await, usd(400));
}

#[tokio::test]
async fn a_new_database_beside_the_journal_of_a_lost_one_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..3).await;
    let crash = copied(folder.path());
    store.close().await.unwrap();
    fs::remove_file(db(crash.path())).unwrap();
    let alone = Embedded::open(options(crash.path(), &clock)).await;
    assert!(matches!(alone, Err(StoreError::LogAlone { .. })), "{alone:?}");
    fs::remove_file(crash.path().join("reins.db-wal")).unwrap();
    let flaws = refused(crash.path(), &clock).await;
    assert!(flaws.iter().all(|flaw| matches!(flaw, Flaw::Foreign { .. })), "{flaws:?}");
}

#[tokio::test]
async fn a_start_that_was_cut_off_between_two_steps_is_made_good() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..3).await;
    let crash = copied(folder.path());
    store.close().await.unwrap();
    // The next life had its first file, and the database did not know of it yet.
    let database = database(crash.path());
    let mut conn = crate::schema::writer(&database, crate::Durability::Process).unwrap();
    let recovered =
        crate::recover::recover(&mut conn, &database, clock.now(), Losses::Refuse).unwrap();
    let store = crate::journal_state::JournalState::read(&conn).unwrap().store;
    let life = crate::header::Life { store, life: 5, after: recovered.last };
    let layout =
        crate::journal::Layout { durability: crate::Durability::Process, segment_bytes: 16 << 10 };
    drop(
        crate::journal::Journal::begin(&database.journal(), layout, life, Default::default())
            .unwrap(),
    );
    drop(conn);
    assert_eq!(charged(crash.path(), &clock).await, usd(200));
}

#[tokio::test]
async fn files_of_others_are_left_as_they_are() {
    let clock = HandClock::at(NOON);
    let theirs = |path: &Path| {
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.execute_batch("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')")
            .unwrap();
    };
    let text = |path: &Path| fs::write(path, "dear diary, ".repeat(100)).unwrap();
    let short = |path: &Path| fs::write(path, "x").unwrap();
    let makers: [&dyn Fn(&Path); 3] = [&theirs, &text, &short];
    for (make, is_a_database) in makers.into_iter().zip([true, false, false]) {
        let folder = tempfile::tempdir().unwrap();
        let path = db(folder.path());
        make(&path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let before = (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
        let errors = [
            Embedded::open(options(folder.path(), &clock)).await.err(),
            Reports::open(&path, &*clock).err(),
            crate::RootSecret::of_store(&path, |_| None).err(),
            crate::schema::side_writer(&path).await.err(),
        ];
        for error in errors {
            let right = match &error {
                Some(StoreError::Foreign(_)) => is_a_database,
                Some(StoreError::NoDatabase(_)) => !is_a_database,
                _ => false,
            };
            assert!(right, "{error:?}");
        }
        let after = (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
        assert_eq!(after, before);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "files were made beside it");
    }
}

/// Every file below a folder: its path, mode and contents.
fn contents(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        if path.is_dir() {
            found.extend(contents(&path));
        }
        let bytes = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        found.push((path, mode, bytes));
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_store_from_before_the_first_release_is_refused_and_left_as_it_was() {
    for version in [1, 2, 3] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
        let conn = rusqlite::Connection::open(db(folder.path())).unwrap();
        conn.execute_batch(&format!(
            "PRAGMA application_id = 1382377838; PRAGMA journal_mode = WAL; \
             CREATE TABLE spend (kind TEXT, name TEXT, slot INTEGER, nanos INTEGER); \
             PRAGMA user_version = {version}; PRAGMA wal_checkpoint(TRUNCATE); \
             INSERT INTO spend VALUES ('agent', 'bot', 0, 7);"
        ))
        .unwrap();
        // As a killed process leaves it: with a log, readable by others.
        let left = copied(folder.path());
        fs::set_permissions(db(left.path()), fs::Permissions::from_mode(0o644)).unwrap();
        fs::create_dir(journal(left.path())).unwrap();
        let before = contents(left.path());
        let root = crate::RootSecret::given("0123456789abcdef0123456789abcdef").unwrap();
        let (path, clocks) = (db(left.path()), Arc::clone(&clock) as Arc<dyn Clock>);
        let errors = [
            Embedded::open(options(left.path(), &clock)).await.unwrap_err(),
            Reports::open(&path, &*clock).unwrap_err(),
            crate::Registry::open(&path, &root, clocks).await.unwrap_err(),
        ];
        let real = fs::canonicalize(&path).unwrap();
        for error in errors {
            assert_eq!(
                error.to_string(),
                format!(
                    "the store `{}` has schema version {version}, of a Reins before the first \
                     release, and cannot be read: it was left as it was; move it and the files \
                     beside it that begin with its name to another folder, and start with a new \
                     store, or use the Reins that wrote it",
                    real.display()
                )
            );
        }
        assert_eq!(contents(left.path()), before);
    }
}

#[tokio::test]
async fn a_database_with_two_names_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    open(folder.path(), &clock).await.close().await.unwrap();
    let other = folder.path().join("other.db");
    fs::hard_link(db(folder.path()), &other).unwrap();
    let options = OpenOptions { path: other.clone(), ..options(folder.path(), &clock) };
    let opened = Embedded::open(options).await;
    assert!(matches!(opened, Err(StoreError::SeveralNames(_))), "{opened:?}");
    let reports = Reports::open(&other, &*clock);
    assert!(matches!(reports, Err(StoreError::SeveralNames(_))), "{reports:?}");
    let side = crate::schema::side_writer(&other).await;
    assert!(matches!(side, Err(StoreError::SeveralNames(_))), "{side:?}");
    fs::remove_file(&other).unwrap();
    open(folder.path(), &clock).await.close().await.unwrap();
}

#[tokio::test]
async fn what_others_could_read_is_narrowed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..8).await;
    let crash = copied(folder.path());
    store.close().await.unwrap();
    let mut files = vec![journal(crash.path())];
    for parent in [crash.path(), &journal(crash.path())] {
        files.extend(fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()));
    }
    for file in &files {
        let open = if file.is_dir() { 0o755 } else { 0o664 };
        fs::set_permissions(file, fs::Permissions::from_mode(open)).unwrap();
    }
    let store = open(crash.path(), &clock).await;
    for file in files.iter().filter(|file| file.exists()) {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file:?} has mode {mode:o}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_store_opened_through_a_link_has_its_journal_beside_the_database() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.db");
    // The link is there before the database, as a deployment may have it.
    std::os::unix::fs::symlink(db(folder.path()), &link).unwrap();
    let options = OpenOptions { path: link, ..options(folder.path(), &clock) };
    let store = Embedded::open(options).await.unwrap();
    calls(&store, &clock, 1..8).await;
    let crash = copied(folder.path());
    store.close().await.unwrap();
    assert_eq!(charged(crash.path(), &clock).await, usd(700));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "only the link");
}

#[tokio::test]
async fn a_flipped_byte_of_the_journal_leaves_every_charge_or_no_start() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    calls(&store, &clock, 1..6).await;
    let crash = copied(folder.path());
    store.close().await.unwrap();
    // Without its log the database is as the start left it: only the journal has the calls.
    for ending in ["-wal", "-shm"] {
        fs::remove_file(crash.path().join(format!("reins.db{ending}"))).unwrap();
    }
    let file = journal(crash.path()).join(format!("{:020}.journal", 1));
    let bytes = fs::read(&file).unwrap();
    let (mut whole, mut refused) = (0, 0);
    for at in (0..bytes.len()).step_by(601) {
        let flipped = copied(crash.path());
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        fs::write(journal(flipped.path()).join(file.file_name().unwrap()), bytes).unwrap();
        match Embedded::open(options(flipped.path(), &clock)).await {
            Ok(store) => {
                store.check().await.unwrap();
                let reports = Reports::open(&db(flipped.path()), &*clock).unwrap();
                let charged = reports.totals(&"acme".into()).await.unwrap().charged;
                // The last write is the end of the last call: without it the call is presumed.
                assert!([usd(500), usd(600)].contains(&charged), "byte {at}: {charged}");
                store.close().await.unwrap();
                whole += 1;
            }
            Err(StoreError::Lost(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(whole > 0 && refused > 0, "{whole} whole, {refused} refused");
}

/// Waits until a store that lost its files has stopped.
async fn stops(store: &Embedded) {
    let stopped = async {
        while store.health().stopped.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(10), stopped).await;
    assert!(waited.is_ok(), "it went on");
}

#[tokio::test]
async fn a_store_whose_files_are_deleted_or_replaced_stops() {
    let changes: [&dyn Fn(&Path); 3] = [
        &|folder| fs::remove_file(db(folder)).unwrap(),
        &|folder| {
            copy(&db(folder), &folder.join("copy"));
            fs::rename(folder.join("copy"), db(folder)).unwrap();
        },
        &|folder| fs::remove_dir_all(journal(folder)).unwrap(),
    ];
    for change in changes {
        let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
        let store = open(folder.path(), &clock).await;
        calls(&store, &clock, 1..3).await;
        change(folder.path());
        stops(&store).await;
    }
}

#[tokio::test]
async fn a_database_put_in_the_place_of_one_in_use_does_not_take_its_journal() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let store = open(folder.path(), &clock).await;
    copy(&db(folder.path()), &folder.path().join("copy"));
    fs::rename(folder.path().join("copy"), db(folder.path())).unwrap();
    let second = Embedded::open(options(folder.path(), &clock)).await;
    assert!(matches!(second, Err(StoreError::InUse(_))), "{second:?}");
    drop(store);
}
