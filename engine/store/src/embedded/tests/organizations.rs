//! Two organizations in one store: the same names, and nothing else in common.

use reins_governor::{Clock, Ledger, Scope, ScopeKind, VoidReason, Window};

use super::{NOON, db, sent};
use crate::Reports;
use crate::trial::{HandClock, House, closed, open, presumed, settled, usd};

#[tokio::test]
async fn two_organizations_with_the_same_names_spend_apart() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let acme = House::new(usd(1_000));
    let umbrella = House::new(usd(1_000)).of("umbrella", "Asia/Kathmandu");
    let mut store = open(folder.path(), &clock).await;
    for (n, house, charged) in [(1, &acme, 900), (2, &umbrella, 1_000)] {
        let (id, began) = sent(&store, house, &house.caller("bot", "s"), n, usd(1_000)).await;
        let record = closed(began, &settled(charged), clock.now());
        store.finish(id, settled(charged), clock.now(), Some(&record));
    }
    for restarted in [false, true] {
        if restarted {
            store.close().await.unwrap();
            store = open(folder.path(), &clock).await;
        }
        store.check().await.unwrap();
        for (house, fits) in [(&acme, true), (&umbrella, false)] {
            let ask = house.ask(&house.caller("bot", "s"), usd(100), clock.now());
            store.ready(&ask).await.unwrap();
            let held = store.hold(&ask);
            assert_eq!(held.is_ok(), fits, "{}", house.organization);
            held.map(|holding| store.void(holding.id, VoidReason::Blocked)).unwrap_or_default();
        }
    }
    let (_, _) = sent(&store, &acme, &acme.caller("bot", "s"), 3, usd(70)).await;
    store.flush().await.unwrap();
    let reports = Reports::open(&db(folder.path()), &*clock).unwrap();
    for (house, spent, held) in [(&acme, 900, 70), (&umbrella, 1_000, 0)] {
        let (of, now) = (&house.organization, clock.now());
        let bot = Scope::new(ScopeKind::Agent, "bot".into());
        let found = reports.spent(of, &bot, Window::Daily, &house.zone, now).await.unwrap();
        assert_eq!((found.spent, found.held, found.calls), (usd(spent), usd(held), 1), "{of}");
        let standing = reports.standing(of, &house.budgets, 0, &bot, &house.zone, now).await;
        assert_eq!(standing.unwrap().unwrap().spent, usd(spent), "{of}");
        let totals = reports.totals(of).await.unwrap();
        assert_eq!((totals.charged, totals.held, totals.transactions), (usd(spent), usd(held), 1));
        let all = ScopeKind::Organization;
        let spenders = reports.spenders(of, all, Window::Daily, &house.zone, now).await.unwrap();
        assert_eq!(spenders, [Scope::new(all, of.clone())]);
    }
    store.check().await.unwrap();
}

#[tokio::test]
async fn late_usage_is_corrected_in_each_organization_however_many_calls_were_presumed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::at(NOON));
    let houses: [House; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
        .map(|name| House::new(usd(1_000_000)).of(name, "UTC"));
    let store = open(folder.path(), &clock).await;
    let mut first = None;
    for n in 0..9 * 2_048_u128 {
        let house = &houses[usize::try_from(n / 2_048).unwrap()];
        let (id, began) = sent(&store, house, &house.caller("bot", "s"), n + 1, usd(10)).await;
        let record = closed(began, &presumed(10), clock.now());
        store.finish(id, presumed(10), clock.now(), Some(&record));
        first.get_or_insert(id);
    }
    store.finish(first.unwrap(), settled(3), clock.now(), None);
    store.check().await.unwrap();
}
