//! Files that are written in pieces while calls are made: only whole versions are ever in force,
//! whatever writes them; and what is moved into place is in force within a second.

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

/// What the budget at the end of every version lets pass, in nano-dollars.
const LIMIT: u64 = 3_000_000;
/// Between two pieces: shorter than the time for which a text must rest, longer than any machine
/// takes to look at it.
const PAUSE: Duration = Duration::from_millis(600);
/// Clients at once.
const CLIENTS: usize = 2;
/// From a move to its version in force.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A version: all of it but the last piece is valid without its budget. All have one length.
fn version(site: &Site, number: usize) -> Vec<String> {
    let policy = "[[policy]]\nname = \"models\"\n[[policy.rule]]\nname = \"not the dear ones\"\n\
                  action = \"block\"\nwhen = { models = [\"*-opus*\"] }\n";
    let budget = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
                  limit_usd = \"0.003\"\nwindow = \"monthly\"\n";
    let head = format!("# version {number:05}\n{}", site.head("process"));
    vec![head, policy.to_owned(), format!("# of {number:05}\n"), budget.to_owned()]
}

/// The name of a version, as the gateway gives it.
fn name(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..8])
}

/// How a file comes to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// Emptied, and written in pieces.
    Truncated,
    /// Written over the old text, which has the same length.
    Over,
    /// Emptied, and each piece added by itself.
    Added,
    /// Deleted, and a new one written in pieces.
    Anew,
    /// As before, and its mode set after each piece.
    WithMode,
}

impl Writer {
    const ALL: [Self; 5] = [Self::Truncated, Self::Over, Self::Added, Self::Anew, Self::WithMode];

    fn open(self, path: &Path) -> File {
        match self {
            Self::Over => File::options().write(true).open(path).unwrap(),
            Self::Anew | Self::WithMode => {
                fs::remove_file(path).unwrap();
                File::create_new(path).unwrap()
            }
            Self::Truncated | Self::Added => File::create(path).unwrap(),
        }
    }

    async fn write(self, path: &Path, pieces: &[String]) {
        let mut file = self.open(path);
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                sleep(PAUSE).await;
            }
            if self == Self::Added {
                file = File::options().append(true).open(path).unwrap();
            }
            file.write_all(piece.as_bytes()).unwrap();
            if self == Self::WithMode {
                fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
            }
        }
        assert_eq!(file.seek(SeekFrom::End(0)).unwrap(), fs::metadata(path).unwrap().len());
    }
}

/// Calls, and looks at what is in force, until told to stop. The versions that were seen.
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

/// One writer's versions under load. What was billed.
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
    assert!(halves.is_empty(), "{writer:?}: versions that nobody wrote were in force: {halves:?}");
    let billed = site.billed().await;
    assert!(billed <= LIMIT, "{writer:?}: {} on {}", text(billed), text(LIMIT));
    gateway.stop().await;
    billed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_pieces_is_never_in_force() {
    let billed = join_all(Writer::ALL.map(written_by)).await;
    println!(
        "halves: {} writers in pieces, {} versions each: no half was in force; at most {} on {}",
        billed.len(),
        sized(1, 20),
        text(billed.iter().copied().max().unwrap()),
        text(LIMIT)
    );
}

/// How a whole file is moved into place.
#[derive(Clone, Copy, Debug)]
enum Mover {
    /// By renaming it.
    File,
    /// By renaming a link to its folder, as Kubernetes does.
    Link,
    /// By a new link in place of the old one.
    Relinked,
    /// By renaming its folder.
    Folder,
}

impl Mover {
    const ALL: [Self; 4] = [Self::File, Self::Link, Self::Relinked, Self::Folder];

    /// Puts a version into place; from then on it counts.
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

/// The slowest of one mover's versions.
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
async fn what_is_moved_into_place_is_in_force_within_a_second() {
    let mut slowest = Vec::new();
    for mover in Mover::ALL {
        slowest.push((mover, moved_by(mover).await.as_millis()));
    }
    println!(
        "halves: {} versions moved into place each way: slowest, ms: {slowest:?}",
        sized(3, 50)
    );
}
