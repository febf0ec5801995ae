//! Clients that open connections and send nothing, on a gateway with few file descriptors; and a
//! gateway whose descriptors are taken away. The store goes on, callers with a key are served, and
//! everything recovers by itself.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

use crate::rig::{Ask, Launch, Outside, Site, Speech, Wire, call, get, log, reopened, sized, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";

/// More than the process has descriptors.
const SILENT: usize = 1_100;
/// Longer than a call takes on a slow machine, shorter than any timeout of the gateway.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How soon the official SDKs call again.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// The metadata of a call is kept twice in the journal, so that files of it fill quickly.
const METADATA_BYTES: usize = 4_000;

/// A gateway that may have 1,024 descriptors open, and no more.
async fn gateway(site: &Site) -> Outside {
    let started = Launch::through(site, "ulimit -n 1024; exec \"$@\"").start().await;
    started.unwrap_or_else(|| panic!("{}", fs::read_to_string(log(site)).unwrap()))
}

fn ask() -> Ask {
    let metadata = format!(r#"{{"padding":"{}"}}"#, "x".repeat(METADATA_BYTES));
    Speech::OpenAi.ask(50, false).with("x-reins-metadata", &metadata)
}

/// Connections that say nothing, as many as the gateway lets in.
async fn silent(gateway: &Outside) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(gateway.address).await.unwrap());
    }
    silent
}

/// A call on a connection of its own, repeated at most twice as SDKs do: half a second after a 503
/// or a broken connection. Its status, and how often it was repeated.
async fn fresh(gateway: &Outside, ask: &Ask) -> (Option<u16>, usize) {
    let mut tries = interval(RETRY_AFTER);
    for again in 0..3 {
        tries.tick().await;
        let answer = timeout(AT_ONCE, call(gateway.address, ask)).await.ok().flatten();
        match answer.map(|answer| answer.status) {
            None | Some(503) if again < 2 => {}
            status => return (status, again),
        }
    }
    (None, 2)
}

/// Calls on a connection that is kept, every tenth on one of its own. All are answered; returns how
/// often one was repeated.
async fn calls(gateway: &Outside, wire: &mut Wire, number: usize, when: &str) -> usize {
    let (ask, mut repeated) = (ask(), 0);
    for n in 0..number {
        let status = if n % 10 == 0 {
            let (status, again) = fresh(gateway, &ask).await;
            repeated += again;
            status
        } else {
            let answer = timeout(AT_ONCE, wire.call(&ask)).await;
            answer.ok().flatten().map(|answer| answer.status)
        };
        assert_eq!(status, Some(200), "call {n} {when} the flood");
    }
    repeated
}

/// The newest file of the journal: another one once a file is full.
fn newest_segment(site: &Site) -> Option<String> {
    let folder = fs::read_dir(site.folder().join("reins.db.journal")).unwrap();
    let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".journal")).max()
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_stop_neither_the_store_nor_a_call() {
    let site = Site::new(BUDGET).await;
    let gateway = gateway(&site).await;
    let mut wire = Wire::open(gateway.address).await.unwrap();
    calls(&gateway, &mut wire, 20, "before").await;
    let segment = newest_segment(&site);
    let strangers = silent(&gateway).await;
    // Some files of the journal.
    let during = sized(2_000, 10_000);
    let repeated = calls(&gateway, &mut wire, during, "during").await;
    assert_ne!(newest_segment(&site), segment, "the journal needed no new file");
    let page = get(gateway.address, "/readyz").await;
    assert_eq!(page.status, 200, "{page:?}");
    drop(strangers);
    calls(&gateway, &mut wire, 20, "after").await;
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let told = fs::read_to_string(log(&site)).unwrap();
    let warnings = told.lines().filter(|line| line.contains(r#""level":"WARN""#)).count();
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    println!(
        "flood: {SILENT} silent connections on 1,024 descriptors: {} calls before, during and \
         after them, all answered, {repeated} at a second try; {warnings} warnings in the log; \
         billed {}, charged {}, {presumed} presumed",
        during + 40,
        text(billed),
        text(totals.charged.nanos()),
    );
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0));
    assert!(warnings <= 4, "{warnings} warnings:\n{told}");
    assert!(repeated <= 2, "{repeated} calls were made again");
}

/// Sets how many descriptors a process may have open from now on.
fn allow(gateway: &Outside, descriptors: u64) {
    let pid = i32::try_from(gateway.id()).ok().and_then(Pid::from_raw);
    let maximum = getrlimit(Resource::Nofile).maximum;
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(descriptors), maximum }).unwrap();
}

/// The limit is lowered below what the process has open: it can open no file and no connection.
/// What is open goes on, and once the limit is raised, everything does.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_descriptors_goes_on_and_recovers_by_itself() {
    let site = Site::new(BUDGET).await;
    let gateway = Outside::start(&site).await;
    let mut wire = Wire::open(gateway.address).await.unwrap();
    let ask = ask();
    calls(&gateway, &mut wire, 20, "before").await;
    allow(&gateway, 3);
    let before = newest_segment(&site);
    // More than fits into the current file of the journal and the next one.
    let during = sized(2_500, 10_000);
    for n in 0..during {
        let answer = wire.call(&ask).await.unwrap();
        assert_eq!(answer.status, 200, "call {n} without descriptors");
    }
    assert_eq!(newest_segment(&site), before, "a file was laid out without a descriptor");
    // A connection to another vendor cannot be opened: 503, not the vendor's failure, and free.
    let other = wire.call(&Speech::Anthropic.ask(50, false)).await.unwrap();
    assert_eq!((other.status, other.code().as_str()), (503, "service_unavailable"), "{other:?}");
    let waiting = tokio::spawn({
        let (address, ask) = (gateway.address, ask.clone());
        async move { call(address, &ask).await }
    });
    timeout(Duration::from_millis(1_500), waiting_for_nothing()).await.unwrap_err();
    allow(&gateway, 1_024);
    let answer = timeout(AT_ONCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status, 200, "the client that waited is served");
    calls(&gateway, &mut wire, 1_500, "after").await;
    assert_ne!(newest_segment(&site), before, "the journal never got a new file");
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let told = fs::read_to_string(log(&site)).unwrap();
    let warnings = told.lines().filter(|line| line.contains(r#""level":"WARN""#)).count();
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    println!(
        "flood: {during} calls while no file could be opened, all answered; as usual once one \
         could; {warnings} warnings in the log; billed {}, charged {}, {presumed} presumed",
        text(billed),
        text(totals.charged.nanos()),
    );
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0));
    assert!(warnings <= 4, "{warnings} warnings:\n{told}");
}

async fn waiting_for_nothing() {
    std::future::pending::<()>().await;
}
