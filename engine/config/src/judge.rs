//! The judge: policies compiled, and what the compiler says of them put where it stands.

use std::ops::Range;

use jiff::tz::TimeZone;
use reins_governor::Budgets;
use reins_policy::{Flaw, Policy, Rules, Warning, compile};
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use crate::findings::Place;

/// The file, so that what is said of a rule can be shown there.
pub(crate) struct Told<'a> {
    pub(crate) file: &'a DeTable<'a>,
    pub(crate) place: &'a Place<'a>,
}

/// A value on the way down to a field.
type Node<'a> = &'a Spanned<DeValue<'a>>;

// === impl Told ===

impl Told<'_> {
    /// Compiles the policies; what is wrong with them goes on the list.
    pub(crate) fn judge(
        &self,
        policies: &[Policy],
        budgets: &Budgets,
        zone: &TimeZone,
    ) -> Option<Rules> {
        match compile(policies, budgets, zone) {
            Ok((rules, warnings)) => {
                warnings.iter().for_each(|warning| self.warn(warning));
                Some(rules)
            }
            Err(flaws) => {
                flaws.iter().for_each(|flaw| self.flaw(flaw));
                None
            }
        }
    }

    fn flaw(&self, flaw: &Flaw) {
        let (what, hint) = flaw_words(flaw);
        let at = match flaw {
            Flaw::Cel { at, span, .. } => self.within(at, span),
            _ => self.at(flaw.at()),
        };
        at.wrong(what, hint);
    }

    fn warn(&self, warning: &Warning) {
        let (what, hint) = warning_words(warning);
        self.at(warning.at()).warn(what, hint);
    }

    /// The deepest part of the file that holds the field.
    fn at(&self, at: &reins_policy::Place) -> Place<'_> {
        let found = self.rule(at).map(|(path, node)| deepest(path, node, &at.field));
        found.map_or_else(|| self.place.clone(), |(path, node)| self.place.inner(path, node.span()))
    }

    /// A part of an expression, where the file has it: beside `when` or in it.
    fn within(&self, at: &reins_policy::Place, part: &Range<usize>) -> Place<'_> {
        let found = self.rule(at).and_then(|(path, rule)| {
            let table = as_table(rule)?;
            let inside = || Some((".when", field(as_table(field(table, "when")?)?, "cel")?));
            let (before, node) = field(table, "cel").map(|node| ("", node)).or_else(inside)?;
            Some((format!("{path}{before}.cel"), node))
        });
        let Some((path, node)) = found else { return self.at(at) };
        let whole = self.place.inner(path, node.span());
        node.get_ref().as_str().map_or(whole.clone(), |text| whole.part(text, part))
    }

    /// The policy or rule that a place names.
    fn rule(&self, at: &reins_policy::Place) -> Option<(String, Node<'_>)> {
        let (index, policy) = named(field(self.file, "policy")?, &at.policy)?;
        let path = format!("policy[{index}]");
        let Some(rule) = &at.rule else { return Some((path, policy)) };
        let rules = field(as_table(policy)?, "rule").or_else(|| field(as_table(policy)?, "rules"));
        let (index, rule) = named(rules?, rule)?;
        Some((format!("{path}.rule[{index}]"), rule))
    }
}

/// Follows a field such as `when.hours` or `overrides[0].limit` as far as the file goes.
fn deepest<'a>(path: String, node: Node<'a>, wanted: &str) -> (String, Node<'a>) {
    let mut here = (path, node);
    for part in wanted.split('.') {
        let (name, index) = part.split_once('[').unwrap_or((part, ""));
        let inner = as_table(here.1).and_then(|table| begun(table, name));
        let Some(inner) = inner else { return here };
        let index = index.trim_end_matches(']').parse::<usize>().ok();
        let item = index.and_then(|index| item(inner, index));
        here = (format!("{}.{part}", here.0), item.unwrap_or(inner));
    }
    here
}

fn field<'a>(table: &'a DeTable<'a>, name: &str) -> Option<Node<'a>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

/// A field may be written with its unit, such as `amount_cents` for an amount.
fn begun<'a>(table: &'a DeTable<'a>, name: &str) -> Option<Node<'a>> {
    let unit = || table.iter().find(|(key, _)| key.get_ref().starts_with(name));
    field(table, name).or_else(|| unit().map(|(_, value)| value))
}

fn as_table<'a>(node: Node<'a>) -> Option<&'a DeTable<'a>> {
    node.get_ref().as_table()
}

fn item<'a>(list: Node<'a>, index: usize) -> Option<Node<'a>> {
    list.get_ref().as_array()?.get(index)
}

/// The table of a list that has this name.
fn named<'a>(list: Node<'a>, name: &str) -> Option<(usize, Node<'a>)> {
    let is_it = |node: &Node<'_>| {
        let found = as_table(node).and_then(|table| field(table, "name"));
        found.and_then(|value| value.get_ref().as_str()).map(str::trim) == Some(name)
    };
    list.get_ref().as_array()?.iter().enumerate().find(|(_, node)| is_it(node))
}

fn flaw_words(flaw: &Flaw) -> (String, String) {
    match flaw {
        Flaw::Cron { cron, why, .. } => (
            format!("`{cron}` is not a cron pattern: {why}"),
            "write five fields (minute, hour, day, month, weekday) with ranges that go up, such \
             as \"* 22-23,0-5 * * MON-FRI\""
                .to_owned(),
        ),
        Flaw::Zone { zone, .. } => (
            format!("`{zone}` is not a time zone"),
            "use an IANA name such as \"Europe/Berlin\"".to_owned(),
        ),
        Flaw::Endpoint { endpoint, .. } => {
            (format!("`{endpoint}` is not an endpoint"), format!("there can be: {}", endpoints()))
        }
        Flaw::Range { min, max, .. } => {
            (format!("no amount is at least ${min} and at most ${max}"), "swap the two".to_owned())
        }
        Flaw::Nothing { missing, .. } => {
            ("this names nothing".to_owned(), format!("add {missing}, or leave it out"))
        }
        Flaw::Floor { to, floor, .. } => (
            format!("the cap `{to}` is below the floor `{floor}`"),
            "raise the one or lower the other".to_owned(),
        ),
        Flaw::NoSpend { .. } => (
            "the rule compares no spend with a limit".to_owned(),
            "add a spend condition to the rule, or leave the limit out".to_owned(),
        ),
        Flaw::Cel { what, help, .. } => (what.clone(), help.clone()),
        Flaw::Twice { .. } => {
            ("the name is used twice".to_owned(), "give each its own name".to_owned())
        }
    }
}

fn endpoints() -> String {
    let words: Vec<&str> = reins_governor::Endpoint::ALL.iter().map(|each| each.word()).collect();
    words.join(", ")
}

fn warning_words(warning: &Warning) -> (String, String) {
    match warning {
        Warning::NoLimit { kind, window, .. } => (
            format!("this cannot hold: there is no limit, and no {window} budget per {kind}"),
            "add limit_usd here, or such a budget".to_owned(),
        ),
        Warning::TwoBudgets { one, other, .. } => (
            format!("there is no limit, and both `{one}` and `{other}` could give it"),
            "add limit_usd here: it is taken from a budget only where just one counts the caller"
                .to_owned(),
        ),
        Warning::OneMinute { cron, .. } => (
            format!("`{cron}` holds for one minute of an hour only"),
            "for the whole hour write `*` as the first field".to_owned(),
        ),
        Warning::FailsOpen { .. } => (
            "a rule that errs lets the call through".to_owned(),
            "leave `on_error` out for it to be refused".to_owned(),
        ),
    }
}
