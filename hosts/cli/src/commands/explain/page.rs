//! The page: a record and its trace as people read them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use reins_governor::{Opening, SpendRead, Trace, Transaction};

use super::judged::{Judged, Word};
use crate::table::{Side, Table};

/// The record, the rules that were asked, the spend that they read, and the replay's agreement.
pub(crate) fn page(record: &Transaction, judged: &Judged) -> String {
    let mut parts = vec![facts(record).to_string()];
    parts.push(match &judged.trace {
        Some(trace) => rules(trace),
        None => matched(&record.opening),
    });
    if !record.opening.readings.is_empty() {
        parts.push(spend(&record.opening.readings).to_string());
    }
    parts.push(agreement(judged));
    parts.join("\n")
}

fn facts(record: &Transaction) -> Table {
    let Transaction { opening, status, .. } = record;
    let mut table = Table::new([("CALL", Side::Left), (&opening.id.to_string(), Side::Left)]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("at", wall(opening.judged_at.unwrap_or(opening.at), opening.utc_offset_s));
    row("status", status.word().to_owned());
    row("decided by", decided(opening));
    if let Some(reason) = &opening.reason {
        row("because", reason.to_string());
    }
    row("caller", caller(opening));
    row("model", model(record));
    row("money", money(record));
    row(
        "tokens",
        format!("{} in, {} out", record.tokens.total_input(), record.tokens.total_output()),
    );
    let versions = format!("policies {}, prices {}", opening.policy_version, opening.price_version);
    row("versions", versions);
    table
}

fn wall(at: Timestamp, utc_offset_s: i32) -> String {
    let offset = Offset::from_seconds(utc_offset_s).unwrap_or(Offset::UTC);
    let zoned = at.to_zoned(TimeZone::fixed(offset));
    format!("{} {}", zoned.strftime("%Y-%m-%d %H:%M:%S%.3f"), offset)
}

fn decided(opening: &Opening) -> String {
    let Opening { action, policy, rule, evaluated, .. } = opening;
    match (policy, rule) {
        (Some(policy), Some(rule)) => {
            format!("{}: policy `{policy}`, rule `{rule}`", action.word())
        }
        (Some(policy), None) => format!("{}: `{policy}`", action.word()),
        (None, _) if *evaluated => format!("{}: no rule had an objection", action.word()),
        (None, _) => format!("{}: no policy is for this call", action.word()),
    }
}

/// `agent=support-bot key=ci organization=acme`
fn caller(opening: &Opening) -> String {
    let scopes = opening.who.scopes();
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn model(record: &Transaction) -> String {
    let Opening { call, model_asked, .. } = &*record.opening;
    let asked =
        if *model_asked == call.model { "" } else { &format!(", asked for `{model_asked}`") };
    let used = &record.model_used;
    let used = if *used == call.model { "" } else { &format!(", answered by `{used}`") };
    let stream = if call.stream { ", streaming" } else { "" };
    let (model, connection, endpoint) = (&call.model, &call.connection, call.endpoint.word());
    format!("`{model}` at `{connection}`, {endpoint}{stream}{asked}{used}")
}

fn money(record: &Transaction) -> String {
    let bound = record.opening.bound;
    let bound = bound.map_or_else(|| "unknown".to_owned(), |bound| format!("${bound}"));
    let (held, cost, accuracy) = (record.held, record.cost.total, record.accuracy.word());
    format!("maximum {bound}, held ${held}, charged ${cost} ({accuracy})")
}

fn rules(trace: &Trace) -> String {
    let not_asked = match trace.passed_over {
        0 => String::new(),
        1 => "1 policy was not asked: it is paused, for other calls, or after a final rule\n"
            .to_owned(),
        more => {
            format!(
                "{more} policies were not asked: paused, for other calls, or after a final rule\n"
            )
        }
    };
    if trace.rules.is_empty() {
        return format!("No rule was asked.\n{not_asked}");
    }
    let rules = trace.rules.iter();
    let rules = rules.map(|looked| {
        let matched = if looked.matched { "yes" } else { "no" };
        (&*looked.policy, &*looked.rule, matched, looked.reason.to_string())
    });
    format!("{}{not_asked}", table(rules))
}

/// What the record itself has: the rules that matched.
fn matched(opening: &Opening) -> String {
    if opening.matched.is_empty() {
        return "No rule matched.\n".to_owned();
    }
    let matched = opening.matched.iter();
    let rows = matched
        .map(|matched| (&*matched.policy, &*matched.rule, "yes", matched.reason.to_string()));
    table(rows).to_string()
}

fn table<'a>(rows: impl Iterator<Item = (&'a str, &'a str, &'a str, String)>) -> Table {
    let mut table = Table::new(["POLICY", "RULE", "MATCHED", "WHY"].map(|name| (name, Side::Left)));
    for (policy, rule, matched, why) in rows {
        table.row([policy.to_owned(), rule.to_owned(), matched.to_owned(), why]);
    }
    table
}

fn spend(readings: &[SpendRead]) -> Table {
    let (left, right) = (Side::Left, Side::Right);
    let mut table = Table::new([
        ("SPEND OF", left),
        ("WINDOW", left),
        ("SPENT", right),
        ("HELD", right),
        ("CALLS", right),
    ]);
    for SpendRead { kind, window, spent, held, calls } in readings {
        table.row([
            kind.to_string(),
            window.to_string(),
            format!("${spent}"),
            format!("${held}"),
            calls.to_string(),
        ]);
    }
    table
}

fn agreement(judged: &Judged) -> String {
    let replayed = &judged.replayed;
    let word = match replayed.agreement {
        Word::Equal => "equal",
        Word::MatchedEqual => "equal in what matched",
        Word::Differs => "differs",
        Word::Unknown => "not possible",
    };
    match &replayed.why {
        Some(why) => format!("judged again: {word}: {why}\n"),
        None => format!("judged again: {word}\n"),
    }
}
