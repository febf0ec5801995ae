//! Clocks that jump, with a store open and closed: what was spent is found again, also by those who
//! read the database, and leaves its windows in time.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use reins_governor::{Ask, Clock, Identity, Ledger, Scope, ScopeKind, Unheld, Usd};

use crate::trial::{HandClock, House, caller, closed, draft, open, options, settled, usd};
use crate::{Embedded, Reports, StoreError};

const NOON: &str = "2026-03-01T11:00:00Z";
const DAY: i64 = 24 * 3_600;
const YEAR: i64 = 365 * DAY;

/// One caller, the budgets that count it, and the store it spends in.
struct Desk {
    folder: tempfile::TempDir,
    clock: Arc<HandClock>,
    house: House,
    who: Identity,
    calls: u128,
}

// === impl Desk ===

impl Desk {
    /// An agent that may spend a thousand nano-USD a day.
    fn new() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
        let (house, who) = (House::new(usd(1_000)), caller("bot", "s"));
        Self { folder, clock, house, who, calls: 0 }
    }

    async fn open(&self) -> Arc<Embedded> {
        open(self.folder.path(), &self.clock).await
    }

    fn ask(&self, bound: u64) -> Ask<'_> {
        self.house.ask(&self.who, usd(bound), self.clock.now())
    }

    /// Lets a call go; it costs what it may.
    async fn spend(&mut self, store: &Embedded, nanos: u64) {
        self.calls += 1;
        let began = draft(self.calls, &self.who, usd(nanos), self.clock.now());
        let ask = self.ask(nanos);
        store.ready(&ask).await.unwrap();
        let id = store.hold(&ask).unwrap().id;
        store.dispatch(id, &began).await.unwrap();
        let record = closed(began, &settled(nanos), self.clock.now());
        store.finish(id, settled(nanos), self.clock.now(), Some(&record));
    }

    /// What the day of the agent and the three hours of the session have come to.
    async fn spent(&self, store: &Embedded) -> [u64; 2] {
        let ask = self.ask(0);
        store.ready(&ask).await.unwrap();
        let id = store.hold(&ask).unwrap();
        store.void(id.id, reins_governor::VoidReason::Blocked);
        [0, 1].map(|budget| id.standings[budget].spent.nanos())
    }

    /// The same, as it is in the database.
    async fn reported(&self) -> [u64; 2] {
        let path = self.folder.path().join("reins.db");
        let reports = Reports::open(&path, &*self.clock).unwrap();
        let House { organization: acme, budgets: of, zone, .. } = &self.house;
        let now = self.clock.now();
        let agent = Scope::new(ScopeKind::Agent, "bot".into());
        let session = Scope::new(ScopeKind::Session, "s".into());
        let day = reports.standing(acme, of, 0, &agent, zone, now).await.unwrap().unwrap();
        let hours = reports.standing(acme, of, 1, &session, zone, now).await.unwrap().unwrap();
        let window = of.get(0).unwrap().window;
        let spent = reports.spent(acme, &agent, window, zone, now).await.unwrap().spent;
        assert_eq!(day.spent, spent);
        let spenders = reports.spenders(acme, ScopeKind::Agent, window, zone, now).await.unwrap();
        assert!(spent == Usd::ZERO || spenders == [agent]);
        [day.spent, hours.spent].map(Usd::nanos)
    }
}

#[tokio::test]
async fn a_restart_with_a_clock_that_is_behind_counts_what_was_spent() {
    let mut desk = Desk::new();
    let store = desk.open().await;
    desk.spend(&store, 900).await;
    store.close().await.unwrap();
    desk.clock.jump(-40 * DAY);
    assert_eq!(desk.reported().await, [900, 900], "where no server runs");
    let store = desk.open().await;
    store.ready(&desk.ask(200)).await.unwrap();
    let Err(Unheld::Short(short)) = store.hold(&desk.ask(200)) else { panic!("it fits") };
    assert_eq!(short.standing.spent, usd(900));
    assert_eq!(desk.reported().await, [900, 900], "beside a server");
    desk.spend(&store, 50).await;
    desk.clock.turn(600);
    desk.clock.jump(40 * DAY);
    assert_eq!(desk.spent(&store).await, [950, 950], "the clock is right again");
    store.check().await.unwrap();
    desk.clock.turn(DAY);
    assert_eq!(desk.spent(&store).await, [0, 0]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_crash_on_a_clock_far_ahead_leaves_its_jump_in_front_of_what_was_spent() {
    let mut desk = Desk::new();
    let store = desk.open().await;
    desk.spend(&store, 500).await;
    desk.clock.jump(10 * YEAR);
    desk.spend(&store, 300).await;
    desk.calls += 1;
    let lost = draft(desk.calls, &desk.who, usd(100), desk.clock.now());
    store.ready(&desk.ask(100)).await.unwrap();
    let id = store.hold(&desk.ask(100)).unwrap().id;
    store.dispatch(id, &lost).await.unwrap();
    drop(store);
    desk.clock.jump(-10 * YEAR);
    let store = reopened(&desk).await;
    assert_eq!(store.recovered().presumed, 1);
    assert_eq!(desk.spent(&store).await, [900, 900]);
    store.check().await.unwrap();
    for later in [DAY, DAY, 9 * YEAR, YEAR - 2 * DAY - 7_200, 3_600, 3_600, 3_600] {
        desk.clock.turn(later);
        assert_eq!(desk.spent(&store).await, [0, 0], "{}", desk.clock.now());
        assert_eq!(desk.reported().await, [0, 0], "{}", desk.clock.now());
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_year_ahead_across_a_restart_is_found_out_when_the_clock_is_right_again() {
    let mut desk = Desk::new();
    let store = desk.open().await;
    desk.spend(&store, 500).await;
    store.close().await.unwrap();
    desk.clock.jump(YEAR);
    let store = desk.open().await;
    assert_eq!(desk.spent(&store).await, [0, 0], "as after a year without a process");
    desk.spend(&store, 400).await;
    desk.clock.turn(60);
    desk.clock.jump(-YEAR);
    assert_eq!(desk.spent(&store).await, [900, 900]);
    store.close().await.unwrap();
    let store = desk.open().await;
    assert_eq!(desk.spent(&store).await, [900, 900]);
    for later in [DAY, YEAR - DAY, 3_600] {
        desk.clock.turn(later);
        assert_eq!(desk.spent(&store).await, [0, 0], "{}", desk.clock.now());
    }
    store.close().await.unwrap();
}

/// The tasks of a store that was dropped end a little later, and with them its lock.
async fn reopened(desk: &Desk) -> Arc<Embedded> {
    let folder: &Path = desk.folder.path();
    loop {
        match Embedded::open(options(folder, &desk.clock)).await {
            Err(StoreError::InUse(_)) => tokio::task::yield_now().await,
            outcome => return outcome.unwrap(),
        }
    }
}

/// What happens to a store.
#[derive(Clone, Debug)]
enum Deed {
    Spend(u64),
    Pass(i64),
    Jump(i64),
    Evict,
    Restart { pause: i64, jump: i64 },
}

fn deed() -> impl Strategy<Value = Deed> {
    let seconds = || prop_oneof![0..7_200_i64, 0..3 * DAY];
    let jump = || (seconds(), any::<bool>()).prop_map(|(s, back)| if back { -s } else { s });
    prop_oneof![
        4 => (1..9_u64).prop_map(Deed::Spend),
        2 => seconds().prop_map(Deed::Pass),
        2 => jump().prop_map(Deed::Jump),
        1 => Just(Deed::Evict),
        1 => (seconds(), jump()).prop_map(|(pause, jump)| Deed::Restart { pause, jump }),
    ]
}

/// What is counted in memory is what is counted anew from the database, whatever clocks do.
async fn compare(deeds: Vec<Deed>) {
    let mut desk = Desk::new();
    let mut store = desk.open().await;
    for deed in deeds {
        match deed {
            Deed::Spend(nanos) => desk.spend(&store, nanos).await,
            Deed::Pass(seconds) => desk.clock.turn(seconds),
            Deed::Jump(seconds) => desk.clock.jump(seconds),
            Deed::Evict => drop(store.core.live.lock().books.evict(Timestamp::MAX)),
            Deed::Restart { pause, jump } => {
                store.close().await.unwrap();
                desk.clock.turn(pause);
                desk.clock.jump(jump);
                let before = desk.reported().await;
                store = desk.open().await;
                assert_eq!(desk.spent(&store).await, before);
            }
        }
        let spent = desk.spent(&store).await;
        store.flush().await.unwrap();
        assert_eq!(desk.reported().await, spent, "at {}", desk.clock.now());
    }
    store.check().await.unwrap();
    store.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn what_is_reported_is_what_the_store_counts(deeds in prop::collection::vec(deed(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(compare(deeds));
    }
}
