//! Files of a store that are restored, lost, cut or damaged: a store that has lost entries or its
//! secret does not start without a flag, and names what is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rig::{Launch, Outside, Site, Speech, Wire, call, log, reopened, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";
/// The metadata of a call is kept twice in the journal, so that files of it fill quickly.
const METADATA_BYTES: usize = 4_000;

async fn site() -> Site {
    Site::new(BUDGET).await
}

/// So many calls, all of them answered.
async fn calls(gateway: &Outside, number: usize) {
    let metadata = format!(r#"{{"padding":"{}"}}"#, "x".repeat(METADATA_BYTES));
    let ask = Speech::OpenAi.ask(50, false).with("x-reins-metadata", &metadata);
    let mut wire = Wire::open(gateway.address).await.unwrap();
    for _ in 0..number {
        assert_eq!(wire.call(&ask).await.unwrap().status, 200);
    }
}

/// What each entry of a journal begins with.
const FRAME: &[u8] = b"\xFFRJ\x03";

/// Copies files as an operator does.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-a", "-T", "--"]).args([from, to]).status().unwrap();
    assert!(status.success());
}

fn journal(site: &Site) -> PathBuf {
    site.folder().join("reins.db.journal")
}

/// The files of the journal that have entries, oldest first.
fn segments(site: &Site) -> Vec<PathBuf> {
    let files = fs::read_dir(journal(site)).unwrap().map(|file| file.unwrap().path());
    let mut used: Vec<_> = files.filter(|path| path.extension().unwrap() == "journal").collect();
    used.sort();
    used.retain(|path| memchr::memmem::find(&fs::read(path).unwrap(), FRAME).is_some());
    used
}

/// A start that is refused; what it said.
async fn refused(site: &Site) -> String {
    let before = fs::read_to_string(log(site)).map_or(0, |told| told.len());
    assert!(Launch::of(site).start().await.is_none(), "it started");
    fs::read_to_string(log(site)).unwrap().split_off(before)
}

/// A start with a flag, once; then the store starts without it.
async fn starts_with(site: &Site, flag: &str) {
    let gateway = Launch::with_flags(site, &[flag]).start().await;
    let gateway = gateway.unwrap_or_else(|| panic!("{}", fs::read_to_string(log(site)).unwrap()));
    calls(&gateway, 1).await;
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let gateway = Outside::start(site).await;
    calls(&gateway, 1).await;
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_alone_is_enough_after_a_stop_and_not_after_a_kill() {
    let site = site().await;
    let gateway = Outside::start(&site).await;
    calls(&gateway, 20).await;
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    fs::remove_dir_all(journal(&site)).unwrap();
    let log_bytes = fs::metadata(site.folder().join("reins.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log_bytes, 0, "the database's log is still needed");
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0));
    let gateway = Outside::start(&site).await;
    calls(&gateway, 20).await;
    gateway.kill();
    fs::remove_dir_all(journal(&site)).unwrap();
    let told = refused(&site).await;
    assert!(told.contains("all entries from") && told.contains("--accept-loss"), "{told}");
    starts_with(&site, "--accept-loss").await;
    println!(
        "restore: reins.db alone: whole after a stop ({}), refused after a kill",
        text(billed)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_does_not_start_beside_a_newer_journal() {
    let site = site().await;
    let gateway = Outside::start(&site).await;
    calls(&gateway, 20).await;
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let backup = site.folder().join("backup.db");
    copy(&site.store(), &backup);
    let gateway = Outside::start(&site).await;
    // Several files of the journal, of which the first are recycled.
    calls(&gateway, 8_000).await;
    gateway.kill();
    for name in ["reins.db-wal", "reins.db-shm"] {
        fs::remove_file(site.folder().join(name)).unwrap();
    }
    copy(&backup, &site.store());
    let told = refused(&site).await;
    assert!(told.contains("are missing, written after") && told.contains("charged $"), "{told}");
    assert_eq!(fs::read(&backup).unwrap(), fs::read(site.store()).unwrap(), "it was touched");
    let said = told.split("entries ").nth(1).unwrap().split(" (before").next().unwrap().to_owned();
    starts_with(&site, "--accept-loss").await;
    println!("restore: an older database beside a newer journal: refused: entries {said}");
}

/// Damages a journal of some unfolded entries, and puts it back.
async fn damaged(site: &Site, name: &str, damage: impl FnOnce(&Site)) {
    let kept = site.folder().join("kept");
    copy(&journal(site), &kept);
    damage(site);
    let told = refused(site).await;
    assert!(told.contains("--accept-loss"), "{name}: {told}");
    fs::remove_dir_all(journal(site)).unwrap();
    fs::rename(kept, journal(site)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_does_not_start_and_one_that_is_put_back_does() {
    let site = site().await;
    let gateway = Outside::start(&site).await;
    calls(&gateway, 400).await;
    gateway.kill();
    // Without its log the database is as the start left it: only the journal has the calls.
    for name in ["reins.db-wal", "reins.db-shm"] {
        fs::remove_file(site.folder().join(name)).unwrap();
    }
    let newest = segments(&site).pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    let last = memchr::memmem::rfind(&bytes, FRAME).unwrap();
    for part in [1, 3, 5, 9] {
        let at = last * part / 10;
        damaged(&site, &format!("a flipped byte at {at}"), |_| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            fs::write(&newest, bytes).unwrap();
        })
        .await;
    }
    damaged(&site, "a file cut short", |_| {
        fs::write(&newest, &bytes[..last / 2]).unwrap();
    })
    .await;
    damaged(&site, "a file that is gone", |site| {
        fs::remove_file(&segments(site)[0]).unwrap();
    })
    .await;
    let other = Site::new(BUDGET).await;
    let gateway = Outside::start(&other).await;
    calls(&gateway, 3).await;
    gateway.kill();
    damaged(&site, "the journal of another store", |site| {
        fs::remove_dir_all(journal(site)).unwrap();
        copy(&journal(&other), &journal(site));
    })
    .await;
    let (billed, (_, totals)) = (site.billed().await, reopened(&site).await);
    assert!(totals.charged.nanos() >= billed, "billed {}", text(billed));
    println!(
        "restore: 4 flipped bytes, a cut file, a lost file, another store's journal: each refused; \
         put back, the journal alone has all: billed {}, charged {}",
        text(billed),
        text(totals.charged.nanos()),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_secret_stops_the_start() {
    let site = site().await;
    let gateway = Outside::start(&site).await;
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let registry = crate::rig::registry(&site).await;
    let new = reins_store::NewKey {
        organization: "acme".into(),
        name: "made".into(),
        environment: reins_governor::Environment::Test,
        pins: reins_store::Pins::default(),
        expires: None,
    };
    let made = registry.create(new).await.unwrap();
    drop(registry);
    let secret = site.folder().join("reins.db.secret");
    let bytes = fs::read(&secret).unwrap();
    fs::remove_file(&secret).unwrap();
    let told = refused(&site).await;
    assert!(told.contains("is gone, and the store's created keys (1) depend on it"), "{told}");
    assert!(!secret.exists());
    fs::write(&secret, bytes).unwrap();
    let bearer = format!("Bearer {}", made.value.expose());
    let ask = Speech::OpenAi.ask(50, false).with("authorization", &bearer);
    let gateway = Outside::start(&site).await;
    assert_eq!(call(gateway.address, &ask).await.unwrap().status, 200);
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    fs::remove_file(&secret).unwrap();
    starts_with(&site, "--accept-lost-secret").await;
    let gateway = Outside::start(&site).await;
    assert_eq!(call(gateway.address, &ask).await.unwrap().status, 401, "it has ended");
    println!("restore: a lost secret: refused; put back, its keys work; accepted, they end");
}

/// Every file beside the configuration, with what others may do with it.
fn open_to_others(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mode = path.metadata().unwrap().permissions().mode();
        if name.starts_with("reins.db") && mode & 0o077 != 0 {
            found.push(format!("{name} {mode:o}"));
        }
        if path.is_dir() {
            assert!(mode & 0o077 == 0 || !name.starts_with("reins.db"), "{name} {mode:o}");
            open_to_others(&path, found);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_store_are_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let site = site().await;
        let shell = format!("umask {umask}; exec \"$@\"");
        let gateway = Launch::through(&site, &shell).start().await.unwrap();
        calls(&gateway, 20).await;
        let mut found = Vec::new();
        open_to_others(site.folder(), &mut found);
        assert_eq!(found, [""; 0], "umask {umask}");
        let names = ["reins.db", "reins.db-wal", "reins.db-shm", "reins.db.secret"];
        assert!(names.iter().all(|name| site.folder().join(name).exists()));
        gateway.signal("-TERM");
        assert!(gateway.ended().await.success());
    }
    println!("restore: no file of a store is open to others with umask 000, 022 and 077");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_others_are_not_made_a_store() {
    for (name, bytes) in [("no database", b"dear diary".to_vec()), ("a database", foreign())] {
        let site = site().await;
        fs::write(site.store(), &bytes).unwrap();
        let told = refused(&site).await;
        let said = if name == "a database" { "not one of Reins" } else { "is no database" };
        assert!(told.contains(said), "{told}");
        assert_eq!(fs::read(site.store()).unwrap(), bytes);
        assert!(!journal(&site).exists() && !site.folder().join("reins.db.secret").exists());
    }
    println!("restore: a text and another program's database: refused, and left as they were");
}

/// A database with a table, as another program makes it: the first page of one, made by SQLite.
fn foreign() -> Vec<u8> {
    let mut page = vec![0; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    page[31] = 1;
    page[47] = 4;
    page[59] = 1;
    page[100] = 13;
    page[105..107].copy_from_slice(&[0x10, 0]);
    page
}
