//! What an expression sees of one call: facts, and spend as it stood when the call's money was
//! held.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use reins_cel::{Bindings, Slot, Value};
use reins_governor::{Facts, Reading, Readings, Usd};
use serde_json::Value as Json;

use crate::expression::{Figure, Read};
use crate::terms::NAMES;

/// Reads whose figures a trace can tell: as many as one number has bits.
const TOLD_MAX: usize = 64;

/// One call, as an expression sees it.
pub(crate) struct Sight<'a> {
    pub(crate) facts: &'a Facts<'a>,
    readings: Option<&'a Readings>,
    reads: &'a [Read],
    /// Whether spend was read, and no money is held yet.
    needs_spend: AtomicBool,
    /// The reads that were looked at, one bit each.
    looked: AtomicU64,
    /// The caller's JSON object, read once.
    metadata: OnceLock<Value>,
}

/// What a figure of spend comes to.
enum Amount {
    Money(Usd),
    Count(u64),
}

// === impl Sight ===

impl<'a> Sight<'a> {
    pub(crate) const fn new(
        facts: &'a Facts<'a>,
        readings: Option<&'a Readings>,
        reads: &'a [Read],
    ) -> Self {
        Self {
            facts,
            readings,
            reads,
            needs_spend: AtomicBool::new(false),
            looked: AtomicU64::new(0),
            metadata: OnceLock::new(),
        }
    }

    /// Whether the result cannot be trusted before money is held.
    pub(crate) fn needs_spend(&self) -> bool {
        self.needs_spend.load(Ordering::Relaxed)
    }

    /// What was read of spend, in words.
    pub(crate) fn figures(&self) -> String {
        let looked = self.looked.load(Ordering::Relaxed);
        let told = self.reads.iter().take(TOLD_MAX).enumerate();
        let told = told.filter(|(number, _)| looked >> number & 1 == 1);
        let words = told.filter_map(|(_, read)| match self.amount(read).ok()? {
            Amount::Money(amount) => Some(format!("{} is ${amount}", read.written)),
            Amount::Count(count) => Some(format!("{} is {count}", read.written)),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// The caller's own JSON object, or an empty one.
    pub(crate) fn metadata(&self) -> Value {
        let read = || match self.facts.identity.metadata.as_deref() {
            None => Value::empty_map(),
            Some(text) => serde_json::from_str::<Json>(text).map_or_else(
                |_| Value::error("the metadata of the call cannot be read"),
                |json| Value::json(&json),
            ),
        };
        self.metadata.get_or_init(read).clone()
    }

    fn read(&self, number: usize) -> Value {
        let Some(read) = self.reads.get(number) else { return Value::error("no such figure") };
        if number < TOLD_MAX {
            self.looked.fetch_or(1 << number, Ordering::Relaxed);
        }
        match self.amount(read) {
            Ok(Amount::Money(amount)) => Value::money(amount),
            Ok(Amount::Count(count)) => Value::count(count),
            Err(why) => Value::error(why),
        }
    }

    fn amount(&self, read: &Read) -> Result<Amount, &'static str> {
        let name = self.facts.identity.name(read.key.kind);
        let reading = |name: Option<_>| match name {
            Some(_) => self.reading(read),
            // Who does not exist spends nothing.
            None => Ok(Reading::default()),
        };
        Ok(match &read.figure {
            Figure::Calls => Amount::Count(reading(name)?.calls),
            Figure::Spend => Amount::Money(self.bounded(reading(name)?)?.used()),
            Figure::Held => Amount::Money(self.bounded(reading(name)?)?.held),
            Figure::Remaining { pattern, limit } => match name {
                Some(name) if pattern.matches(name) => {
                    let used = self.bounded(self.reading(read)?)?.used();
                    Amount::Money(limit.saturating_sub(used))
                }
                _ => Amount::Money(Usd::MAX),
            },
        })
    }

    fn reading(&self, read: &Read) -> Result<Reading, &'static str> {
        let Some(readings) = self.readings else {
            self.needs_spend.store(true, Ordering::Relaxed);
            return Err("no money is held yet");
        };
        readings.get(read.index).copied().ok_or("the ledger did not say what was spent")
    }

    /// Spend counts this call at the most it can cost: where that is unknown, so is the sum.
    fn bounded(&self, reading: Reading) -> Result<Reading, &'static str> {
        let unknown = "what this call costs at most is not known, nor is spend with it";
        self.facts.bound.map(|_| reading).ok_or(unknown)
    }
}

impl Bindings for Sight<'_> {
    fn value(&self, slot: Slot) -> Value {
        match slot {
            Slot::Name(index) => {
                NAMES.get(index).map_or_else(|| Value::error("no such name"), |t| (t.value)(self))
            }
            Slot::Has(index) => {
                let has = NAMES.get(index).and_then(|term| term.has);
                has.is_none_or(|has| has(self)).into()
            }
            Slot::Read(number) => self.read(number),
        }
    }
}
