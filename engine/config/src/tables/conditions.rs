//! `when`: the conditions of a rule. Spellings of the REST API are read too.

use std::sync::Arc;

use reins_governor::Usd;
use reins_policy::{AmountRange, Conditions, Schedule, TokenLimit};

use crate::reader::Reader;
use crate::tables::action::tokens;
use crate::tables::{organization, spend};
use crate::value::Value;

pub(crate) fn read(mut when: Reader<'_>) -> Option<Conditions> {
    let spend = spend::read(&mut when);
    let amount = amount(&mut when);
    let vendors = when.patterns(&["vendors"]);
    let models = when.patterns(&["models"]);
    let not_models = when.patterns(&["not_models", "notModels"]);
    let agents = when.patterns(&["agents", "agent_ids", "agentIds"]);
    let teams = when.patterns(&["teams"]);
    let words = |value: &Value<'_>| value.items(Value::plain);
    let endpoints = when.defaulted(&["endpoints"], Vec::new(), words);
    let roles = when.defaulted(&["roles", "user_roles", "userRoles"], Vec::new(), Value::names);
    let stream = when.optional(&["stream"], Value::flag);
    let tokens = when.optional(&["tokens"], token_limit);
    let hours = when.optional(&["hours"], schedule);
    let cel = when.optional(&["cel"], expression);
    refuse_later_kinds(&mut when);
    Some(Conditions {
        vendors: vendors?,
        models: models?,
        not_models: not_models?,
        agents: agents?,
        teams: teams?,
        endpoints: endpoints?,
        roles: roles?,
        stream: stream?,
        amount: amount?,
        tokens: tokens?,
        spend: spend?,
        hours: hours?,
        cel: cel?,
    })
}

/// Kinds of condition that people know of, and this version does not have.
pub(crate) fn refuse_later_kinds(table: &mut Reader<'_>) {
    if let Some(value) = table.field(&["wasm"]) {
        value.place.wrong(
            "`wasm` conditions do not exist yet in this version",
            "write the condition with the fields of `when`, or as `cel`",
        );
    }
}

/// An expression in CEL, as it is written: its own compiler finds what is wrong with it.
pub(crate) fn expression(value: &Value<'_>) -> Option<Arc<str>> {
    value.text().map(Into::into)
}

fn amount(when: &mut Reader<'_>) -> Option<Option<AmountRange>> {
    let usd = when.field(&["amount_usd", "amountUsd"]);
    let cents = when.field(&["amount_cents", "amountCents"]);
    match (usd, cents) {
        (None, None) => Some(None),
        (Some(usd), None) => range(&usd, |value| value.usd()).map(Some),
        (None, Some(cents)) => range(&cents, |value| value.cents()).map(Some),
        (Some(_), Some(cents)) => {
            cents.bad("the amount is there in dollars and in cents", "keep one of them")
        }
    }
}

fn range(value: &Value<'_>, read: fn(&Value<'_>) -> Option<Usd>) -> Option<AmountRange> {
    let mut table = value.table()?;
    let (min, max) = (table.optional(&["min"], read), table.optional(&["max"], read));
    Some(AmountRange { min: min?, max: max? })
}

fn token_limit(value: &Value<'_>) -> Option<TokenLimit> {
    let mut table = value.table()?;
    let (input, output) = (table.optional(&["input"], tokens), table.optional(&["output"], tokens));
    Some(TokenLimit { input: input?, output: output? })
}

/// `"* 9-17 * * MON-FRI"`, or a table with a zone beside it.
fn schedule(value: &Value<'_>) -> Option<Schedule> {
    if let Some(cron) = value.as_text() {
        return Some(Schedule { cron: cron.into(), zone: None });
    }
    let mut table = value.table()?;
    let hint = "write which minutes, such as \"* 9-17 * * MON-FRI\"";
    let cron = table.required(&["cron"], hint, Value::plain);
    let zone = table.optional(&["zone", "timezone"], zone_name);
    Some(Schedule { cron: cron?, zone: zone? })
}

fn zone_name(value: &Value<'_>) -> Option<Arc<str>> {
    organization::zone(value)?;
    value.plain()
}
