//! Spend conditions: `when = { spend = { … } }`, or their fields written straight into `when`.

use reins_governor::{ScopeKind, Usd, Window};
use reins_policy::SpendCondition;

use crate::findings::Place;
use crate::reader::Reader;
use crate::value::Value;

/// Ten times the limit.
const THRESHOLD_MAX: u64 = 1_000;
/// More calls than anybody makes in a window.
const CALLS_MAX: u64 = 1_000_000_000_000;

/// The fields of a spend condition that are written down.
struct Written<'a> {
    scope: Option<Value<'a>>,
    window: Option<Value<'a>>,
    usd: Option<Value<'a>>,
    cents: Option<Value<'a>>,
    threshold: Option<Value<'a>>,
    calls: Option<Value<'a>>,
    place: Place<'a>,
}

/// The spend condition of a rule; `None` where one is written and wrong.
pub(crate) fn read(when: &mut Reader<'_>) -> Option<Option<SpendCondition>> {
    let nested = when.field(&["spend"]);
    let flat = Written::of(when);
    match (nested, flat.is_empty()) {
        (None, true) => Some(None),
        (None, false) => flat.condition().map(Some),
        (Some(nested), true) => Written::of(&mut nested.table()?).condition().map(Some),
        (Some(nested), false) => nested.bad(
            "spend is asked about twice: in `spend`, and beside it",
            "move everything into `spend`",
        ),
    }
}

/// A limit, in dollars or in cents; `None` where it is wrong.
pub(crate) fn limit(table: &mut Reader<'_>) -> Option<Option<Usd>> {
    let usd = table.field(&["limit_usd", "limitUsd"]);
    let cents = table.field(&["limit_cents", "limitCents"]);
    amount(usd.as_ref(), cents.as_ref())
}

fn amount(usd: Option<&Value<'_>>, cents: Option<&Value<'_>>) -> Option<Option<Usd>> {
    match (usd, cents) {
        (None, None) => Some(None),
        (Some(usd), None) => usd.usd().map(Some),
        (None, Some(cents)) => cents.cents().map(Some),
        (Some(_), Some(cents)) => {
            cents.bad("the limit is there in dollars and in cents", "keep one of them")
        }
    }
}

// === impl Written ===

impl<'a> Written<'a> {
    fn of(table: &mut Reader<'a>) -> Self {
        Self {
            scope: table.field(&["scope"]),
            window: table.field(&["window", "time_window", "timeWindow"]),
            usd: table.field(&["limit_usd", "limitUsd"]),
            cents: table.field(&["limit_cents", "limitCents"]),
            threshold: table.field(&["threshold_pct", "thresholdPct"]),
            calls: table.field(&["max_transactions", "maxTransactions"]),
            place: table.place.clone(),
        }
    }

    fn is_empty(&self) -> bool {
        let Self { scope, window, usd, cents, threshold, calls, place: _ } = self;
        [scope, window, usd, cents, threshold, calls].into_iter().all(Option::is_none)
    }

    fn condition(&self) -> Option<SpendCondition> {
        let scope = self.scope.as_ref().map_or(Some(ScopeKind::Agent), kind);
        let window = self.window();
        let limit = amount(self.usd.as_ref(), self.cents.as_ref());
        let threshold_pct = number(self.threshold.as_ref(), THRESHOLD_MAX);
        let max_transactions = number(self.calls.as_ref(), CALLS_MAX);
        Some(SpendCondition {
            scope: scope?,
            window: window?,
            limit: limit?,
            threshold_pct: threshold_pct?,
            max_transactions: max_transactions?,
        })
    }

    fn window(&self) -> Option<Window> {
        if let Some(window) = &self.window {
            return window.window();
        }
        let hint = "write over which time spend counts, such as window = \"daily\"";
        self.place.at_odds("a spend condition has no `window`", hint);
        None
    }
}

fn number<T: TryFrom<u64>>(value: Option<&Value<'_>>, most: u64) -> Option<Option<T>> {
    value.map_or(Some(None), |value| value.whole(1..=most).map(Some))
}

fn kind(value: &Value<'_>) -> Option<ScopeKind> {
    value.word(&ScopeKind::ALL.map(|kind| (kind.word(), kind)))
}
