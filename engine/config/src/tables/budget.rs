//! `[[budget]]`: a limit on somebody's spend.

use reins_governor::{Budget, BudgetScope, HoldMode, Name, OnExceed};

use crate::names::Names;
use crate::reader::Reader;
use crate::tables::action::{FLOOR, tokens};
use crate::tables::scope;
use crate::targets::{Calls, Targets};
use crate::value::Value;

/// Where callers and operators are warned by default, in percent.
const WARN_AT: [u32; 3] = [75, 90, 100];
/// Ten times the limit: a budget that only warns can be passed by that much.
const WARN_AT_MAX: u64 = 1_000;

pub(crate) fn read(
    mut table: Reader<'_>,
    names: &mut Names,
    of: Option<&Name>,
    targets: &Targets<'_>,
) -> Option<Budget> {
    let hint = "name the budget, such as name = \"support bot, a day\"";
    let name = table.required(&["name"], hint, |value| names.take(value));
    let scope = scope::read(&mut table, of);
    let hint = "write the limit, such as limit_usd = \"5.00\"";
    let limit = table.required(&["limit_usd"], hint, Value::usd);
    let hint = "write over which time spend counts, such as window = \"daily\"";
    let window = table.required(&["window"], hint, Value::window);
    let on_exceed = |value: &Value<'_>| on_exceed(value, targets);
    let on_exceed = table.defaulted(&["on_exceed"], OnExceed::Block, on_exceed);
    let hold = table.defaulted(&["hold"], HoldMode::Bound, hold);
    let warn_at = table.defaulted(&["warn_at"], WARN_AT.to_vec(), percentages);
    let (kind, pattern) = scope?;
    Some(Budget {
        name: name?,
        scope: BudgetScope { kind, pattern },
        limit: limit?,
        window: window?,
        on_exceed: on_exceed?,
        hold: hold?,
        warn_at: warn_at?,
    })
}

fn hold(value: &Value<'_>) -> Option<HoldMode> {
    value.word(&[("bound", HoldMode::Bound), ("typical", HoldMode::Typical)])
}

fn percentages(value: &Value<'_>) -> Option<Vec<u32>> {
    let items = value.list()?;
    let mut read: Vec<u32> =
        items.iter().map(|item| item.whole(1..=WARN_AT_MAX)).collect::<Option<_>>()?;
    read.sort_unstable();
    read.dedup();
    Some(read)
}

/// `"block"`, `"warn"`, `"clip"`, `{ clip = { floor = 256 } }` or `{ downgrade = "gpt-4o-mini" }`.
fn on_exceed(value: &Value<'_>, targets: &Targets<'_>) -> Option<OnExceed> {
    let Some(mut table) = value.as_table() else { return on_exceed_word(value) };
    let (clip, downgrade) = (table.field(&["clip"]), table.field(&["downgrade"]));
    match (clip, downgrade) {
        (Some(clip), None) => self::clip(&clip),
        (None, Some(model)) => {
            let model = targets.model(&model, Calls::default())?;
            Some(OnExceed::Downgrade { model })
        }
        (None, None) | (Some(_), Some(_)) => value.bad("one thing happens, not none or two", HINT),
    }
}

fn clip(value: &Value<'_>) -> Option<OnExceed> {
    let Some(mut table) = value.as_table() else {
        let what = "what is left sets the cap: a budget has only a floor for it";
        return value.bad(what, "write { clip = { floor = 256 } }, or \"clip\"");
    };
    Some(OnExceed::Clip { floor: table.defaulted(&["floor"], FLOOR, tokens)? })
}

/// What a budget can do.
const HINT: &str = "write \"block\", \"clip\", \"warn\" or { downgrade = \"gpt-4o-mini\" }";

fn on_exceed_word(value: &Value<'_>) -> Option<OnExceed> {
    if value.as_text() == Some("downgrade") {
        return value.bad("a downgrade needs a model", HINT);
    }
    value.word(&[
        ("block", OnExceed::Block),
        ("clip", OnExceed::Clip { floor: FLOOR }),
        ("warn", OnExceed::Warn),
    ])
}
