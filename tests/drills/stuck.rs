//! The path leads to a file that hangs, has no end, or is no regular file: calls go on under the
//! last good version, the pages show why, memory stays flat, and the process can be stopped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::rig::{Launch, Outside, Site, Speech, call, get, log, sized, until};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";

/// The memory that such files may take, in KiB.
const MEMORY_KIB: u64 = 32 * 1024;
/// The time limit of what must not wait for the file.
const SOON: Duration = Duration::from_secs(5);

/// What can lie at the path instead of a file.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Pipe,
    Folder,
    Zeroes,
    /// A file of `/proc` with length 0 and gigabytes of contents.
    Endless,
    /// A terabyte.
    Huge,
    Nothing,
    NotText,
}

impl Thing {
    const ALL: [Self; 7] = [
        Self::Pipe,
        Self::Folder,
        Self::Zeroes,
        Self::Endless,
        Self::Huge,
        Self::Nothing,
        Self::NotText,
    ];

    /// Puts it in place of a file.
    fn put(self, path: &Path) {
        let beside = path.with_extension("next");
        match self {
            Self::Pipe => assert!(Command::new("mkfifo").arg(&beside).status().unwrap().success()),
            Self::Folder => {
                fs::remove_file(path).unwrap();
                fs::create_dir(&beside).unwrap();
            }
            Self::Zeroes => symlink("/dev/zero", &beside).unwrap(),
            Self::Endless => symlink("/proc/self/pagemap", &beside).unwrap(),
            Self::Huge => fs::File::create(&beside).unwrap().set_len(1 << 40).unwrap(),
            Self::NotText => fs::write(&beside, b"listen = \"\xff\"").unwrap(),
            Self::Nothing => return fs::remove_file(path).unwrap(),
        }
        fs::rename(beside, path).unwrap();
    }

    /// Makes room for a file.
    fn take_away(self, path: &Path) {
        if matches!(self, Self::Folder) {
            fs::remove_dir(path).unwrap();
        }
    }

    /// The state on `/readyz`, and a part of the reason.
    const fn why(self) -> (&'static str, &'static str) {
        match self {
            Self::Pipe => ("unreadable", "it is a named pipe"),
            Self::Folder => ("unreadable", "it is a folder"),
            Self::Zeroes => ("unreadable", "it is a device"),
            Self::Endless | Self::Huge => ("unreadable", "it has more than"),
            Self::Nothing => ("unreadable", "No such file"),
            Self::NotText => ("refused", "utf-8"),
        }
    }
}

fn version(site: &Site, number: usize) -> String {
    format!("# version {number}\n{}{BUDGET}", site.head("process"))
}

/// The state of the file, and why it is not in force.
async fn state(gateway: &Outside) -> (String, String) {
    let asked = timeout(SOON, get(gateway.address, "/readyz")).await;
    let page = asked.expect("`/readyz` waits for the file");
    assert_eq!(page.status, 200, "{page:?}");
    let text = |name: &str| page.json()[name].as_str().unwrap_or_default().to_owned();
    (text("file"), text("file_reason"))
}

async fn passes(gateway: &Outside) {
    let asked = timeout(SOON, call(gateway.address, &Speech::OpenAi.ask(10, false))).await;
    assert_eq!(asked.expect("a call waits for the file").unwrap().status, 200);
    assert_eq!(get(gateway.address, "/healthz").await.status, 200);
}

async fn metric(gateway: &Outside, line: &str) -> bool {
    let page = get(gateway.address, "/metrics").await;
    String::from_utf8_lossy(&page.body).lines().any(|shown| shown == line)
}

async fn stops(gateway: Outside) {
    let signalled = Instant::now();
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    assert!(signalled.elapsed() < SOON, "it took {:?} to stop", signalled.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_regular_file_stops_nothing() {
    let site = Site::bare().await;
    site.write(&version(&site, 0));
    let gateway = Outside::start(&site).await;
    passes(&gateway).await;
    let before = gateway.memory_kib();
    for (number, thing) in Thing::ALL.into_iter().enumerate() {
        thing.put(&site.file());
        let (expected, why) = thing.why();
        until("it is shown", async || {
            let (state, reason) = state(&gateway).await;
            state == expected && reason.contains(why)
        })
        .await;
        passes(&gateway).await;
        let line = format!("reins_file_state{{file=\"reins.toml\",state=\"{expected}\"}} 1");
        assert!(metric(&gateway, &line).await, "{thing:?}: {line}");
        thing.take_away(&site.file());
        site.write(&version(&site, number + 1));
        until("it is good again", async || state(&gateway).await.0 == "in_force").await;
    }
    let of = "file=\"reins.toml\",organization=\"acme\"";
    let line = format!("reins_versions_total{{{of},outcome=\"unreadable\"}} 6");
    assert!(metric(&gateway, &line).await, "{line}");
    let grown = gateway.memory_kib().saturating_sub(before);
    assert!(grown < MEMORY_KIB, "{grown} KiB more");
    Thing::Pipe.put(&site.file());
    until("it is shown", async || state(&gateway).await.0 == "unreadable").await;
    stops(gateway).await;
    println!(
        "stuck: {} things that are no file: calls went on, the pages showed why, {grown} KiB more, \
         stopped in order",
        Thing::ALL.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_fails_on_what_is_no_regular_file() {
    for thing in Thing::ALL {
        let site = Site::bare().await;
        site.write(&version(&site, 0));
        thing.put(&site.file());
        let started = timeout(SOON, Launch::of(&site).start()).await;
        assert!(started.expect("it waits for the file").is_none(), "{thing:?}");
        let log = fs::read_to_string(log(&site)).unwrap();
        let (_, why) = thing.why();
        assert!(log.contains("cannot be read") && log.contains(why), "{thing:?}: {log}");
    }
}

/// A mount whose file system never answers: system calls on it wait for ever.
struct DeadMount<'a> {
    at: &'a Path,
    server: Child,
}

// === impl DeadMount ===

impl<'a> DeadMount<'a> {
    /// `None` where this machine does not let us.
    fn at(at: &'a Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let shell = "exec 3<>/dev/fuse && mount -i -t fuse -o \
                     fd=3,rootmode=40000,user_id=0,group_id=0 drill \"$0\" && echo up && exec cat";
        let mut command = Command::new("sh");
        command.args(["-c", shell]).arg(at).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            server.wait().unwrap();
            println!("stuck: NOT RUN: a mount that hangs needs the right to mount one");
            return None;
        }
        Some(Self { at, server })
    }
}

impl Drop for DeadMount<'_> {
    fn drop(&mut self) {
        // When the descriptor closes, the calls that wait get an error.
        drop(self.server.kill());
        drop(self.server.wait());
        let unmounted = Command::new("umount").arg("-l").arg(self.at).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// Replaces the file by a link to one on the mount.
fn lead_to(mount: &DeadMount<'_>, file: &Path) {
    let next = file.with_extension("next");
    symlink(mount.at.join("reins.toml"), &next).unwrap();
    fs::rename(next, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_hangs_stops_nothing() {
    let site = Site::bare().await;
    site.write(&version(&site, 0));
    let at = site.folder().join("mount");
    let Some(mount) = DeadMount::at(&at) else { return };
    let gateway = Outside::start(&site).await;
    lead_to(&mount, &site.file());
    until("it is shown", async || {
        passes(&gateway).await;
        let (state, reason) = state(&gateway).await;
        state == "unreadable" && reason.contains("has not answered")
    })
    .await;
    for _ in 0..sized(20, 1_000) {
        passes(&gateway).await;
    }
    stops(gateway).await;
    println!("stuck: a mount that hangs: calls went on, stopped in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_that_comes_back_is_read_again() {
    let site = Site::bare().await;
    site.write(&version(&site, 0));
    let at = site.folder().join("mount");
    let Some(mount) = DeadMount::at(&at) else { return };
    let gateway = Outside::start(&site).await;
    lead_to(&mount, &site.file());
    until("it is shown", async || state(&gateway).await.0 == "unreadable").await;
    drop(mount);
    site.write(&version(&site, 1));
    until("it is good again", async || state(&gateway).await.0 == "in_force").await;
    stops(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_fails_on_a_file_that_hangs() {
    let site = Site::bare().await;
    let at = site.folder().join("mount");
    let Some(mount) = DeadMount::at(&at) else { return };
    lead_to(&mount, &site.file());
    let started = timeout(SOON * 4, Launch::of(&site).start()).await;
    assert!(started.expect("it waits for ever").is_none());
    let log = fs::read_to_string(log(&site)).unwrap();
    assert!(log.contains("has not answered for 10 s"), "{log}");
}
