//! What the tests of this crate try it with: a clock that is turned by hand, callers, calls.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::samples;
pub(crate) use reins_governor::samples::HandClock;
use reins_governor::{
    Accuracy, Action, Ask, Attempt, Budget, BudgetScope, Budgets, Call, Charge, Claim, Clock, End,
    Endpoint, HoldMode, Identity, Latency, Name, OnExceed, Opening, Outcome, Pattern,
    PresumeReason, ReadKey, Scope, ScopeKind, Status, Tokens, Transaction, TransactionId, Usage,
    Usd, Window,
};
use ulid::Ulid;

use crate::batch::Batch;
use crate::calls::Writer;
use crate::database::Database;
use crate::entry::Entry;
use crate::frame::{Charged, Mark};
use crate::header::Life;
use crate::journal::{Journal, Layout};
use crate::journal_state::{Applied, JournalState};
use crate::openings::Openings;
use crate::{Durability, Embedded, OpenOptions, fold, schema};

/// JSON that nothing but a raw value can carry.
pub(crate) const METADATA: &str = r#"{"n":1e999}"#;

/// The rules of an organization, as far as a ledger needs them.
pub(crate) struct House {
    pub(crate) organization: Name,
    pub(crate) budgets: Budgets,
    pub(crate) reads: Vec<ReadKey>,
    pub(crate) zone: TimeZone,
}

impl House {
    /// An agent may spend `limit` a day and a session over 3 hours; the organization is counted.
    pub(crate) fn new(limit: Usd) -> Self {
        let budget = |name: &str, kind, window, on_exceed| Budget {
            name: Name::kept(name),
            scope: BudgetScope { kind, pattern: "*".parse::<Pattern>().unwrap() },
            limit,
            window,
            on_exceed,
            hold: HoldMode::Bound,
            warn_at: vec![],
        };
        let session = Window::Rolling { hours: 3 };
        let budgets = Budgets::new(vec![
            budget("agents", ScopeKind::Agent, Window::Daily, OnExceed::Block),
            budget("sessions", ScopeKind::Session, session, OnExceed::Block),
            budget("all", ScopeKind::Organization, Window::Monthly, OnExceed::Warn),
        ]);
        let reads = vec![ReadKey { kind: ScopeKind::User, window: Window::Hourly }];
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        Self { organization: "acme".into(), budgets, reads, zone }
    }

    /// The same rules, of another organization in another zone.
    pub(crate) fn of(self, organization: &'static str, zone: &str) -> Self {
        Self { organization: organization.into(), zone: TimeZone::get(zone).unwrap(), ..self }
    }

    /// A caller of this organization.
    pub(crate) fn caller(&self, agent: &str, session: &str) -> Identity {
        Identity { organization: self.organization.clone(), ..caller(agent, session) }
    }

    pub(crate) fn ask(&self, who: &Identity, bound: Usd, now: Timestamp) -> Ask<'_> {
        let counted = self.budgets.counting(who).map(|(index, budget, scope)| Claim {
            scope,
            window: budget.window,
            budget: Some(index),
        });
        let read = self.reads.iter().filter_map(|key| {
            let scope = Scope::new(key.kind, who.name(key.kind)?.clone());
            Some(Claim { scope, window: key.window, budget: None })
        });
        Ask {
            organization: &self.organization,
            budgets: &self.budgets,
            scopes: who.scopes(),
            claims: counted.chain(read).collect(),
            reads: &self.reads,
            model: ("openai", "gpt-4o"),
            bound,
            zone: &self.zone,
            now,
        }
    }
}

pub(crate) fn usd(nanos: u64) -> Usd {
    Usd::from_nanos(nanos)
}

pub(crate) fn caller(agent: &str, session: &str) -> Identity {
    Identity {
        team: Some("core \"team\"".into()),
        user: Some(Name::kept(format!("user of {session}"))),
        session: Some(Name::kept(session)),
        ..samples::caller(agent)
    }
}

/// The record of a call that is about to leave.
pub(crate) fn draft(number: u128, who: &Identity, bound: Usd, at: Timestamp) -> Transaction {
    let opening = Opening {
        id: TransactionId(Ulid::from(number)),
        at,
        judged_at: None,
        utc_offset_s: 3_600,
        who: Arc::new(Identity { metadata: Some(METADATA.into()), ..who.clone() }),
        call: Call::new("openai", "gpt-4o", Endpoint::ChatCompletions),
        model_asked: "gpt-4o".into(),
        models_tried: vec![],
        attempt: 1,
        bound: Some(bound),
        price_version: "1".into(),
        policy_version: "1".into(),
        action: Action::Pass,
        policy: None,
        rule: None,
        reason: None,
        evaluated: true,
        matched: vec![],
        readings: vec![],
    };
    Transaction {
        opening: opening.into(),
        model_used: "gpt-4o".into(),
        held: bound,
        tokens: Usage::default(),
        cost: Charge::default(),
        accuracy: Accuracy::Exact,
        status: Status::Passed,
        attempts: vec![Attempt {
            number: 1,
            vendor_status: None,
            outcome: Outcome::Open,
            held: bound,
            charged: Usd::ZERO,
        }],
        latency: Latency::default(),
        ended_at: None,
        trace_digest: None,
    }
}

/// The record once its attempt has ended.
pub(crate) fn closed(mut record: Transaction, end: &End, at: Timestamp) -> Transaction {
    record.close(end, at);
    record
}

pub(crate) fn settled(nanos: u64) -> End {
    End::Settled {
        usage: Usage { input: Tokens(3), output: Tokens(4), ..Usage::default() },
        charged: usd(nanos),
    }
}

pub(crate) fn presumed(nanos: u64) -> End {
    End::Presumed { charged: usd(nanos), why: PresumeReason::Timeout }
}

/// The database of the store in `folder`.
pub(crate) fn database(folder: &Path) -> Database {
    Database::at(&folder.join("reins.db")).unwrap()
}

/// Copies a file as another process does: none of this one's locks on it is let go.
pub(crate) fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-a", "--"]).args([from, to]).status().unwrap();
    assert!(status.success(), "{} was not copied", from.display());
}

/// Whether two folders hold the same files with the same bytes.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let compared = Command::new("diff").args(["-rq", "--"]).args([one, other]).output().unwrap();
    compared.status.success()
}

/// Lays out the store in `folder` as a crash leaves it: `entries` in the journal, so many a write,
/// and `folded` of them in the database.
pub(crate) fn crashed(folder: &Path, entries: &[Entry], layout: Crash) -> JournalState {
    let database = database(folder);
    let mut conn = schema::writer(&database, Durability::Process).unwrap();
    schema::migrate(&mut conn, database.path()).unwrap();
    let store = JournalState::read(&conn).unwrap().store;
    let life = Life { store, life: 77, after: Mark::default() };
    let Crash { folded, a_write, segment_bytes } = layout;
    let durability = Durability::Process;
    let layout = Layout { durability, segment_bytes };
    let journal = Journal::begin(&database.journal(), layout, life, Charged::new()).unwrap();
    JournalState::begin(&conn, life.life).unwrap();
    journal.recycle(0);
    let mut marks = Vec::new();
    for some in entries.chunks(a_write) {
        for entry in some {
            let charge = (entry.organization(), entry.charged());
            marks.push(journal.append(charge, |out| entry.write(out)));
        }
        journal.push(journal.last()).unwrap();
        journal.recycle(0);
    }
    let (mut openings, mut writer) = (Openings::default(), Writer::default());
    for (mark, entry) in marks.into_iter().zip(entries).take(folded) {
        let applied = Applied { mark, at: Some(entry.at()), journaled: mark.seq };
        let mut entry = entry.clone();
        openings.complete(&conn, &mut entry).unwrap();
        let batch = Batch::of([(mark, &entry)]);
        fold::apply(&mut conn, &mut writer, &batch, Some(applied)).unwrap();
    }
    JournalState::read(&conn).unwrap()
}

/// How a crash leaves a store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash {
    pub(crate) folded: usize,
    pub(crate) a_write: usize,
    pub(crate) segment_bytes: u64,
}

pub(crate) fn options(folder: &Path, clock: &Arc<HandClock>) -> OpenOptions {
    OpenOptions {
        durability: Durability::Process,
        segment_bytes: 4 << 10,
        ..OpenOptions::new(folder.join("reins.db"), Arc::clone(clock) as Arc<dyn Clock>)
    }
}

pub(crate) async fn open(folder: &Path, clock: &Arc<HandClock>) -> Arc<Embedded> {
    Embedded::open(options(folder, clock)).await.unwrap()
}
