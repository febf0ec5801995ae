//! A ledger of the plainest kind: a list of rows that is summed anew for every question.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use jiff::Timestamp;
use smallvec::SmallVec;

use crate::{
    Ask, Budgets, End, Fault, HoldId, Holding, Ledger, LedgerFuture, Reading, Readings, Receipt,
    Scope, Scopes, Short, Standing, Transaction, Unheld, Usd, VoidReason,
};

/// The ledger. Every window is the same long day.
#[derive(Debug, Default)]
pub(super) struct Purse {
    /// How often each of its waits has to be polled before it is over.
    pub(super) waits: AtomicU32,
    /// How many of the next holds find that a counter was forgotten.
    pub(super) forgets: AtomicU32,
    /// What is set aside of each bound, where that is less.
    pub(super) typical: Mutex<Option<Usd>>,
    /// What the next dispatch answers.
    pub(super) fault: Mutex<Option<Fault>>,
    pub(super) books: Mutex<Books>,
}

/// What is in the books.
#[derive(Debug, Default)]
pub(super) struct Books {
    rows: BTreeMap<u64, Row>,
    issued: u64,
    /// Each ask for money: its amount and instant.
    pub(super) asked: Vec<(Usd, Timestamp)>,
    pub(super) drafts: Vec<Transaction>,
    pub(super) records: Vec<Transaction>,
    /// Holds let go before they were dispatched.
    pub(super) voids: Vec<VoidReason>,
    /// How attempts ended.
    pub(super) ends: Vec<End>,
    pub(super) beats: Vec<(HoldId, Timestamp)>,
}

#[derive(Debug)]
struct Row {
    scopes: Scopes,
    budgets: Budgets,
    held: Usd,
    dispatched: bool,
    end: Option<End>,
}

impl Purse {
    /// Spent and set aside by `scope`.
    pub(super) fn reading(&self, scope: &Scope) -> Reading {
        self.books.lock().expect("no panic").reading(scope)
    }

    /// Spent and set aside by everybody.
    pub(super) fn total(&self) -> Reading {
        let books = self.books.lock().expect("no panic");
        sum(books.rows.values())
    }

    /// Whether every counter is still there.
    fn remember(&self) -> Result<(), Unheld> {
        let forget = |left: u32| left.checked_sub(1);
        let forgets = self.forgets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, forget);
        if forgets.is_ok() { Err(Unheld::Missing) } else { Ok(()) }
    }

    async fn wait(&self) {
        Wait(self.waits.load(Ordering::Relaxed)).await;
    }
}

fn sum<'a>(rows: impl Iterator<Item = &'a Row>) -> Reading {
    let mut reading = Reading::default();
    for row in rows {
        match &row.end {
            None => reading.held = reading.held.saturating_add(row.held),
            Some(end) => reading.spent = reading.spent.saturating_add(end.charged()),
        }
        reading.calls += u64::from(!matches!(row.end, Some(End::Voided { .. })));
    }
    reading
}

impl Books {
    fn reading(&self, scope: &Scope) -> Reading {
        sum(self.rows.values().filter(|row| row.scopes.contains(scope)))
    }

    fn standings(&self, budgets: &Budgets, scopes: &Scopes) -> SmallVec<[Standing; 4]> {
        let of = |scope: &Scope| {
            let counts = |(_, b): &(usize, &crate::Budget)| {
                b.scope.kind == scope.kind && b.scope.pattern.matches(&scope.name)
            };
            let budgets = budgets.iter().enumerate().filter(counts);
            budgets.map(|(index, b)| self.standing(index, b, scope)).collect::<Vec<_>>()
        };
        scopes.iter().flat_map(of).collect()
    }

    fn standing(&self, index: usize, budget: &crate::Budget, scope: &Scope) -> Standing {
        let Reading { spent, held, .. } = self.reading(scope);
        let (limit, scope) = (budget.limit, scope.clone());
        Standing { budget: index, scope, spent, held, limit, resets_at: None }
    }

    /// Sets money aside under `id`, in all budgets or in none.
    fn take(&mut self, id: u64, ask: &Ask<'_>) -> Result<Holding, Short> {
        self.asked.push((ask.bound, ask.now));
        for claim in &ask.claims {
            let budget = claim.budget.and_then(|index| Some((index, ask.budgets.get(index)?)));
            let Some((index, budget)) = budget.filter(|(_, budget)| budget.enforces()) else {
                continue;
            };
            let standing = self.standing(index, budget, &claim.scope);
            if standing.left() < ask.bound {
                let free = standing.limit.saturating_sub(standing.spent);
                return Err(Short { only_in_flight: ask.bound <= free, fits_at: None, standing });
            }
        }
        let (scopes, budgets) = (ask.scopes.clone(), ask.budgets.clone());
        let row = Row { scopes, budgets, held: ask.bound, dispatched: false, end: None };
        self.rows.insert(id, row);
        Ok(self.holding(id, ask))
    }

    fn holding(&self, id: u64, ask: &Ask<'_>) -> Holding {
        let read = |key: &crate::ReadKey| {
            let scope = ask.scopes.iter().find(|scope| scope.kind == key.kind);
            scope.map(|scope| self.reading(scope)).unwrap_or_default()
        };
        let readings = Readings(ask.reads.iter().map(read).collect());
        let standings = self.standings(ask.budgets, &ask.scopes);
        Holding { id: HoldId(id), held: ask.bound, readings, standings, overshoot: None }
    }
}

impl Ledger for Purse {
    fn ready<'a>(&'a self, _ask: &'a Ask<'_>) -> LedgerFuture<'a> {
        Box::pin(async {
            self.wait().await;
            Ok(())
        })
    }

    fn hold(&self, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        self.remember()?;
        let mut books = self.books.lock().expect("no panic");
        let id = books.issued + 1;
        let holding = books.take(id, ask).map_err(Unheld::Short)?;
        books.issued = id;
        let typical = *self.typical.lock().expect("no panic");
        Ok(Holding { held: typical.unwrap_or(holding.held), ..holding })
    }

    fn amend(&self, id: HoldId, ask: &Ask<'_>) -> Result<Holding, Unheld> {
        self.remember()?;
        let mut books = self.books.lock().expect("no panic");
        let before = books.rows.remove(&id.0).expect("only what is held is amended");
        assert!(!before.dispatched, "{id:?} was amended after it was dispatched");
        let taken = books.take(id.0, ask);
        if taken.is_err() {
            books.rows.insert(id.0, before);
        }
        taken.map_err(Unheld::Short)
    }

    fn void(&self, id: HoldId, why: VoidReason) {
        let mut books = self.books.lock().expect("no panic");
        let row = books.rows.remove(&id.0).expect("only what is held is let go, once");
        assert!(!row.dispatched, "{id:?} was let go after it was dispatched");
        books.voids.push(why);
    }

    fn dispatch<'a>(&'a self, id: HoldId, draft: &'a Transaction) -> LedgerFuture<'a> {
        Box::pin(async move {
            self.wait().await;
            if let Some(fault) = self.fault.lock().expect("no panic").take() {
                return Err(fault);
            }
            let mut books = self.books.lock().expect("no panic");
            books.rows.get_mut(&id.0).expect("only what is held is dispatched").dispatched = true;
            books.drafts.push(draft.clone());
            Ok(())
        })
    }

    fn finish(
        &self,
        id: HoldId,
        end: End,
        _now: Timestamp,
        record: Option<&Transaction>,
    ) -> Receipt {
        let mut books = self.books.lock().expect("no panic");
        let row = books.rows.get_mut(&id.0).expect("only what is held is finished");
        assert!(row.dispatched && row.end.is_none(), "{id:?} was finished out of turn");
        let (held, budgets, scopes) = (row.held, row.budgets.clone(), row.scopes.clone());
        row.end = Some(end.clone());
        books.ends.push(end.clone());
        books.records.extend(record.cloned());
        let overage = end.charged().saturating_sub(held);
        let standings = books.standings(&budgets, &scopes);
        Receipt { end, overage, standings, reached: SmallVec::new() }
    }

    fn record(&self, record: &Transaction) {
        self.books.lock().expect("no panic").records.push(record.clone());
    }

    fn beat(&self, id: HoldId, now: Timestamp) {
        self.books.lock().expect("no panic").beats.push((id, now));
    }
}

/// A wait that is over after so many polls.
struct Wait(u32);

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(()) };
        self.0 = left;
        Poll::Pending
    }
}
