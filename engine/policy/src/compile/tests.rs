//! What is wrong with policies, all at once, in the words a person reads.

use std::sync::Arc;

use jiff::tz::TimeZone;
use reins_governor::{Budgets, Name, ScopeKind, Step, Window};

use crate::sample::{
    Scene, allow, block, budget, flag, patterns, policy, reading, rule, rules, scene, trace, usd,
};
use crate::{
    Action, AmountRange, Conditions, OnError, Override, Policy, Rule, Schedule, SpendCondition,
    TokenLimit, compile,
};

mod examples;

fn refused(policies: &[Policy]) -> Vec<String> {
    let flaws = compile(policies, &Budgets::default(), &TimeZone::UTC).expect_err("flaws");
    flaws.iter().map(ToString::to_string).collect()
}

fn warned(policies: &[Policy]) -> Vec<String> {
    let (_, warnings) = compile(policies, &Budgets::default(), &TimeZone::UTC).expect("sound");
    warnings.iter().map(ToString::to_string).collect()
}

fn hours(cron: &str, zone: Option<&str>) -> Option<Schedule> {
    Some(Schedule { cron: cron.into(), zone: zone.map(Into::into) })
}

fn check(rule: Rule, expected: &str) {
    assert_eq!(refused(&[policy("p", vec![rule])]), [format!("policy `p`, rule `r`, {expected}")]);
}

#[test]
fn every_kind_of_flaw_says_where_it_is_and_how_to_mend_it() {
    let none = Conditions::default;
    for (when, expected) in [
        (
            Conditions { hours: hours("* 22-5 * * *", None), ..none() },
            "when.hours: `* 22-5 * * *` is not a cron pattern: range out of bounds; write five \
             fields (minute, hour, day, month, weekday) with ranges that go up, such as \
             `* 22-23,0-5 * * MON-FRI`",
        ),
        (
            Conditions { hours: hours("* * * * *", Some("Berlin")), ..none() },
            "when.hours: `Berlin` is not a time zone: use an IANA name such as `Europe/Berlin`",
        ),
        (
            Conditions { endpoints: vec!["messages".into(), "chat".into()], ..none() },
            "when.endpoints: `chat` is not an endpoint: use one of `chat_completions`, `messages`, \
             `embeddings`, `completions`",
        ),
        (
            Conditions {
                amount: Some(AmountRange { min: Some(usd("2.00")), max: Some(usd("1.00")) }),
                ..none()
            },
            "when.amount: no amount is at least $2.00 and at most $1.00: swap the two",
        ),
        (
            Conditions { amount: Some(AmountRange::default()), ..none() },
            "when.amount names nothing: add `min` or `max`, or leave it out",
        ),
        (
            Conditions { tokens: Some(TokenLimit::default()), ..none() },
            "when.tokens names nothing: add `input` or `output`, or leave it out",
        ),
    ] {
        check(Rule { when, ..rule("r", block()) }, expected);
    }
}

#[test]
fn a_clip_is_not_below_its_floor() {
    check(
        rule("r", Action::Clip { to: Some(10), floor: 16 }),
        "action: the cap `10` is below the floor `16`: raise the one or lower the other",
    );
}

#[test]
fn an_override_is_for_somebody_and_changes_something_that_is_there() {
    let some = || Override { agents: patterns(&["vip"]), ..Override::default() };
    for (change, expected) in [
        (some(), "overrides[0] names nothing: add a limit, models or an action, or leave it out"),
        (
            Override { agents: vec![], action: Some(allow()), ..some() },
            "overrides[0].agents names nothing: add the agents it is for, or leave it out",
        ),
        (
            Override { limit: Some(usd("1.00")), ..some() },
            "overrides[0].limit: the rule compares no spend with a limit: add a spend condition \
             to the rule",
        ),
        (
            Override { action: Some(Action::Clip { to: Some(1), floor: 2 }), ..some() },
            "overrides[0].action: the cap `1` is below the floor `2`: raise the one or lower the \
             other",
        ),
    ] {
        check(Rule { overrides: vec![change], ..rule("r", block()) }, expected);
    }
}

#[test]
fn names_are_used_once() {
    let twice = || vec![rule("r", block()), rule("r", flag())];
    assert_eq!(
        refused(&[policy("p", twice()), policy("p", vec![])]),
        [
            "policy `p`, rule `r`, name: the name is used twice: give each its own",
            "policy `p`, name: the name is used twice: give each its own",
        ]
    );
    let policies = [policy("p", vec![rule("r", flag())]), policy("q", vec![rule("r", flag())])];
    assert_eq!(warned(&policies), [""; 0]);
}

#[test]
fn all_flaws_come_at_once_those_of_a_rule_once_however_many_overrides_it_has() {
    let change = |agent| Override {
        agents: patterns(&[agent]),
        action: Some(flag()),
        ..Override::default()
    };
    let when = Conditions {
        hours: hours("never", None),
        tokens: Some(TokenLimit::default()),
        ..Conditions::default()
    };
    let bad = Rule { when, overrides: vec![change("a"), change("b")], ..rule("r", block()) };
    let draft = Policy { status: crate::Status::Draft, ..policy("draft", vec![bad.clone()]) };
    let flaws = compile(&[policy("p", vec![bad]), draft], &Budgets::default(), &TimeZone::UTC)
        .expect_err("flaws");
    let places: Vec<_> = flaws.iter().map(|flaw| flaw.at().to_string()).collect();
    assert_eq!(
        places,
        [
            "policy `p`, rule `r`, when.tokens",
            "policy `p`, rule `r`, when.hours",
            "policy `draft`, rule `r`, when.tokens",
            "policy `draft`, rule `r`, when.hours",
        ]
    );
}

#[test]
fn warns_of_what_is_probably_not_meant() {
    let when = Conditions { hours: hours("0 22 * * *", None), ..Conditions::default() };
    let night = Rule { when, ..rule("r", block()) };
    let open = Policy { on_error: OnError::Allow, ..policy("p", vec![night]) };
    assert_eq!(
        warned(&[open]),
        [
            "policy `p`, on_error: a rule that errs lets the call through: leave `on_error` out \
             for it to be refused",
            "policy `p`, rule `r`, when.hours: `0 22 * * *` holds for one minute of an hour only: \
             for the whole hour write `*` as the first field",
        ]
    );
}

#[test]
fn an_unknown_cost_is_not_allowed_where_a_maximum_is_named() {
    let ranged = |min: Option<&str>, max: Option<&str>| {
        let amount = Some(AmountRange { min: min.map(usd), max: max.map(usd) });
        Rule { when: Conditions { amount, ..Conditions::default() }, ..rule("r", allow()) }
    };
    for (min, max, allowed) in [
        (None, Some("0.05"), false),
        (Some("0.01"), Some("0.05"), false),
        (Some("0.01"), None, true),
    ] {
        let scene = Scene { bound: None, ..scene() };
        let (_, decision) = scene.judge(&rules(&[policy("p", vec![ranged(min, max)])]));
        assert_eq!(decision.allowed, allowed, "{min:?} to {max:?}");
    }
}
