//! The vendor's own books: every call it was asked for, every call it billed, and the sum, kept
//! from what it generated and never from what anybody else says.

use std::collections::VecDeque;

use parking_lot::Mutex;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::bill::{NANO_DECIMALS, Usage, exact_usd, rounded_up, usd_text};
use crate::prices::Model;

/// Billed calls kept one by one: more than any test needs to see, a few megabytes at most.
const ENTRIES_KEPT: usize = 10_000;

/// The books. Cheap to share, safe to read while calls are billed.
#[derive(Debug, Default)]
pub struct Books {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    totals: Totals,
    entries: VecDeque<Entry>,
}

/// The sums.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Calls to a metered path, refused ones included.
    pub calls: u64,
    /// Calls that were billed.
    pub billed: u64,
    /// Calls answered with a status of 400 or more.
    pub refused: u64,
    /// Calls not yet over: waiting, generating, or hanging.
    pub open: u64,
    /// The bill.
    pub exact_usd: Decimal,
    /// The bill if each call is rounded up to a nano-dollar.
    pub rounded_usd: Decimal,
    /// Tokens of all billed calls.
    pub tokens: Usage,
}

impl Totals {
    /// The bill in nano-dollars, each call rounded up.
    #[must_use]
    pub fn rounded_nanos(&self) -> u128 {
        let mut nanos = self.rounded_usd;
        nanos.rescale(NANO_DECIMALS);
        nanos.mantissa().unsigned_abs()
    }
}

/// One billed call.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The id in the answer.
    pub id: String,
    /// The script's `id`.
    pub tag: Option<String>,
    /// `openai` or `anthropic`.
    pub vendor: &'static str,
    /// The path.
    pub endpoint: &'static str,
    /// The model asked for.
    pub model: String,
    /// The model that answered, by its dated name.
    pub answered_model: &'static str,
    /// Whether the answer was a stream.
    pub stream: bool,
    /// How the call ended.
    pub end: End,
    /// What was generated and is billed.
    pub usage: Usage,
    /// The call's price.
    #[serde(serialize_with = "as_text")]
    pub exact_usd: Decimal,
    /// The call's price rounded up to a nano-dollar.
    #[serde(serialize_with = "as_text")]
    pub rounded_usd: Decimal,
}

/// How a billed call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All of it was handed to the connection.
    Complete,
    /// The vendor broke off.
    Cut,
    /// The client was gone first.
    ClientLeft,
    /// Billed although the client saw no answer.
    Unseen,
}

impl Entry {
    /// Fills in the price.
    pub(crate) fn price(&mut self, model: &Model) {
        self.exact_usd = exact_usd(model, &self.usage);
        self.rounded_usd = rounded_up(self.exact_usd);
    }
}

impl Books {
    /// The sums so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.pages.lock().totals.clone()
    }

    /// The last billed calls, the newest first.
    #[must_use]
    pub fn last(&self, count: usize) -> Vec<Entry> {
        self.pages.lock().entries.iter().rev().take(count).cloned().collect()
    }

    /// Starts anew; calls still open are carried over, and billed on the new page.
    pub fn reset(&self) {
        let mut pages = self.pages.lock();
        let open = pages.totals.open;
        *pages = Pages { totals: Totals { open, ..Totals::default() }, ..Pages::default() };
    }

    pub(crate) fn opened(&self) {
        let mut pages = self.pages.lock();
        pages.totals.calls += 1;
        pages.totals.open += 1;
    }

    pub(crate) fn refused(&self) {
        self.pages.lock().totals.refused += 1;
    }

    /// A call is over; `entry` is its bill, if it has one.
    pub(crate) fn closed(&self, entry: Option<Entry>) {
        let mut pages = self.pages.lock();
        pages.totals.open = pages.totals.open.saturating_sub(1);
        let Some(entry) = entry else { return };
        pages.totals.billed += 1;
        pages.totals.exact_usd += entry.exact_usd;
        pages.totals.rounded_usd += entry.rounded_usd;
        pages.totals.tokens.add(&entry.usage);
        if pages.entries.len() == ENTRIES_KEPT {
            pages.entries.pop_front();
        }
        pages.entries.push_back(entry);
    }

    /// What `GET /books` answers.
    pub(crate) fn json(&self, last: usize) -> serde_json::Value {
        let (totals, last) = (self.totals(), self.last(last));
        serde_json::json!({
            "calls": totals.calls,
            "billed": totals.billed,
            "refused": totals.refused,
            "open": totals.open,
            "exact_usd": usd_text(totals.exact_usd),
            "rounded_usd": usd_text(totals.rounded_usd),
            "tokens": totals.tokens,
            "last": last,
        })
    }
}

fn as_text<S: serde::Serializer>(usd: &Decimal, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&usd_text(*usd))
}
