//! A disk that fails: nothing more is admitted, whoever asks is told, and what a restart finds adds
//! up.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::rig::{Launch, Outside, Site, Speech, Wire, call, get, log, reopened, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";

/// More calls than any of these disks has room for.
const CALLS: usize = 40_000;

async fn site(durability: &str) -> Site {
    let site = Site::bare().await;
    site.write(&format!("{}{BUDGET}", site.head(durability)));
    site
}

/// Calls until the store stops. How many were answered.
async fn fill(gateway: &Outside) -> usize {
    let mut wire = Wire::open(gateway.address).await.unwrap();
    for answered in 0..CALLS {
        let ask = Speech::BOTH[answered % 2].ask(100, answered % 3 == 0);
        let answer = wire.call(&ask).await.unwrap();
        if answer.status == 503 {
            return answered;
        }
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    panic!("the disk never failed");
}

/// From now on every call is refused, and the vendor sees none of them.
async fn stays_stopped(site: &Site, gateway: &Outside) {
    let before = site.books().totals().calls;
    for number in 0..20 {
        let answer =
            call(gateway.address, &Speech::BOTH[number % 2].ask(100, false)).await.unwrap();
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    assert_eq!(site.books().totals().calls, before, "a call went out after the disk had failed");
    let page = get(gateway.address, "/readyz").await;
    assert_eq!((page.status, page.json()["status"].as_str()), (503, Some("stopped")), "{page:?}");
    assert!(page.json()["reason"].as_str().is_some_and(|why| !why.is_empty()), "{page:?}");
    assert_eq!(get(gateway.address, "/healthz").await.status, 200);
}

/// What a restart finds, with room again.
async fn restarts(site: &Site, name: &str, answered: usize) {
    let billed = site.billed().await;
    let (presumed, totals) = reopened(site).await;
    let charged = totals.charged.nanos();
    assert!(charged >= billed, "billed {}, charged {}", text(billed), text(charged));
    assert_eq!(reopened(site).await, (0, totals), "a second restart changed something");
    let gateway = Outside::start(site).await;
    assert_eq!(call(gateway.address, &Speech::OpenAi.ask(10, false)).await.unwrap().status, 200);
    println!(
        "disk: {name}: {answered} calls, then 503 for all; billed {}, charged {}, {presumed} \
         presumed at the restart, 0 held",
        text(billed),
        text(charged)
    );
}

async fn fail(site: &Site, gateway: Outside, name: &str) {
    let answered = fill(&gateway).await;
    stays_stopped(site, &gateway).await;
    gateway.signal("-TERM");
    let status = gateway.ended().await;
    assert!(!status.success(), "{name}: it said that all was well");
    restarts(site, name, answered).await;
}

/// Files may not grow beyond 16.5 MiB, a little more than a file of the journal has.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_grow_stops_the_store() {
    let site = site("process").await;
    let shell = "trap '' XFSZ; ulimit -f 33792; exec \"$@\"";
    let gateway = Launch::through(&site, shell).start().await.unwrap();
    fail(&site, gateway, "files that cannot grow (EFBIG)").await;
}

/// A small disk of its own, over the site's folder.
struct Disk<'a>(&'a Path);

// === impl Disk ===

impl<'a> Disk<'a> {
    /// `None` where this machine does not let us.
    fn mount(folder: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "drill"]).arg(folder);
        mount.output().ok()?.status.success().then_some(Self(folder))
    }

    /// Takes all the room that is left, but for so many bytes.
    fn fill_up(&self, room: usize) {
        let ballast = self.0.join("ballast");
        let mut file = fs::File::create(&ballast).unwrap();
        let block = vec![0; 64 * 1024];
        let mut size = 0;
        while file.write_all(&block).is_ok() {
            size += block.len() as u64;
        }
        file.set_len(size.saturating_sub(room as u64)).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

async fn full_disk(durability: &str) {
    let site = Site::bare().await;
    let folder = site.folder().to_owned();
    let Some(disk) = Disk::mount(&folder) else {
        println!("disk: NOT RUN: a full disk needs the right to mount one");
        return;
    };
    site.write(&format!("{}{BUDGET}", site.head(durability)));
    let gateway = Outside::start(&site).await;
    assert_eq!(call(gateway.address, &Speech::OpenAi.ask(10, false)).await.unwrap().status, 200);
    disk.fill_up(512 * 1024);
    let name = format!("a full disk (ENOSPC), durability = \"{durability}\"");
    let answered = fill(&gateway).await;
    stays_stopped(&site, &gateway).await;
    gateway.signal("-TERM");
    assert!(!gateway.ended().await.success(), "{name}: it said that all was well");
    disk.make_room();
    restarts(&site, &name, answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_store_with_process_durability() {
    full_disk("process").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_store_with_power_durability() {
    full_disk("power").await;
}

/// One fdatasync fails, and all after it would succeed: the store must not believe them.
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_failed_once_is_never_tried_again() {
    let works = Command::new("strace").args(["-e", "trace=none", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        println!("disk: NOT RUN: a failing sync needs strace");
        return;
    }
    let site = site("power").await;
    let shell = "exec strace -D -f -qq -o /dev/null -e trace=fdatasync \
                 -e inject=fdatasync:error=EIO:when=60 \"$@\"";
    let gateway = Launch::through(&site, shell).start().await;
    let gateway = gateway.unwrap_or_else(|| panic!("{}", fs::read_to_string(log(&site)).unwrap()));
    fail(&site, gateway, "one sync that failed (EIO), all later ones fine").await;
}
