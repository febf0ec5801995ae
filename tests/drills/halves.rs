//! The file is written in pieces while calls are made: only whole versions are ever in force. What
//! is renamed into place is in force within a second.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::rig::{Inside, Site, Speech, Wire, get, sized, text, until};

/// The budget at the end of every version, in nano-dollars.
const LIMIT: u64 = 3_000_000;
/// Between two pieces: less than the two seconds after which a file is read, and more than a poll.
const PAUSE: Duration = Duration::from_millis(600);
/// Clients at once.
const CLIENTS: usize = 2;
/// From a rename to its version in force.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A version in pieces: each prefix is valid, and only the last piece has the budget. All versions
/// have the same length.
fn version(site: &Site, number: usize) -> Vec<String> {
    let policy = "[[policy]]\nname = \"models\"\n[[policy.rule]]\nname = \"not the dear ones\"\n\
                  action = \"block\"\nwhen = { models = [\"*-opus*\"] }\n";
    let budget = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
                  limit_usd = \"0.003\"\nwindow = \"monthly\"\n";
    let head = format!("# version {number:05}\n{}", site.head("process"));
    vec![head, policy.to_owned(), format!("# of {number:05}\n"), budget.to_owned()]
}

/// The name of a version on `/readyz`.
fn name(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..8])
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// Truncated, and written in pieces.
    Truncated,
    /// Written over the old text, which has the same length.
    Over,
    /// Truncated, and opened again to append each piece.
    Appended,
    /// Deleted, and a new file written in pieces.
    Recreated,
    /// The same, with its mode set after each piece.
    Chmodded,
}

impl Writer {
    const ALL: [Self; 5] =
        [Self::Truncated, Self::Over, Self::Appended, Self::Recreated, Self::Chmodded];

    fn open(self, path: &Path) -> File {
        match self {
            Self::Over => File::options().write(true).open(path).unwrap(),
            Self::Recreated | Self::Chmodded => {
                fs::remove_file(path).unwrap();
                File::create_new(path).unwrap()
            }
            Self::Truncated | Self::Appended => File::create(path).unwrap(),
        }
    }

    async fn write(self, path: &Path, pieces: &[String]) {
        let mut file = self.open(path);
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                sleep(PAUSE).await;
            }
            if self == Self::Appended {
                file = File::options().append(true).open(path).unwrap();
            }
            file.write_all(piece.as_bytes()).unwrap();
            if self == Self::Chmodded {
                fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
            }
        }
        assert_eq!(file.seek(SeekFrom::End(0)).unwrap(), fs::metadata(path).unwrap().len());
    }
}

/// Clients that call, and a task that collects the versions in force, until they are stopped.
struct Load {
    clients: JoinSet<()>,
    versions: JoinHandle<HashSet<String>>,
    stop: Arc<AtomicBool>,
}

async fn in_force(gateway: &Inside) -> String {
    let page = get(gateway.address, "/readyz").await;
    page.json()["policy_version"].as_str().unwrap().to_owned()
}

impl Load {
    fn on(gateway: &Inside) -> Self {
        let (address, stop) = (gateway.address, Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let stop = Arc::clone(&stop);
            clients.spawn(async move {
                let mut wire = Wire::open(address).await.unwrap();
                let ask = Speech::BOTH[number % 2].ask(50, false);
                while !stop.load(Ordering::Relaxed) {
                    let answer = wire.call(&ask).await.expect("an answer");
                    assert!(matches!(answer.status, 200 | 403), "{answer:?}");
                    sleep(Duration::from_millis(5)).await;
                }
            });
        }
        let stopped = Arc::clone(&stop);
        let versions = tokio::spawn(async move {
            let mut seen = HashSet::new();
            while !stopped.load(Ordering::Relaxed) {
                let page = get(address, "/readyz").await;
                assert_eq!(page.status, 200, "{page:?}");
                seen.insert(page.json()["policy_version"].as_str().unwrap().to_owned());
                sleep(Duration::from_millis(10)).await;
            }
            seen
        });
        Self { clients, versions, stop }
    }

    async fn end(mut self) -> HashSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
        self.versions.await.unwrap()
    }
}

/// Writes versions under load. What was billed.
async fn written_by(writer: Writer) -> u64 {
    let site = Site::bare().await;
    site.write(&version(&site, 0).concat());
    let gateway = Inside::start(&site).await;
    let mut whole = HashSet::from([name(&version(&site, 0).concat())]);
    let load = Load::on(&gateway);
    for number in 1..=sized(1, 20) {
        let pieces = version(&site, number);
        let now = name(&pieces.concat());
        whole.insert(now.clone());
        writer.write(&site.file(), &pieces).await;
        until("the version is in force", async || in_force(&gateway).await == now).await;
    }
    let halves: Vec<_> = load.end().await.difference(&whole).cloned().collect();
    assert!(
        halves.is_empty(),
        "{writer:?}: versions were in force that were never complete: {halves:?}"
    );
    let billed = site.billed().await;
    assert!(billed <= LIMIT, "{writer:?}: {} on {}", text(billed), text(LIMIT));
    gateway.stop().await;
    billed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_file_is_never_in_force() {
    let billed = join_all(Writer::ALL.map(written_by)).await;
    println!(
        "halves: {} writers in pieces, {} versions each: no part was in force; at most {} on {}",
        billed.len(),
        sized(1, 20),
        text(billed.iter().copied().max().unwrap()),
        text(LIMIT)
    );
}

/// How a whole file is put into place.
#[derive(Clone, Copy, Debug)]
enum Mover {
    /// By renaming it.
    File,
    /// By renaming a symbolic link to its folder, as Kubernetes does.
    Link,
    /// By deleting that link and creating another.
    Relinked,
    /// By renaming its folder.
    Folder,
}

impl Mover {
    const ALL: [Self; 4] = [Self::File, Self::Link, Self::Relinked, Self::Folder];

    /// Puts a version into place.
    fn put(self, site: &Site, number: usize) {
        let (folder, text) = (site.folder(), version(site, number).concat());
        let own = folder.join(format!("..{number}"));
        if !matches!(self, Self::File) {
            fs::create_dir(&own).unwrap();
            fs::write(own.join("reins.toml"), &text).unwrap();
        }
        let current = folder.join("current");
        match self {
            Self::File => site.write(&text),
            Self::Link => {
                symlink(&own, folder.join("next")).unwrap();
                fs::rename(folder.join("next"), current).unwrap();
            }
            Self::Relinked => {
                fs::remove_file(&current).unwrap_or_default();
                symlink(&own, current).unwrap();
            }
            Self::Folder => {
                fs::rename(&current, folder.join(format!("old {number}"))).unwrap_or_default();
                fs::rename(&own, current).unwrap();
            }
        }
        if number == 0 && !matches!(self, Self::File) {
            symlink("current/reins.toml", site.file()).unwrap();
        }
    }
}

/// The longest time to a version in force.
async fn moved_by(mover: Mover) -> Duration {
    let site = Site::bare().await;
    mover.put(&site, 0);
    let gateway = Inside::start(&site).await;
    let load = Load::on(&gateway);
    let mut slowest = Duration::ZERO;
    for number in 1..=sized(3, 50) {
        let started = Instant::now();
        mover.put(&site, number);
        let now = name(&version(&site, number).concat());
        until("the version is in force", async || in_force(&gateway).await == now).await;
        slowest = slowest.max(started.elapsed());
    }
    load.end().await;
    gateway.stop().await;
    assert!(slowest < AT_ONCE, "{mover:?} took {slowest:?}");
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_renamed_into_place_is_in_force_within_a_second() {
    let mut slowest = Vec::new();
    for mover in Mover::ALL {
        slowest.push((mover, moved_by(mover).await.as_millis()));
    }
    println!("halves: {} versions put into place each way: slowest, ms: {slowest:?}", sized(3, 50));
}
