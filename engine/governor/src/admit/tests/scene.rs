//! One organization with a purse, a price list, a script for a judge and a clock that ticks.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use ulid::Ulid;

use super::purse::Purse;
use super::script::Script;
use super::tariff::Tariff;
use crate::samples::caller;
use crate::{
    Admitted, Asking, Budget, BudgetScope, Budgets, Call, Clock, Endpoint, HoldMode, Identity,
    InputSize, Latency, Ledger, Name, OnExceed, Scope, ScopeKind, Snapshot, Text, Tokens,
    Transaction, TransactionId, Turned, Usd, Window, admit,
};

/// When every call of these tests comes, in seconds since 1970.
pub(super) const CAME: i64 = 1_800_000_000;
/// Between two looks at the monotonic clock.
pub(super) const TICK_US: u64 = 10;

/// A clock that is a tick later at each look.
#[derive(Debug)]
pub(super) struct Ticking {
    looks: AtomicU64,
    wall: Mutex<Timestamp>,
}

impl Ticking {
    pub(super) fn set(&self, seconds: i64) {
        *self.wall.lock().expect("no panic") = instant(seconds);
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        *self.wall.lock().expect("no panic")
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(TICK_US * self.looks.fetch_add(1, Ordering::Relaxed))
    }
}

pub(super) fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a year that is near")
}

pub(super) struct Scene {
    pub(super) purse: Arc<Purse>,
    pub(super) clock: Arc<Ticking>,
    pub(super) script: Arc<Script>,
    pub(super) identity: Identity,
    pub(super) call: Call,
    pub(super) default_deny: bool,
    pub(super) budget_429: bool,
    pub(super) text: Option<Arc<dyn Text>>,
    budgets: Vec<Budget>,
}

impl Scene {
    /// Agent `bot` asks `big` for at most 100 tokens: the bound is 11,000 nano-USD, 1,000 of it
    /// for the input.
    pub(super) fn new(script: Script) -> Self {
        let wall = Mutex::new(instant(CAME + 1));
        Self {
            purse: Arc::default(),
            clock: Arc::new(Ticking { looks: AtomicU64::new(0), wall }),
            script: Arc::new(script),
            identity: bot(),
            call: call(),
            default_deny: false,
            budget_429: false,
            text: None,
            budgets: Vec::new(),
        }
    }

    /// A daily budget of the agent.
    pub(super) fn budget(mut self, nanos: u64, on_exceed: OnExceed) -> Self {
        let pattern = "*".parse().expect("a pattern");
        self.budgets.push(Budget {
            name: Name::kept(format!("budget {}", self.budgets.len() + 1)),
            scope: BudgetScope { kind: ScopeKind::Agent, pattern },
            limit: Usd::from_nanos(nanos),
            window: Window::Daily,
            on_exceed,
            hold: HoldMode::Bound,
            warn_at: vec![50, 90],
        });
        self
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            version: "snapshot-1".into(),
            organization: "acme".into(),
            zone: TimeZone::UTC,
            judge: Arc::clone(&self.script) as _,
            budgets: Budgets::new(self.budgets.clone()),
            prices: Arc::new(Tariff::new()),
            default_deny: self.default_deny,
            budget_429: self.budget_429,
        })
    }

    pub(super) fn asking(&self) -> Asking {
        Asking {
            id: TransactionId(Ulid::from_parts(7, 7)),
            identity: Arc::new(self.identity.clone()),
            call: self.call.clone(),
            at: instant(CAME),
            latency: Latency { auth_us: 3, limit_us: 4, ..Latency::default() },
            text: self.text.clone(),
        }
    }

    /// The call on its way through the flow.
    pub(super) fn asks(
        &self,
    ) -> impl Future<Output = Result<Admitted, Box<Turned>>> + Send + use<> {
        let purse = Arc::clone(&self.purse) as Arc<dyn Ledger>;
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let (snapshot, asking) = (self.snapshot(), self.asking());
        async move { admit(&purse, &clock, &snapshot, asking).await }
    }

    pub(super) fn admitted(&self) -> Admitted {
        run(self.asks()).expect("the call is admitted")
    }

    pub(super) fn turned(&self) -> Turned {
        *run(self.asks()).expect_err("the call is turned away")
    }

    /// The last record that was kept.
    pub(super) fn record(&self) -> Transaction {
        self.purse.books.lock().expect("no panic").records.last().expect("a record").clone()
    }

    /// Nano-USD charged to the agent, and set aside for it.
    pub(super) fn spent_and_held(&self) -> (u64, u64) {
        let agent = Scope::new(ScopeKind::Agent, self.identity.agent.clone());
        let reading = self.purse.reading(&agent);
        (reading.spent.nanos(), reading.held.nanos())
    }
}

fn call() -> Call {
    Call {
        input: InputSize { text_bytes: 100, parts: 1, ..InputSize::default() },
        output_cap: Some(Tokens(100)),
        ..Call::new("openai", "big", Endpoint::ChatCompletions)
    }
}

fn bot() -> Identity {
    Identity {
        team: Some("research".into()),
        session: Some("s-1".into()),
        roles: ["trial".into()].into(),
        ..caller("bot")
    }
}

/// Polls a future until it is done.
pub(super) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Polls a future so many times, then drops it. Whether it was done by then.
pub(super) fn drop_after<F: Future>(polls: u32, future: F) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready())
}
