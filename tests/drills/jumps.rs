//! Clocks that jump: behind across a restart, ahead for a moment, across a window's edge. By the
//! vendor's own books an hour's money is spent once, and no budget stays shut afterwards.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reins_governor::{Clock, Scope, ScopeKind, Window};
use reins_runtime::MachineClock;
use reins_store::Reports;

use crate::rig::{Inside, Launch, Outside, Site, Speech, Wall, call, get, log, sized, text, until};

/// Two calls of a thousand output tokens fit into an hour, a third does not.
const BUDGET: &str = "[[budget]]\nname = \"an hour\"\nscope = { organization = \"acme\" }\n\
                      limit_usd = \"0.025\"\nwindow = \"hourly\"\n";
/// What one hour may come to.
const LIMIT: u64 = 25_000_000;
const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// A site, its clock and its gateway.
struct Story {
    site: Site,
    clock: Arc<Wall>,
    gateway: Inside,
    /// What the vendor had billed when the present hour began.
    before: u64,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Calls until one is refused; how many were let through.
async fn let_through(address: SocketAddr) -> u32 {
    let ask = Speech::OpenAi.ask(1_000, false).script("output=1000");
    for calls in 0.. {
        let answer = call(address, &ask).await.unwrap();
        match answer.status {
            200 => {}
            403 => return calls,
            other => panic!("{other}: {:?}", answer.json()),
        }
    }
    0
}

// === impl Story ===

impl Story {
    async fn begins(at: Timestamp) -> Self {
        let (site, clock) = (Site::new(BUDGET).await, Wall::at(at));
        let gateway = Inside::at(&site, Arc::clone(&clock) as Arc<dyn Clock>).await;
        Self { site, clock, gateway, before: 0 }
    }

    /// Calls until one is refused; how many were let through. The hour's bill is within its limit.
    async fn spend(&self) -> u32 {
        let calls = let_through(self.gateway.address).await;
        let billed = self.site.billed().await - self.before;
        assert!(billed <= LIMIT, "the vendor billed {} for an hour", text(billed));
        calls
    }

    /// The process ends; time passes, the wall clock jumps, and another process begins.
    async fn restart(self, pass: u64, jump: i64) -> Self {
        self.gateway.stop().await;
        self.clock.pass(pass);
        self.clock.jump(jump);
        let gateway = Inside::at(&self.site, Arc::clone(&self.clock) as Arc<dyn Clock>).await;
        Self { gateway, ..self }
    }

    /// A true hour is over: what the vendor billed until now is its, or an earlier one's.
    async fn hour_ends(&mut self, at: Timestamp) {
        self.clock.pass_to(at);
        self.before = self.site.billed().await;
    }

    /// What the hour has come to, as `reins spend` reads it.
    async fn reported(&self) -> u64 {
        self.gateway.ledger.flush().await.unwrap();
        let reports = Reports::open(&self.site.store(), &*self.clock).unwrap();
        let scope = Scope::new(ScopeKind::Organization, "acme".into());
        let (zone, now) = (TimeZone::UTC, self.clock.now());
        let acme = "acme".into();
        reports.spent(&acme, &scope, Window::Hourly, &zone, now).await.unwrap().spent.nanos()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_a_clock_that_is_behind_refills_no_hour() {
    let story = Story::begins(at("2026-06-03T10:50:00Z")).await;
    assert_eq!(story.spend().await, 2);
    let billed = story.site.billed().await;
    let mut story = story.restart(60, -80 * 60).await;
    assert_eq!(story.spend().await, 0, "the clock shows 9:31, and it is 10:51");
    assert_eq!(story.reported().await, billed);
    story.clock.pass(60);
    story.clock.jump(80 * 60);
    assert_eq!(story.spend().await, 0, "the clock was put right at 10:52");
    assert_eq!(story.reported().await, billed);
    story.clock.pass_to(at("2026-06-03T11:00:30Z"));
    assert_eq!(story.spend().await, 0, "10:59:30 by the clock before, which knew of no pause");
    for hour in ["2026-06-03T11:01:10Z", "2026-06-03T12:00:00Z"] {
        story.hour_ends(at(hour)).await;
        assert_eq!((story.spend().await, story.spend().await), (2, 0), "{hour}");
    }
    println!("jumps: behind by 80 minutes across a restart: 0 calls, then 2 an hour");
    story.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_for_a_moment_refills_no_hour_and_shuts_none() {
    let mut story = Story::begins(at("2026-06-03T10:50:00Z")).await;
    assert_eq!(story.spend().await, 2);
    let jumps = [11 * 60, HOUR, 26 * HOUR, 40 * 24 * HOUR, YEAR, 10 * YEAR];
    for seconds in jumps {
        story.clock.jump(seconds);
        assert_eq!(story.spend().await, 0, "ahead by {seconds} s");
        story.clock.pass(20);
        story.clock.jump(-seconds);
        assert_eq!(story.spend().await, 0, "back by {seconds} s");
    }
    // The wrong clock passes an hour's edge of its own.
    story.clock.jump(67 * 60);
    story.clock.pass_to(at("2026-06-03T12:00:10Z"));
    assert_eq!(story.spend().await, 0, "an hour that began on a clock that is ahead");
    story.clock.jump(-67 * 60);
    for hour in ["2026-06-03T11:00:00Z", "2026-06-03T12:00:00Z", "2026-06-04T12:00:00Z"] {
        story.hour_ends(at(hour)).await;
        assert_eq!((story.spend().await, story.spend().await), (2, 0), "{hour}");
    }
    println!("jumps: ahead for a moment, 11 minutes to 10 years: 0 calls, then 2 an hour");
    story.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spend_of_a_clock_far_ahead_counts_where_it_was_made_and_nowhere_else() {
    for restarted in [false, true] {
        let story = Story::begins(at("2026-06-03T10:05:00Z")).await;
        assert_eq!(let_through(story.gateway.address).await, 2);
        // A year ahead across a restart cannot be told from a year without a process.
        let mut story = if restarted { story.restart(0, YEAR).await } else { story };
        assert_eq!(let_through(story.gateway.address).await, if restarted { 2 } else { 0 });
        story.clock.jump(if restarted { 0 } else { YEAR });
        assert_eq!(let_through(story.gateway.address).await, 0);
        story.clock.pass(60);
        story.clock.jump(-YEAR);
        assert_eq!(let_through(story.gateway.address).await, 0, "restarted: {restarted}");
        assert_eq!(story.reported().await, story.site.billed().await, "restarted: {restarted}");
        for hour in ["2026-06-03T11:00:00Z", "2026-06-03T12:00:00Z", "2027-06-03T10:05:00Z"] {
            story.hour_ends(at(hour)).await;
            assert_eq!((story.spend().await, story.spend().await), (2, 0), "{hour}");
        }
        story.gateway.stop().await;
    }
    println!("jumps: a year ahead with spend, in a process and across a restart: no hour shut");
}

/// Hours in which the clock jumps at every turn, to somewhere else each time, and is right again.
#[tokio::test(flavor = "multi_thread")]
async fn hours_on_a_clock_that_jumps_at_every_turn_keep_their_limits() {
    let hours = sized(12, 400);
    let mut story = Story::begins(at("2026-10-24T20:00:00Z")).await;
    let (mut calls, mut jumps) = (0, 0);
    for hour in 0..hours {
        let start = story.clock.now();
        for turn in 0..3_i64 {
            calls += story.spend().await;
            // Somewhere between minutes and two months, ahead and back in turn.
            let far = (hour * 3 + turn + 1) * 7_919 * 60 % (60 * 24 * HOUR) + 61 * (turn + 1);
            let by = if turn % 2 == 0 { far } else { -far };
            if hour % 4 == 3 && by < 0 {
                story = story.restart(5, by).await;
            } else {
                story.clock.jump(by);
            }
            calls += story.spend().await;
            story.clock.pass(400);
            calls += story.spend().await;
            story.clock.jump(-by);
            jumps += 2;
        }
        let hour_ends = start.checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
        story.hour_ends(hour_ends).await;
    }
    let most = 2 * u32::try_from(hours).unwrap();
    assert!(calls >= most / 4, "{calls} calls of {most}: the budget stayed shut");
    story.clock.pass(2 * HOUR.unsigned_abs());
    story.before = story.site.billed().await;
    assert_eq!(story.spend().await, 2);
    println!(
        "jumps: {jumps} jumps in {hours} hours: {calls} calls of {most}, no hour over its limit"
    );
    story.gateway.stop().await;
}

/// A process whose wall clock is what a file says, and whose monotonic one is the machine's.
struct Faked<'a> {
    site: &'a Site,
    library: PathBuf,
}

// === impl Faked ===

impl<'a> Faked<'a> {
    /// `None` where the machine has no faketime.
    fn of(site: &'a Site) -> Option<Self> {
        let here = |folder: &Path| {
            let library = folder.join("faketime/libfaketimeMT.so.1");
            library.exists().then_some(library)
        };
        let folders = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let library = folders.chain(["/usr/lib".into(), "/usr/lib64".into()]);
        Some(Self { site, library: library.into_iter().find_map(|folder| here(&folder))? })
    }

    fn file(&self) -> PathBuf {
        self.site.folder().join("clock")
    }

    /// The wall clock shows `wall` from now on.
    fn set(&self, wall: &str) {
        let ahead = at(wall).as_second() - MachineClock::new().now().as_second();
        let draft = self.site.folder().join("clock.new");
        fs::write(&draft, format!("{ahead:+}\n")).unwrap();
        fs::rename(draft, self.file()).unwrap();
    }

    async fn start(&self) -> Outside {
        let launch = Launch::of(self.site).with("LD_PRELOAD", self.library.to_str().unwrap());
        let launch = launch.with("FAKETIME_TIMESTAMP_FILE", self.file().to_str().unwrap());
        let launch = launch.with("FAKETIME_NO_CACHE", "1").with("DONT_FAKE_MONOTONIC", "1");
        launch.with("FAKETIME_DONT_FAKE_MONOTONIC", "1").start().await.expect("it listens")
    }

    /// Comes back once the process has counted so many jumps.
    async fn counted(&self, gateway: &Outside, direction: &str, number: u32) {
        let line = format!("reins_clock_jumps_total{{direction=\"{direction}\"}} {number}\n");
        until(&line, async || {
            let page = get(gateway.address, "/metrics").await;
            String::from_utf8_lossy(&page.body).contains(&line)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_clock_jumps_says_so_once_and_keeps_to_its_hour() {
    let site = Site::new(BUDGET).await;
    let Some(faked) = Faked::of(&site) else {
        println!("jumps: NOT RUN as a process: that needs faketime");
        return;
    };
    faked.set("2026-06-03T10:50:00Z");
    let gateway = faked.start().await;
    assert_eq!(let_through(gateway.address).await, 2);
    let billed = site.billed().await;
    gateway.kill();
    faked.set("2026-06-03T09:30:00Z");
    let gateway = faked.start().await;
    faked.counted(&gateway, "back", 1).await;
    assert_eq!(let_through(gateway.address).await, 0);
    for (wall, direction, number) in [
        ("2027-06-03T10:50:00Z", "ahead", 1),
        ("2026-06-03T09:31:00Z", "back", 2),
        ("2026-06-03T10:52:00Z", "ahead", 2),
    ] {
        faked.set(wall);
        faked.counted(&gateway, direction, number).await;
        assert_eq!(let_through(gateway.address).await, 0, "{wall}");
    }
    assert_eq!(site.billed().await, billed, "nothing was let through after a jump");
    let said = || {
        let log = fs::read_to_string(log(&site)).unwrap();
        let jumped = log.lines().filter(|line| line.contains("wall clock jumped"));
        jumped.map(str::to_owned).collect::<Vec<_>>()
    };
    // A line is written a moment after its jump is counted.
    until("four lines", async || said().len() >= 4).await;
    let said = said();
    let of = |word: &str| said.iter().filter(|line| line.contains(word)).count();
    assert_eq!((said.len(), of("\"ahead\""), of("while the store was closed")), (4, 2, 1));
    println!("jumps: as a process: 4 jumps, each said and counted once, {} billed", text(billed));
}
