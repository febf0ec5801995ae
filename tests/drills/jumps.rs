//! Clocks that jump: behind across a restart, ahead for a moment, across a window's edge. By the
//! vendor's own books an hour's money is spent once, and no budget stays shut afterwards.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reins_governor::{Clock, Scope, ScopeKind, Window};
use reins_store::Reports;

use crate::rig::{Inside, Site, Speech, Wall, call, text};

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

// === impl Story ===

impl Story {
    async fn begins(at: Timestamp) -> Self {
        let (site, clock) = (Site::new(BUDGET).await, Wall::at(at));
        let gateway = Inside::at(&site, Arc::clone(&clock) as Arc<dyn Clock>).await;
        Self { site, clock, gateway, before: 0 }
    }

    /// Calls until one is refused; how many were let through. The hour's bill is within its limit.
    async fn spend(&self) -> u32 {
        let calls = self.let_through().await;
        let billed = self.site.billed().await - self.before;
        assert!(billed <= LIMIT, "the vendor billed {} for an hour", text(billed));
        calls
    }

    /// Calls until one is refused; how many were let through.
    async fn let_through(&self) -> u32 {
        let ask = Speech::OpenAi.ask(1_000, false).script("output=1000");
        for calls in 0.. {
            let answer = call(self.gateway.address, &ask).await.unwrap();
            match answer.status {
                200 => {}
                403 => return calls,
                other => panic!("{other}: {:?}", answer.json()),
            }
        }
        0
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
        reports.spent(&scope, Window::Hourly, &zone, now).await.unwrap().spent.nanos()
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
        assert_eq!(story.let_through().await, 2);
        // A year ahead across a restart cannot be told from a year without a process.
        let mut story = if restarted { story.restart(0, YEAR).await } else { story };
        assert_eq!(story.let_through().await, if restarted { 2 } else { 0 });
        story.clock.jump(if restarted { 0 } else { YEAR });
        assert_eq!(story.let_through().await, 0);
        story.clock.pass(60);
        story.clock.jump(-YEAR);
        assert_eq!(story.let_through().await, 0, "restarted: {restarted}");
        assert_eq!(story.reported().await, story.site.billed().await, "restarted: {restarted}");
        for hour in ["2026-06-03T11:00:00Z", "2026-06-03T12:00:00Z", "2027-06-03T10:05:00Z"] {
            story.hour_ends(at(hour)).await;
            assert_eq!((story.spend().await, story.spend().await), (2, 0), "{hour}");
        }
        story.gateway.stop().await;
    }
    println!("jumps: a year ahead with spend, in a process and across a restart: no hour shut");
}
