//! `reins bench`: what Reins adds to a call, beside the vendor asked directly, on this machine.
//!
//! ```text
//! callers ─┬──────────────────────▶ vendor     one after another, in rounds:
//!          ├─▶ reins, process ────▶ vendor     what drifts, drifts for all alike
//!          ├─▶ reins, power ──────▶ vendor
//!          └─▶ --against NAME=URL ▶ vendor
//! ```
//! Callers have one thread and the vendor its own; a gateway is this binary in a process of its
//! own, with a key, budgets in four scopes, ten rules and a record of every call.

mod target;

mod ask;
mod line;
mod load;

mod gateway;
mod vendor;

mod inside;
mod rounds;
mod rules;

mod figure;
mod report;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use reins_config::Durability;
use reins_runtime::MachineClock;
use reins_store::Reports;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

use self::ask::Ask;
use self::figure::{Figure, What};
use self::gateway::Shipped;
use self::inside::Inside;
use self::load::{Load, Seen};
use self::report::Report;
use self::rounds::{Part, Rounds, SeenOf};
use self::target::{Target, VENDOR};
use crate::commands::Desk;
use crate::failure::Failure;

/// Of all the time that is measured, so many hundredths go to rounds…
const ROUNDS_PCT: u32 = 65;
/// …to the calls after which memory is looked at…
const MEMORY_PCT: u32 = 20;
/// …and to calls in process.
const INSIDE_PCT: u32 = 15;

/// Callers while memory is looked at.
const MEMORY_CALLERS: usize = 10;

/// What Reins adds to a call, beside the vendor asked directly, on this machine.
///
/// Starts a vendor that answers at once, and this gateway in front of it, and measures both in
/// turn. Build with --release: other figures say little.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  reins bench
  reins bench --seconds 120 --rounds 9 --json > bench.json
  reins bench --vendor 127.0.0.1:9900 --against nginx=http://127.0.0.1:8080")]
pub(crate) struct Bench {
    /// How many seconds to measure, in all
    #[arg(long, value_name = "N", default_value_t = 45)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// How often each load is sent to each target
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// One round of a few seconds: whether it works, not how fast
    #[arg(long)]
    quick: bool,
    /// Figures as JSON
    #[arg(long)]
    json: bool,
    /// Measure this proxy too; it must lead to the address given by --vendor
    #[arg(long, value_name = "NAME=URL", requires = "vendor")]
    against: Vec<Target>,
    /// Where the built-in vendor listens [default: a free port]
    #[arg(long, value_name = "ADDRESS")]
    vendor: Option<SocketAddr>,
    /// Calls after which memory is looked at, if there is time for them
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    memory_calls: u64,
    /// Calls in as many sessions after which memory is looked at again, if there is time for them
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    memory_sessions: u64,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The vendor does not start.
    #[error("the built-in vendor cannot listen on `{address}`: choose another --vendor")]
    Vendor { address: SocketAddr, source: io::Error },
    /// The gateway's process does not start.
    #[error("the gateway cannot be started")]
    Start(#[source] io::Error),
    /// The gateway ended, or said something else than its address.
    #[error("the gateway is not ready; it said `{line}`, and then:\n{said}")]
    NotReady { line: String, said: String },
    /// The gateway's file is wrong.
    #[error("{0}")]
    Config(String),
    /// A temporary file or a runtime.
    #[error("the machine has no room for a bench")]
    Files(#[source] io::Error),
    /// The kernel does not tell.
    #[error("`/proc` does not tell the gateway's `{file}`: bench needs Linux")]
    Proc { file: &'static str },
    /// Nobody listens.
    #[error("`{to}` cannot be reached")]
    Connect { to: String, source: io::Error },
    /// A call was not answered.
    #[error("`{to}` answered {status} instead of an answer: {said}")]
    Refused { to: String, status: u16, said: String },
    /// A call in process was refused.
    #[error("a call in process was refused: {0}")]
    Inside(String),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] reins_store::StoreError),
    /// A request cannot be made.
    #[error(transparent)]
    Request(#[from] http::Error),
    /// A connection broke.
    #[error("a connection broke")]
    Http(#[from] hyper::Error),
    /// A duration cannot be counted.
    #[error("a duration cannot be counted")]
    Created(#[from] hdrhistogram::CreationError),
    /// A duration cannot be counted.
    #[error("a duration cannot be counted")]
    Recorded(#[from] hdrhistogram::RecordError),
    /// Durations cannot be counted together.
    #[error("durations cannot be counted together")]
    Added(#[from] hdrhistogram::AdditionError),
    /// A caller's task broke off.
    #[error("a caller broke off")]
    Task(#[from] tokio::task::JoinError),
}

/// One bench, under way.
struct Under<'a> {
    bench: &'a Bench,
    vendor: vendor::Running,
    /// Callers', on this thread.
    runtime: Runtime,
    figures: Vec<Figure>,
}

// === impl Bench ===

impl Bench {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        // WHY: what is measured has runtimes of its own, which cannot begin inside of another.
        let told = spawn_blocking(move || self.told()).await.map_err(Fault::Task)??;
        desk.out.text(&told)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Measures, and says what came of it: a table, or JSON.
    fn told(mut self) -> Result<String, Fault> {
        if self.quick {
            (self.seconds, self.rounds) = (4, 1);
            (self.memory_calls, self.memory_sessions) = (200, 200);
        }
        let report = self.measure()?;
        if !self.json {
            return Ok(report.to_string());
        }
        let text = serde_json::to_string_pretty(&report);
        text.map(|text| text + "\n").map_err(|error| Fault::Files(error.into()))
    }

    fn measure(&self) -> Result<Report, Fault> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let address = self.vendor.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        let vendor = vendor::Running::start(address, cores)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Fault::Files)?;
        let mut under = Under { bench: self, vendor, runtime, figures: Vec::new() };
        let started = under.rounds()?;
        under.memory(started)?;
        under.bytes()?;
        under.inside()?;
        let (rounds, debug_build) = (self.rounds, cfg!(debug_assertions));
        Ok(Report { cores, rounds, debug_build, figures: under.figures })
    }

    /// So many hundredths of the time.
    fn part(&self, pct: u32) -> Duration {
        Duration::from_secs(self.seconds) * pct / 100
    }
}

// === impl Under ===

impl Under<'_> {
    /// Every load to every target; answers how long gateways took to start.
    fn rounds(&mut self) -> Result<Vec<i64>, Fault> {
        let address = self.vendor.address();
        let start = |durability| Shipped::start(address, durability);
        let gateways = [start(Durability::Process)?, start(Durability::Power)?];
        let mut targets = vec![Target::vendor(address)];
        targets.extend(gateways.iter().map(|gateway| gateway.target.clone()));
        targets.extend(self.bench.against.iter().cloned());
        let slices = Rounds::slices(targets.len(), self.bench.rounds);
        // A fifth of each is not measured.
        let slice = self.bench.part(ROUNDS_PCT) * 5 / 6 / slices;
        let rounds = Rounds { targets, gateways: &gateways, rounds: self.bench.rounds, slice };
        for (part, seen) in rounds.run(&self.runtime)? {
            self.figures.extend(figures(part, &rounds.targets, &seen));
        }
        Ok(gateways.iter().map(ready_ms).collect())
    }

    /// A fresh gateway's memory: at its start, after many calls, after many sessions.
    fn memory(&mut self, mut ready: Vec<i64>) -> Result<(), Fault> {
        let gateway = Shipped::start(self.vendor.address(), Durability::Process)?;
        ready.push(ready_ms(&gateway));
        let target = &gateway.target;
        let at_start = gateway.memory_kib()?;
        let calls = self.many(&gateway, Ask::short(), self.bench.memory_calls)?;
        let after_calls = gateway.memory_kib()?;
        let ask = Ask::short().in_distinct_sessions();
        let sessions = self.many(&gateway, ask, self.bench.memory_sessions)?;
        let after_sessions = gateway.memory_kib()?;
        let measured = [
            What::Ready.figure(target, ready),
            What::MemoryAtStart.figure(target, vec![at_start]),
            What::MemoryCalls.figure(target, vec![calls]),
            What::MemoryAfterCalls.figure(target, vec![after_calls]),
            What::MemorySessions.figure(target, vec![sessions]),
            What::MemoryAfterSessions.figure(target, vec![after_sessions]),
        ];
        self.figures.extend(measured.into_iter().flatten());
        Ok(())
    }

    /// What a call takes on disk and has written: with one policy that is for other calls, and with
    /// a thousand.
    fn bytes(&mut self) -> Result<(), Fault> {
        let among = [
            (1, What::DiskACall, What::WrittenACall),
            (1_000, What::DiskAmongPolicies, What::WrittenAmongPolicies),
        ];
        for (policies, on_disk, written) in among {
            let vendor = self.vendor.address();
            let gateway = Shipped::start_among(vendor, Durability::Process, policies)?;
            let before = gateway.written_bytes()?;
            let calls = self.many(&gateway, Ask::short(), self.bench.memory_calls)?;
            let bytes = gateway.written_bytes()?.saturating_sub(before) / calls.max(1);
            let reports = Reports::open(&gateway.store(), &MachineClock::new())?;
            let disk = self.runtime.block_on(reports.call_bytes())?;
            let disk = i64::try_from(disk.bytes / disk.revisions.max(1)).unwrap_or(i64::MAX);
            let measured = [
                on_disk.figure(&gateway.target, vec![disk]),
                written.figure(&gateway.target, vec![bytes]),
            ];
            self.figures.extend(measured.into_iter().flatten());
        }
        Ok(())
    }

    /// Makes so many calls, if there is time for them; answers how many it were.
    fn many(&self, gateway: &Shipped, ask: Ask, calls_max: u64) -> Result<i64, Fault> {
        let time = self.bench.part(MEMORY_PCT) / 2;
        let load = Load { callers: MEMORY_CALLERS, ask, time, calls_max };
        self.runtime.block_on(async {
            let seen = load.send(&gateway.target).await?;
            gateway.settle().await?;
            Ok(i64::try_from(seen.made).unwrap_or(i64::MAX))
        })
    }

    /// Calls without HTTP.
    fn inside(&mut self) -> Result<(), Fault> {
        let inside = Inside::new()?;
        let rounds = self.bench.rounds;
        let time = self.bench.part(INSIDE_PCT) / rounds / 5;
        let here: SocketAddr = ([127, 0, 0, 1], 0).into();
        let [process, power] = [Durability::Process, Durability::Power];
        let (mut p99, mut rates) = (Vec::new(), Vec::new());
        let (mut kept, mut synced) = (Vec::new(), Vec::new());
        let (mut native, mut cel) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let decided = inside.decide(time)?;
            p99.push(i64::try_from(decided.p99_ns).unwrap_or(i64::MAX));
            rates.push(decided.rate);
            let [by_fields, in_cel] = inside.rules(time)?;
            native.push(by_fields);
            cel.push(in_cel);
            kept.push(inside.keep(process, time)?);
            synced.push(inside.keep(power, time)?);
        }
        let measured = [
            What::DecisionP99.figure(&Target::in_memory(), p99),
            What::DecisionRate.figure(&Target::in_memory(), rates),
            What::RuleNative.figure(&Target::in_memory(), native),
            What::RuleCel.figure(&Target::in_memory(), cel),
            What::DurableRate.figure(&Target::gateway(process, here), kept),
            What::DurableRate.figure(&Target::gateway(power, here), synced),
        ];
        self.figures.extend(measured.into_iter().flatten());
        Ok(())
    }
}

fn ready_ms(gateway: &Shipped) -> i64 {
    i64::try_from(gateway.ready.as_millis()).unwrap_or(i64::MAX)
}

/// The figures of one part, for each target.
fn figures(part: Part, targets: &[Target], seen: &SeenOf) -> Vec<Figure> {
    let direct = seen.first().map(Vec::as_slice).unwrap_or_default();
    let of = |(target, seen): (&Target, &Vec<Seen>)| {
        let each = |measure: fn(&Seen) -> i64| seen.iter().map(measure).collect::<Vec<_>>();
        let added = |measure: fn(&Seen) -> i64| {
            let pairs = seen.iter().zip(direct).filter(|_| target.name != VENDOR);
            pairs.map(|(ours, direct)| measure(ours) - measure(direct)).collect::<Vec<_>>()
        };
        let measured = match part {
            Part::OneClient => vec![
                (What::OneClientP50, each(Seen::p50)),
                (What::OneClientP50Added, added(Seen::p50)),
                (What::OneClientP99, each(Seen::p99)),
                (What::OneClientP99Added, added(Seen::p99)),
            ],
            Part::TenClients => vec![
                (What::TenClientsRate, each(Seen::rate)),
                (What::TenClientsP50, each(Seen::p50)),
                (What::TenClientsP99, each(Seen::p99)),
            ],
            Part::Streams => vec![
                (What::StreamsRate, each(Seen::rate)),
                (What::StreamsFirstChunkP50, each(Seen::first_p50)),
            ],
            Part::LongPrompt => vec![
                (What::LongPromptP50, each(Seen::p50)),
                (What::LongPromptP50Added, added(Seen::p50)),
            ],
        };
        let figures = measured.into_iter().filter_map(|(what, rounds)| what.figure(target, rounds));
        figures.collect::<Vec<_>>()
    };
    targets.iter().zip(seen).flat_map(of).collect()
}
