//! One call on its way: who asks, what it may cost, and how it is carried.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use jiff::{Timestamp, tz::TimeZone};
use reins_dialects::{Asked, Dialect, Head, Read, Target};
use reins_governor::samples::caller;
use reins_governor::{
    Admitted, Asking, Blocked, Bound, Budget, BudgetScope, Budgets, Call, Clock, Closed, Cost,
    Cursor, DecidedBy, Decision, Facts, HoldMode, Judge, Latency, NoBound, OnExceed, Outcome,
    Picos, PresumeReason, Prices, ReadKey, Readings, ScopeKind, Snapshot, Step, Tokens,
    TransactionId, Usage, Usd, Window, admit,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;
use ulid::Ulid;

use super::account::Account;
use super::gauge::Gauge;
use super::vendor::Vendor;
use crate::{
    Carried, Crew, Freight, Presence, Tap, TapError, Terms, Watch, Watching, carry, watch,
};

/// What the call of these tests holds, and how much of that is its input's.
pub(super) const HELD: u64 = 11_000;
pub(super) const INPUT: u64 = 1_000;
/// What an output token costs.
pub(super) const PER_TOKEN: u64 = 100;

pub(super) const IDLE: Duration = Duration::from_secs(60);
pub(super) const WHOLE: Duration = Duration::from_secs(30 * 60);
pub(super) const HEADERS: Duration = Duration::from_secs(120);
pub(super) const DRAIN: Duration = Duration::from_secs(30);

const BODY: &[u8] = br#"{"model":"gpt","max_tokens":100,"stream":true,
"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hello"}]}"#;

/// A clock that tokio's time turns.
#[derive(Debug)]
struct Turned(Instant);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        let start = Timestamp::from_second(1_800_000_000).expect("a year that is near");
        start + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// 10 nano-USD per input token and 100 per output token, whatever the model.
#[derive(Debug)]
struct Flat(Arc<str>);

impl Prices for Flat {
    fn version(&self) -> &Arc<str> {
        &self.0
    }

    fn bound(&self, call: &Call) -> Result<Bound, NoBound> {
        let output_tokens = call.output_bound().ok_or(NoBound::UnboundedOutput)?;
        let input = Usd::from_nanos(call.input.text_bytes * 10);
        let total = input.saturating_add(Usd::from_nanos(output_tokens.get() * PER_TOKEN));
        Ok(Bound { total, input, output_tokens })
    }

    fn affordable_cap(&self, _: &Call, _: Usd) -> Option<Tokens> {
        None
    }

    fn cost(&self, _: &str, _: &str, usage: &Usage) -> Option<Cost> {
        let (input, output) =
            (Picos::of(usage.input.get(), 10_000), Picos::of(usage.output.get(), 100_000));
        let total = input.plus(output).round_up()?;
        Some(Cost { input, output, fees: Picos::default(), total })
    }
}

/// Lets so many attempts go.
#[derive(Debug)]
struct Lenient(u32);

impl Judge for Lenient {
    fn reads(&self) -> &[ReadKey] {
        &[]
    }

    fn run(&self, facts: &Facts<'_>, _: Cursor, _: Option<&Readings>, _: &mut Decision) -> Step {
        if facts.attempt <= self.0 {
            return Step::Pass;
        }
        Step::Block(Blocked {
            by: DecidedBy::Rule { policy: "house".into(), rule: "rule".into() },
            message: "enough".into(),
            reason: "enough".into(),
            redirect_url: None,
        })
    }
}

pub(super) struct Stage {
    pub(super) account: Account,
    pub(super) gauge: Gauge,
    pub(super) terms: Terms,
    pub(super) crew: Crew,
    pub(super) client: Presence,
    pub(super) read: Read,
    pub(super) trailers: Option<fn(&Closed) -> HeaderMap>,
    /// How many attempts the rules let go.
    pub(super) attempts: u32,
    /// What the budget allows.
    pub(super) limit: u64,
    clock: Arc<Turned>,
}

impl Stage {
    /// A streaming call.
    pub(super) fn new() -> Self {
        Self {
            account: Account::default(),
            gauge: Gauge::default(),
            terms: Terms {
                headers_timeout: HEADERS,
                idle_timeout: IDLE,
                whole_timeout: WHOLE,
                retries: 2,
                whole_max: 1_000,
                drain_timeout: DRAIN,
                drain_max: 1_000,
            },
            crew: Crew { owners: TaskTracker::new(), drains: Arc::new(Semaphore::new(1)) },
            client: Presence::new(),
            read: read(&Gauge::default()),
            trailers: None,
            attempts: u32::MAX,
            limit: 10 * HELD,
            clock: Arc::new(Turned(Instant::now())),
        }
    }

    pub(super) async fn admitted(&self) -> Admitted {
        let snapshot = Arc::new(Snapshot {
            version: "snapshot-1".into(),
            organization: "acme".into(),
            zone: TimeZone::UTC,
            judge: Arc::new(Lenient(self.attempts)),
            budgets: Budgets::new(vec![budget(self.limit)]),
            prices: Arc::new(Flat("flat-1".into())),
            default_deny: false,
            budget_429: false,
        });
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let asking = Asking {
            id: TransactionId(Ulid::from_parts(7, 7)),
            identity: Arc::new(caller("bot")),
            call: self.read.call.clone(),
            at: clock.now(),
            latency: Latency::default(),
            text: None,
        };
        let ledger = self.account.as_ledger();
        admit(&ledger, &clock, &snapshot, asking).await.expect("the call is admitted")
    }

    /// The call, ready to be carried, in the scripted dialect.
    pub(super) async fn freight(&self, vendor: &Arc<Vendor>) -> Freight<Vendor> {
        self.freight_in(Arc::new(self.gauge.clone()), vendor).await
    }

    pub(super) async fn freight_in(
        &self,
        dialect: Arc<dyn Dialect>,
        vendor: &Arc<Vendor>,
    ) -> Freight<Vendor> {
        Freight {
            admitted: self.admitted().await,
            transport: Arc::clone(vendor),
            pack: Box::new(|_| Request::new(Full::from(BODY))),
            dialect,
            read: Arc::new(self.read.clone()),
            terms: self.terms,
            crew: self.crew.clone(),
            client: self.client.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            trailers: self.trailers,
        }
    }

    /// The same call, to be watched.
    pub(super) async fn watch(&self) -> Watch {
        watch(Watching {
            admitted: self.admitted().await,
            dialect: Arc::new(self.gauge.clone()),
            read: Arc::new(self.read.clone()),
            terms: self.terms,
            crew: self.crew.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        })
    }

    /// Looks every second whether a hold gave no sign of life, as upkeep does; counts those.
    pub(super) fn sweep(&self) -> Arc<AtomicUsize> {
        let (ledger, clock) = (Arc::clone(&self.account.ledger), Arc::clone(&self.clock));
        let swept = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&swept);
        tokio::spawn(async move {
            loop {
                sleep(Duration::from_secs(1)).await;
                counted.fetch_add(ledger.sweep(clock.now()), Ordering::Relaxed);
            }
        });
        swept
    }

    /// Carries the call in a task of its own, as hosts do.
    pub(super) async fn carry(&self, vendor: &Arc<Vendor>) -> Carried {
        let freight = self.freight(vendor).await;
        self.crew.owners.spawn(carry(freight)).await.expect("no panic")
    }

    /// Carries the call to a stream.
    pub(super) async fn tap(&self, vendor: &Arc<Vendor>) -> Tap {
        match self.carry(vendor).await {
            Carried::Streaming { tap, .. } => tap,
            other => panic!("not a stream: {other:?}"),
        }
    }

    /// Waits until every owner is done, then tells what was charged and how the last attempt
    /// ended. Nothing is held any more, and no vendor's body is read.
    pub(super) async fn ended(&self, vendor: &Vendor) -> (u64, Outcome) {
        let ended = self.closed().await;
        assert_eq!(vendor.open(), 0, "a body is still open");
        ended
    }

    /// The same where there was no vendor.
    pub(super) async fn closed(&self) -> (u64, Outcome) {
        self.crew.owners.close();
        self.crew.owners.wait().await;
        self.account.check_closed();
        let record = self.account.record();
        let last = record.attempts.last().expect("an attempt").outcome;
        (record.cost.total.nanos(), last)
    }
}

/// How [`Stage::ended`] says that the vendor told its usage.
pub(super) fn settled(tokens: u64) -> (u64, Outcome) {
    (tokens * PER_TOKEN, Outcome::Settled)
}

/// How [`Stage::ended`] says that the whole hold was charged.
pub(super) fn presumed(why: PresumeReason) -> (u64, Outcome) {
    (HELD, Outcome::Presumed(why))
}

/// A request to the endpoint, as its dialect reads it.
pub(super) fn asked(dialect: &dyn Dialect, body: &[u8]) -> Asked {
    let head = Head { path: dialect.path(), query: None };
    dialect.read(&head, body).expect("a request")
}

/// The request as `dialect` reads it: its bound is [`HELD`].
pub(super) fn read(dialect: &dyn Dialect) -> Read {
    let target = Target { vendor: "openai".into(), connection: "openai".into() };
    let mut read = asked(dialect, BODY).bind(target);
    read.call.input.text_bytes = INPUT / 10;
    read
}

/// What a client gets: pieces, then trailers or an error.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Got {
    pub(super) pieces: Vec<Bytes>,
    pub(super) trailers: Option<HeaderMap>,
    pub(super) error: Option<TapError>,
}

impl Got {
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

/// Reads a stream to its end.
pub(super) async fn drink(mut tap: Tap) -> Got {
    let mut got = Got::default();
    while let Some(frame) = tap.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(bytes)) => got.pieces.push(bytes),
            Ok(Err(frame)) => got.trailers = frame.into_trailers().ok(),
            Err(error) => {
                got.error = Some(error);
                break;
            }
        }
    }
    got
}

/// Reads so many pieces of a stream, then leaves.
pub(super) async fn sip(mut tap: Tap, pieces: usize) -> Vec<u8> {
    let mut got = Vec::new();
    for _ in 0..pieces {
        let Some(Ok(frame)) = tap.frame().await else { break };
        got.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    got
}

/// Trailers that tell the cost.
pub(super) fn cost_trailer(closed: &Closed) -> HeaderMap {
    let cost = HeaderValue::from(closed.cost.total.nanos());
    [(http::HeaderName::from_static("cost-nanos"), cost)].into_iter().collect()
}

fn budget(limit: u64) -> Budget {
    Budget {
        name: "a day".into(),
        scope: BudgetScope { kind: ScopeKind::Agent, pattern: "*".parse().expect("a pattern") },
        limit: Usd::from_nanos(limit),
        window: Window::Daily,
        on_exceed: OnExceed::Block,
        hold: HoldMode::Bound,
        warn_at: Vec::new(),
    }
}
