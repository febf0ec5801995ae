//! The invariants, whatever happens in whatever order.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use jiff::Timestamp;
use reins_governor::{
    Budget, End, HoldId, HoldMode, PresumeReason, Scope, ScopeKind, Usage, Usd, VoidReason, Window,
};

use super::desk::{Desk, agent, budget, organization, session};
use crate::{Books, Settings};

/// One thing that happens; calls are named by how long ago they were held.
#[derive(Clone, Debug)]
enum Deed {
    Hold { session: u8, agent: u8, bound: u64 },
    Amend { ago: usize, bound: u64 },
    Void { ago: usize },
    Dispatch { ago: usize },
    Finish { ago: usize, end: u8, charged: u64 },
    Pass { seconds: i64 },
    Sweep,
}

fn amount() -> impl Strategy<Value = u64> {
    let largest = Usd::MAX.nanos();
    prop_oneof![
        8 => 0..2_000_000_000_u64,
        1 => 0..100_u64,
        1 => prop::sample::select(vec![0, 1, largest - 1, largest]),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..3_u8, 0..2_u8, amount())
            .prop_map(|(session, agent, bound)| Deed::Hold { session, agent, bound }),
        1 => (0..6_usize, amount()).prop_map(|(ago, bound)| Deed::Amend { ago, bound }),
        1 => (0..6_usize).prop_map(|ago| Deed::Void { ago }),
        3 => (0..6_usize).prop_map(|ago| Deed::Dispatch { ago }),
        6 => (0..9_usize, any::<u8>(), amount())
            .prop_map(|(ago, end, charged)| Deed::Finish { ago, end, charged }),
        2 => (-4_000..40_000_i64).prop_map(|seconds| Deed::Pass { seconds }),
        1 => proptest::strategy::Just(Deed::Sweep),
    ]
}

fn end(kind: u8, charged: u64) -> End {
    let charged = Usd::from_nanos(charged);
    match kind % 4 {
        0 => End::Voided { why: VoidReason::VendorRefused },
        1 => End::Presumed { charged, why: PresumeReason::Timeout },
        _ => End::Settled { usage: Usage::default(), charged },
    }
}

fn desk() -> Desk {
    Desk::new(vec![
        budget(ScopeKind::Session, "1.50", "rolling 1h"),
        budget(ScopeKind::Agent, "3.00", "hourly"),
        budget(ScopeKind::Agent, "9.00", "daily"),
        budget(ScopeKind::Organization, "20.00", "rolling 24h"),
    ])
    .reading(ScopeKind::Organization, Window::Monthly)
    .zone("Europe/Berlin")
}

/// The books, and what an outsider writes down beside them.
struct Beside {
    desk: Desk,
    books: Books,
    now: i64,
    calls: Vec<(HoldId, Vec<Scope>)>,
    /// Charged in all, as the postings of the organization say.
    posted: i128,
    /// Charged beyond holds, in all.
    overage: u128,
}

impl Beside {
    fn new() -> Self {
        let (desk, books) = (desk(), Books::new(Settings::default()));
        let (calls, now) = (Vec::new(), 1_750_000_000);
        Self { desk, books, now, calls, posted: 0, overage: 0 }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now).expect("an instant")
    }

    fn call(&self, ago: usize) -> Option<(HoldId, Vec<Scope>)> {
        self.calls.iter().rev().nth(ago).cloned()
    }

    fn happen(&mut self, deed: &Deed) {
        match *deed {
            Deed::Hold { session: s, agent: a, bound } => {
                let who = [session(&format!("s{s}")), agent(&format!("a{a}")), organization()];
                let ask = self.desk.ask(&who, Usd::from_nanos(bound), self.now());
                if let Ok(holding) = self.books.take_in(&ask) {
                    self.calls.push((holding.id, who.to_vec()));
                    self.nothing_is_over(&holding.standings);
                }
            }
            Deed::Amend { ago, bound } => {
                let Some((id, who)) = self.call(ago) else { return };
                let ask = self.desk.ask(&who, Usd::from_nanos(bound), self.now());
                if let Ok(holding) = self.books.amend_in(id, &ask) {
                    self.calls.push((holding.id, who));
                    self.nothing_is_over(&holding.standings);
                }
            }
            Deed::Void { ago } => {
                let Some((id, _)) = self.call(ago) else { return };
                self.books.void(id, VoidReason::Abandoned);
            }
            Deed::Dispatch { ago } => {
                let Some((id, _)) = self.call(ago) else { return };
                let _expired = self.books.dispatch(id);
            }
            Deed::Finish { ago, end: kind, charged } => self.finish(ago, &end(kind, charged)),
            Deed::Pass { seconds } => self.now += seconds,
            Deed::Sweep => {
                let swept = self.books.sweep(self.now());
                swept.iter().for_each(|swept| self.note(&swept.finished, Usd::ZERO));
            }
        }
    }

    /// I4: a third end changes nothing, whatever the first two were.
    fn finish(&mut self, ago: usize, end: &End) {
        let Some((id, _)) = self.call(ago) else { return };
        let now = self.now();
        let finished = self.books.finish(id, end.clone(), now);
        if !finished.postings.is_empty() {
            let overage = finished.receipt.overage;
            self.note(&finished, overage);
        }
        let settled = matches!(finished.receipt.end, End::Settled { .. } | End::Voided { .. });
        let again = self.books.finish(id, self::end(2, 77), now);
        if settled {
            assert_eq!(again.receipt, finished.receipt);
            assert!(again.postings.is_empty());
        } else {
            let overage = again.receipt.overage;
            self.note(&again, overage);
        }
        let third = self.books.finish(id, self::end(2, 99), now);
        assert!(third.postings.is_empty());
        assert_eq!(third.receipt, again.receipt);
    }

    fn note(&mut self, finished: &crate::Finished, overage: Usd) {
        let ours = |posting: &&crate::Posting| posting.scope == organization();
        let posted = finished.postings.iter().filter(ours).map(|p| i128::from(p.nanos));
        self.posted += posted.sum::<i128>();
        self.overage += u128::from(overage.nanos());
    }

    /// I2: where a call is admitted, no enforcing limit is passed.
    fn nothing_is_over(&self, standings: &[reins_governor::Standing]) {
        for standing in standings {
            let used = u128::from(standing.spent.nanos()) + u128::from(standing.held.nanos());
            assert!(used <= u128::from(standing.limit.nanos()), "{standing:?}");
        }
    }
}

proptest! {
    /// I1, I2, I4 and I5 after every deed; the sum of postings is what is counted as spent.
    #[test]
    fn the_books_stay_true(deeds in prop::collection::vec(deed(), 1..120)) {
        let mut beside = Beside::new();
        for deed in &deeds {
            beside.happen(deed);
            prop_assert_eq!(beside.books.check(), Ok(()), "after {:?}", deed);
            prop_assert!(beside.posted >= 0);
        }
        let month = beside.books.reading(&organization(), Window::Monthly, beside.now());
        if let (Some(month), true) = (month, beside.now < 1_750_000_000 + 1_200_000) {
            let most = i128::from(Usd::MAX.nanos());
            prop_assert_eq!(i128::from(month.spent.nanos()), beside.posted.min(most));
        }
    }

    /// I3: a budget is overspent by no more than the charges that passed their holds.
    #[test]
    fn overspending_is_overage(deeds in prop::collection::vec(deed(), 1..200)) {
        let mut beside = Beside::new();
        let total: Budget = budget(ScopeKind::Organization, "5.00", "rolling 8784h");
        beside.desk = Desk::new(vec![total]);
        for deed in &deeds {
            beside.happen(deed);
            let spent = u128::try_from(beside.posted).unwrap_or_default();
            prop_assert!(spent <= 5_000_000_000 + beside.overage);
        }
    }

    /// I8: once nobody calls, nothing stays held.
    #[test]
    fn holds_end_with_their_life(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut beside = Beside::new();
        deeds.iter().for_each(|deed| beside.happen(deed));
        beside.now += 50_000;
        for _ in 0..3 {
            beside.now += 600;
            beside.happen(&Deed::Sweep);
        }
        beside.now = beside.now.max(0);
        prop_assert_eq!(beside.books.in_flight(), 0);
        for account in beside.books.accounts.values() {
            for counter in &account.counters {
                let tally = counter.tally(beside.now);
                prop_assert_eq!(tally.held(HoldMode::Bound), Usd::ZERO);
            }
        }
    }
}
