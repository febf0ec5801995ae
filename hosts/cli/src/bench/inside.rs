//! In process: what a call costs without HTTP, in memory and durable.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use jiff::tz::TimeZone;
use reins_config::{Durability, File, Purpose};
use reins_governor::{
    Answered, Asking, Call, Clock, Ending, Endpoint, Environment, Identity, InputSize, KeyId,
    Latency, Ledger, Name, Refusal, Snapshot, Tokens, TransactionId, Usage, admit,
};
use reins_ledger::MemoryLedger;
use reins_runtime::MachineClock;
use reins_store::{Embedded, OpenOptions};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use ulid::Ulid;

use crate::bench::Fault;
use crate::bench::gateway::{governed, variable};
use crate::bench::load::{nanos, rate};
use crate::bench::rules::Rules;

/// Calls in flight at once, where each waits for the disk.
const IN_FLIGHT: u64 = 256;

/// Sessions that the calls belong to.
const SESSIONS: u64 = 64;

/// How long a call waits that the store has no room for.
const TRY_AGAIN: Duration = Duration::from_millis(1);

/// What calls are judged by, and who makes them.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    snapshot: Arc<Snapshot>,
    clock: Arc<dyn Clock>,
    callers: Arc<[Arc<Identity>]>,
    call: Call,
}

/// Decisions in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    /// Nanoseconds that all but a hundredth of them took at the most.
    pub(crate) p99_ns: u64,
    /// How many a second, on one core.
    pub(crate) rate: i64,
}

// === impl Inside ===

impl Inside {
    /// Reads the same rules and budgets that the gateway is given.
    pub(crate) fn new() -> Result<Self, Fault> {
        let clock: Arc<dyn Clock> = Arc::new(MachineClock::new());
        let nowhere = Path::new("reins.toml");
        let vendor = ([127, 0, 0, 1], 9).into();
        let file = File {
            path: nowhere,
            text: &governed(nowhere, vendor, Durability::Process),
            purpose: Purpose::Serve,
            today: clock.now().to_zoned(TimeZone::UTC).date(),
            variables: &variable,
            others: &[],
        };
        let checked = reins_config::read(&file);
        let checked = checked.map_err(|report| Fault::Config(report.render(false)))?;
        let callers = (0..SESSIONS).map(|number| Arc::new(caller(number))).collect();
        Ok(Self { snapshot: Arc::new(checked.first.snapshot), clock, callers, call: call() })
    }

    /// Holds, judges and settles in memory, on one core.
    pub(crate) fn decide(&self, time: Duration) -> Result<Decided, Fault> {
        let runtime = Builder::new_current_thread().build().map_err(Fault::Files)?;
        let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::default());
        runtime.block_on(async {
            let mut took = Histogram::<u64>::new(3)?;
            let (started, mut calls) = (Instant::now(), 0);
            while started.elapsed() < time {
                let begun = Instant::now();
                self.call(&ledger, calls)
                    .await
                    .map_err(|refusal| Fault::Inside(refusal.reason()))?;
                took.record(nanos(begun.elapsed()))?;
                calls += 1;
            }
            let rate = rate(calls, started.elapsed());
            Ok(Decided { p99_ns: took.value_at_quantile(0.99), rate })
        })
    }

    /// Nanoseconds of a rule over two figures of spend: by the fields of `when`, and in CEL.
    pub(crate) fn rules(&self, time: Duration) -> Result<[i64; 2], Fault> {
        let rules = Rules::new(Arc::clone(&self.clock))?;
        let caller = self.callers.first().map(Arc::clone).unwrap_or_else(|| Arc::new(caller(0)));
        let judges = [&rules.native, &rules.cel];
        Ok(judges.map(|judge| rules.ns(judge.as_ref(), &caller, &self.call, time)))
    }

    /// Calls with 256 in flight, each of which waits for the disk, and all of which end up in the
    /// database: how many a second.
    pub(crate) fn keep(&self, durability: Durability, time: Duration) -> Result<i64, Fault> {
        let runtime = Builder::new_multi_thread().enable_all().build().map_err(Fault::Files)?;
        let folder = tempfile::tempdir().map_err(Fault::Files)?;
        let mut options = OpenOptions::new(folder.path().join("bench.db"), Arc::clone(&self.clock));
        options.durability = match durability {
            Durability::Power => reins_store::Durability::Power,
            Durability::Process => reins_store::Durability::Process,
        };
        runtime.block_on(async {
            let ledger = Embedded::open(options).await?;
            let (started, calls) = (Instant::now(), Arc::new(AtomicU64::new(0)));
            let mut callers = JoinSet::new();
            for _ in 0..IN_FLIGHT {
                let (inside, calls) = (self.clone(), Arc::clone(&calls));
                let ledger: Arc<dyn Ledger> = Arc::clone(&ledger) as _;
                callers.spawn(async move { inside.call_on(&ledger, &calls, started + time).await });
            }
            while let Some(ended) = callers.join_next().await {
                ended??;
            }
            ledger.flush().await.map_err(|fault| Fault::Inside(fault.to_string()))?;
            Ok(rate(calls.load(Ordering::Relaxed), started.elapsed()))
        })
    }

    async fn call_on(
        &self,
        ledger: &Arc<dyn Ledger>,
        calls: &AtomicU64,
        until: Instant,
    ) -> Result<(), Fault> {
        while Instant::now() < until {
            match self.call(ledger, calls.fetch_add(1, Ordering::Relaxed)).await {
                Ok(()) => {}
                Err(Refusal::Unavailable { .. }) => {
                    calls.fetch_sub(1, Ordering::Relaxed);
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(refusal) => return Err(Fault::Inside(refusal.reason())),
            }
        }
        Ok(())
    }

    /// One call, whose vendor answers at once.
    async fn call(&self, ledger: &Arc<dyn Ledger>, number: u64) -> Result<(), Refusal> {
        let sessions = u64::try_from(self.callers.len()).unwrap_or(1);
        let caller = usize::try_from(number % sessions).ok().and_then(|at| self.callers.get(at));
        let Some(identity) = caller.map(Arc::clone) else { return Ok(()) };
        let asking = Asking {
            id: TransactionId(Ulid::generate()),
            identity,
            call: self.call.clone(),
            at: self.clock.now(),
            latency: Latency::default(),
            text: None,
        };
        let admitted = admit(ledger, &self.clock, &self.snapshot, asking)
            .await
            .map_err(|turned| turned.refusal)?;
        let usage = Usage { input: Tokens(80), output: Tokens(20), ..Usage::default() };
        let ending = Ending::Used { usage, answered_by: None, complete: true };
        admitted.finish(ending, Answered::default());
        Ok(())
    }
}

fn caller(number: u64) -> Identity {
    Identity {
        organization: "bench".into(),
        team: Some("support".into()),
        agent: "support-bot".into(),
        user: Some("ada@bench.example".into()),
        session: Some(Name::kept(format!("bench-{number}"))),
        parent: None,
        key: KeyId("key_bench".into()),
        key_name: "bench".into(),
        environment: Environment::Test,
        roles: Arc::from([]),
        metadata: None,
        observe: false,
    }
}

fn call() -> Call {
    Call {
        input: InputSize { text_bytes: 300, parts: 2, ..InputSize::default() },
        output_cap: Some(Tokens(64)),
        ..Call::new("openai", "gpt-4o-mini", Endpoint::ChatCompletions)
    }
}
