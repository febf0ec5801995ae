//! A load: some callers who ask one target the same, again and again, for a while.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::LocalSet;

use crate::bench::Fault;
use crate::bench::ask::{Ask, Form};
use crate::bench::line::{Line, Took};
use crate::bench::target::Target;

/// The part of a load's time that comes before it is measured: connections and caches are warm.
const WARM_UP_PART: u32 = 5;

/// Digits that are kept of each duration.
const DIGITS: u8 = 3;

/// Who asks, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Callers at once, each on a connection of its own.
    pub(crate) callers: usize,
    /// What they ask.
    pub(crate) ask: Ask,
    /// How long it is measured, at the most.
    pub(crate) time: Duration,
    /// How many calls are made, at the most.
    pub(crate) calls_max: u64,
}

/// What came of a load.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Calls that were made.
    pub(crate) made: u64,
    /// Calls that were measured.
    pub(crate) calls: u64,
    /// How long that took.
    pub(crate) time: Duration,
    /// Nanoseconds to the end of each answer.
    pub(crate) whole: Histogram<u64>,
    /// Nanoseconds to the first piece of each answer.
    pub(crate) first: Histogram<u64>,
}

/// When a load begins to be measured and when it ends.
struct Course {
    measured_from: Instant,
    ends: Instant,
    /// Calls begun.
    begun: Cell<u64>,
    /// Those of them that are measured.
    measured: Cell<u64>,
    calls_max: u64,
}

// === impl Load ===

impl Load {
    /// Sends it to `target`, on this thread alone.
    pub(crate) async fn send(&self, target: &Target) -> Result<Seen, Fault> {
        let form = Rc::new(self.ask.form(target)?);
        let mut lines = Vec::new();
        for _ in 0..self.callers {
            lines.push(Line::open(target).await?);
        }
        let measured_from = Instant::now() + self.time / WARM_UP_PART;
        let course = Rc::new(Course {
            measured_from,
            ends: measured_from + self.time,
            begun: Cell::new(0),
            measured: Cell::new(0),
            calls_max: self.calls_max,
        });
        let callers = LocalSet::new();
        let spawn = |line| callers.spawn_local(call(line, Rc::clone(&form), Rc::clone(&course)));
        let spawned: Vec<_> = lines.into_iter().map(spawn).collect();
        callers
            .run_until(async {
                let mut all = Seen::nothing()?;
                for caller in spawned {
                    all.add(&caller.await??)?;
                }
                all.time = measured_from.elapsed();
                all.made = course.begun.get();
                Ok(all)
            })
            .await
    }
}

/// One caller.
async fn call(mut line: Line, form: Rc<Form>, course: Rc<Course>) -> Result<Seen, Fault> {
    let mut seen = Seen::nothing()?;
    while let Some((number, measured)) = course.next() {
        let took = line.ask(form.request(number)).await?;
        if measured {
            seen.note(took)?;
        }
    }
    Ok(seen)
}

// === impl Course ===

impl Course {
    /// The number of the next call, and whether it is measured. However slow the machine is, one
    /// is measured at least.
    fn next(&self) -> Option<(u64, bool)> {
        let (now, number) = (Instant::now(), self.begun.get());
        let over = now >= self.ends && self.measured.get() > 0;
        if over || number >= self.calls_max {
            return None;
        }
        let measured = now >= self.measured_from;
        self.begun.set(number + 1);
        self.measured.set(self.measured.get() + u64::from(measured));
        Some((number, measured))
    }
}

// === impl Seen ===

impl Seen {
    fn nothing() -> Result<Self, Fault> {
        let (whole, first) = (Histogram::new(DIGITS)?, Histogram::new(DIGITS)?);
        Ok(Self { made: 0, calls: 0, time: Duration::ZERO, whole, first })
    }

    fn note(&mut self, took: Took) -> Result<(), Fault> {
        self.calls += 1;
        self.whole.record(nanos(took.whole))?;
        self.first.record(nanos(took.first))?;
        Ok(())
    }

    fn add(&mut self, other: &Self) -> Result<(), Fault> {
        self.calls += other.calls;
        self.whole.add(&other.whole)?;
        self.first.add(&other.first)?;
        Ok(())
    }

    /// Calls a second.
    pub(crate) fn rate(&self) -> i64 {
        rate(self.calls, self.time)
    }

    /// Microseconds that half of the calls took at most.
    pub(crate) fn p50(&self) -> i64 {
        micros(self.whole.value_at_quantile(0.5))
    }

    /// Microseconds that all but a hundredth of the calls took at most.
    pub(crate) fn p99(&self) -> i64 {
        micros(self.whole.value_at_quantile(0.99))
    }

    /// Microseconds that half of the first pieces took at most.
    pub(crate) fn first_p50(&self) -> i64 {
        micros(self.first.value_at_quantile(0.5))
    }
}

fn micros(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000).unwrap_or(i64::MAX)
}

/// How many a second.
pub(crate) fn rate(count: u64, time: Duration) -> i64 {
    let nanos = time.as_nanos().max(1);
    i64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(i64::MAX)
}

pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
