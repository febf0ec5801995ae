//! Reports: what was kept, for whoever asks. Works beside a running server, and changes nothing.

use std::fmt;
use std::path::Path;

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::{
    Budgets, Clock, Name, Reading, Scope, ScopeKind, Standing, Transaction, TransactionId, Usd,
    Window,
};
use reins_ledger::{Books, Settings, Slot, Timeline};
use sqlx::{SqliteConnection, SqlitePool};

use crate::check::{self, Mismatch};
use crate::clock::{self, KeptClock};
use crate::database::Database;
use crate::journal::Durability;
use crate::recover::{self, Losses};
use crate::sources::aside;
use crate::{StoreError, calls, lock, opening, schema};

/// Reads a store.
pub struct Reports {
    pub(crate) database: Database,
    pool: SqlitePool,
    /// A server has it.
    served: bool,
}

/// What a scope spent over a window, as far as it is in the database: some hundredths of a second
/// ago, beside a running server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Charged.
    pub spent: Usd,
    /// Set aside for calls in flight.
    pub held: Usd,
    /// Calls that were charged.
    pub calls: u64,
    /// Calls in flight.
    pub in_flight: u64,
}

/// All that a store holds of one organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Charged by all transactions.
    pub charged: Usd,
    /// Transactions.
    pub transactions: u64,
    /// Set aside for calls in flight.
    pub held: Usd,
    /// Calls in flight.
    pub in_flight: u64,
}

/// The room that records take in the database, with the index they are found by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallBytes {
    /// Revisions of records.
    pub revisions: u64,
    /// The pages they are in.
    pub bytes: u64,
}

// === impl Reports ===

impl Reports {
    /// Opens the store at `path`. Where no server has it, what one left is recovered first.
    ///
    /// # Errors
    /// When there is no store, or it cannot be read.
    pub fn open(path: &Path, clock: &dyn Clock) -> Result<Self, StoreError> {
        let database = Database::existing(path)?;
        database.check_one_name()?;
        let served = match lock::take(&database) {
            Ok(_lock) => recover_left(&database, clock.now()).map(|()| false)?,
            Err(StoreError::InUse(_)) => true,
            Err(error) => return Err(error),
        };
        Ok(Self { pool: schema::readers(&database), database, served })
    }

    /// What `scope` of `organization` spent over the window that `now` is in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn spent(
        &self,
        organization: &Name,
        scope: &Scope,
        window: Window,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Spent, StoreError> {
        let mut tx = self.pool.begin().await?;
        let books = self.loaded(&mut tx, (organization, scope, window), zone, now).await?;
        let Reading { spent, calls, .. } = books.reading(scope, window, now).unwrap_or_default();
        let (held, in_flight) = in_flight(&mut tx, organization, scope).await?;
        Ok(Spent { spent, held, calls, in_flight })
    }

    /// How the budget at `index` stands for `scope` of `organization`, counted as a server counts
    /// it; `None` where there is no such budget.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn standing(
        &self,
        organization: &Name,
        budgets: &Budgets,
        index: usize,
        scope: &Scope,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        let Some(window) = budgets.get(index).map(|budget| budget.window) else { return Ok(None) };
        let mut tx = self.pool.begin().await?;
        let books = self.loaded(&mut tx, (organization, scope, window), zone, now).await?;
        let (held, _) = in_flight(&mut tx, organization, scope).await?;
        let standing = books.standing(budgets, index, scope, now);
        Ok(standing.map(|standing| Standing { held, ..standing }))
    }

    /// Every scope of `kind` of `organization` whose charges count in the window that `now` is in,
    /// or that has a call in flight, by name. Where the clock jumped, perhaps others besides.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn spenders(
        &self,
        organization: &Name,
        kind: ScopeKind,
        window: Window,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Vec<Scope>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let since = self.timeline(&mut tx, now).await?.earliest(window, zone, now);
        let query = sqlx::query_scalar(
            "SELECT name FROM spend WHERE organization = ?3 AND kind = ?1 AND slot >= ?2 \
             UNION SELECT name FROM (SELECT CASE ?1 WHEN 'key' THEN key \
             WHEN 'session' THEN session WHEN 'user' THEN user WHEN 'agent' THEN agent \
             WHEN 'team' THEN team ELSE organization END AS name FROM open_attempts \
             WHERE organization = ?3) \
             WHERE name IS NOT NULL ORDER BY name",
        );
        let query = query.bind(kind.word()).bind(since).bind(&**organization);
        let names: Vec<String> = query.fetch_all(&mut *tx).await?;
        Ok(names.into_iter().map(|name| Scope::new(kind, Name::kept(name))).collect())
    }

    /// Books of an organization that know what `scope` spent over the window that `now` is in.
    async fn loaded(
        &self,
        conn: &mut SqliteConnection,
        (organization, scope, window): (&Name, &Scope, Window),
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Books, StoreError> {
        let timeline = self.timeline(conn, now).await?;
        let since = timeline.earliest(window, zone, now);
        let slots = slots(conn, organization, scope, since).await?;
        let mut books = Books::on(timeline.into(), Settings::default());
        books.load(scope.clone(), window, zone, &slots, now);
        Ok(books)
    }

    /// The timeline that the server counts by, or would if it started now.
    async fn timeline(
        &self,
        conn: &mut SqliteConnection,
        now: Timestamp,
    ) -> Result<Timeline, StoreError> {
        let KeptClock { mut timeline, seen } = clock::read(conn).await?;
        if !self.served {
            timeline.resume(now.as_second(), seen);
        }
        Ok(timeline)
    }

    /// The record of a call.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn transaction(&self, id: TransactionId) -> Result<Option<Transaction>, StoreError> {
        let database = self.database.clone();
        aside(move || calls::read(&schema::reader(&database)?, id)).await
    }

    /// How much room the records take, of all organizations.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn call_bytes(&self) -> Result<CallBytes, StoreError> {
        let database = self.database.clone();
        aside(move || Ok(calls::bytes(&schema::reader(&database)?)?)).await
    }

    /// All that the store holds of `organization`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn totals(&self, organization: &Name) -> Result<Totals, StoreError> {
        let query = sqlx::query_as(
            "SELECT coalesce(sum(cost_nanos), 0), count(*), \
             (SELECT coalesce(sum(held_nanos), 0) FROM open_attempts WHERE organization = ?1), \
             (SELECT count(*) FROM open_attempts WHERE organization = ?1) \
             FROM transactions WHERE organization = ?1",
        );
        let query = query.bind(&**organization);
        let (charged, transactions, held, in_flight) = query.fetch_one(&self.pool).await?;
        Ok(Totals {
            charged: usd(charged),
            transactions: count(transactions),
            held: usd(held),
            in_flight: count(in_flight),
        })
    }

    /// Compares what each scope of every organization spent with the transactions that made it.
    ///
    /// # Errors
    /// The first difference.
    pub async fn check(&self) -> Result<(), Mismatch> {
        check::kept(&self.pool).await
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reports(…)")
    }
}

/// What a scope spent, from the slot that begins at `since`.
async fn slots(
    conn: &mut SqliteConnection,
    organization: &Name,
    scope: &Scope,
    since: i64,
) -> Result<Vec<Slot>, StoreError> {
    let query = sqlx::query_as(
        "SELECT slot, nanos, calls FROM spend \
         WHERE organization = ? AND kind = ? AND name = ? AND slot >= ?",
    );
    let query = query.bind(&**organization).bind(scope.kind.word());
    let query = query.bind(&*scope.name).bind(since);
    let rows: Vec<(i64, i64, i64)> = query.fetch_all(conn).await?;
    let slot = |(start, nanos, calls)| Slot { start, spent: usd(nanos), calls: count(calls) };
    Ok(rows.into_iter().map(slot).collect())
}

/// What is set aside for calls in flight, and how many they are.
async fn in_flight(
    conn: &mut SqliteConnection,
    organization: &Name,
    scope: &Scope,
) -> Result<(Usd, u64), StoreError> {
    let query = sqlx::query_as(
        "SELECT coalesce(sum(held_nanos), 0), count(*) FROM open_attempts \
         WHERE organization = ?3 AND ?1 = CASE ?2 WHEN 'key' THEN key WHEN 'session' THEN session \
         WHEN 'user' THEN user WHEN 'agent' THEN agent WHEN 'team' THEN team \
         ELSE organization END",
    );
    let query = query.bind(&*scope.name).bind(scope.kind.word()).bind(&**organization);
    let (held, number) = query.fetch_one(conn).await?;
    Ok((usd(held), count(number)))
}

/// Recovers what the last server left. The caller has the store to itself.
fn recover_left(database: &Database, now: Timestamp) -> Result<(), StoreError> {
    opening::check_log(database, Losses::Refuse, now)?;
    let mut conn = schema::writer(database, Durability::Power)?;
    schema::migrate(&mut conn, database.path())?;
    recover::recover(&mut conn, database, now, Losses::Refuse).map(drop)
}

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(count(nanos))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
