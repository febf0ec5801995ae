//! Each condition, where it holds and where it does not, with the reason a person reads.

use std::sync::Arc;

use reins_governor::{InputSize, Name, Tokens, Usd};

use crate::sample::{Scene, patterns, scene, usd};
use crate::{AmountRange, Conditions, TokenLimit};

fn check(scene: &Scene, when: &Conditions, expected: &str) {
    assert_eq!(scene.matches(when.clone()), format!("p/r {expected}"), "{when:?}");
}

fn words(words: &[&str]) -> Vec<Arc<str>> {
    words.iter().map(|word| Arc::from(*word)).collect()
}

fn roles(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| Name::kept(*name)).collect()
}

const ALL: &str = "yes: every condition holds";

#[test]
fn a_rule_without_conditions_matches() {
    check(&scene(), &Conditions::default(), "yes: the rule has no condition");
}

#[test]
fn lists_of_names_hold_where_one_pattern_does() {
    type Field = fn(&mut Conditions) -> &mut Vec<reins_governor::Pattern>;
    let fields: [(&str, Field, &[&str], &[&str]); 4] = [
        ("agents", |c| &mut c.agents, &["billing", "support-*"], &["support"]),
        ("teams", |c| &mut c.teams, &["support"], &["Support", "sales"]),
        ("vendors", |c| &mut c.vendors, &["anthropic", "openai"], &["anthropic"]),
        ("models", |c| &mut c.models, &["gpt-4*", "claude-*-opus*"], &["gpt-4o-mini"]),
    ];
    for (name, field, inside, outside) in fields {
        let when = |list: &[&str]| {
            let mut when = Conditions::default();
            *field(&mut when) = patterns(list);
            when
        };
        check(&scene(), &when(inside), ALL);
        check(&scene(), &when(outside), &format!("no: outside the rule's {name}"));
    }
}

#[test]
fn a_call_without_a_team_is_outside_every_list_of_teams() {
    let mut scene = scene();
    scene.identity.team = None;
    let when = Conditions { teams: patterns(&["*"]), ..Conditions::default() };
    check(&scene, &when, "no: outside the rule's teams");
}

#[test]
fn a_list_of_allowed_models_holds_for_all_others() {
    for (list, expected) in
        [(["gpt-4o-mini", "o3"], ALL), (["o3", "gpt-4*"], "no: outside the rule's not_models")]
    {
        let when = Conditions { not_models: patterns(&list), ..Conditions::default() };
        check(&scene(), &when, expected);
    }
}

#[test]
fn words_hold_as_they_are_written() {
    for (when, expected) in [
        (Conditions { endpoints: words(&["chat_completions"]), ..Conditions::default() }, ALL),
        (
            Conditions { endpoints: words(&["messages"]), ..Conditions::default() },
            "no: outside the rule's endpoints",
        ),
        (Conditions { roles: roles(&["pro", "trial"]), ..Conditions::default() }, ALL),
        (
            Conditions { roles: roles(&["Trial", "tri*"]), ..Conditions::default() },
            "no: outside the rule's roles",
        ),
        (Conditions { stream: Some(false), ..Conditions::default() }, ALL),
        (
            Conditions { stream: Some(true), ..Conditions::default() },
            "no: outside the rule's stream",
        ),
    ] {
        check(&scene(), &when, expected);
    }
}

#[test]
fn every_condition_must_hold_and_the_first_that_does_not_is_told() {
    let when = Conditions {
        agents: patterns(&["support-*"]),
        models: patterns(&["o3"]),
        roles: roles(&["pro"]),
        ..Conditions::default()
    };
    check(&scene(), &when, "no: outside the rule's models");
}

fn amount(min: Option<&str>, max: Option<&str>) -> Conditions {
    let amount = Some(AmountRange { min: min.map(usd), max: max.map(usd) });
    Conditions { amount, ..Conditions::default() }
}

#[test]
fn amounts_are_compared_in_whole_cents_rounded_up() {
    for (bound, min, max, expected) in [
        ("0.05", Some("0.05"), None, "yes: the call costs up to $0.05, at least $0.05"),
        ("0.05", Some("0.06"), None, "no: the call costs up to $0.05, below $0.06"),
        ("0.000000001", Some("0.01"), None, "yes: the call costs up to $0.01, at least $0.01"),
        ("0.00", Some("0.01"), None, "no: the call costs up to $0.00, below $0.01"),
        ("0.00", Some("0.00"), None, "yes: the call costs up to $0.00, at least $0.00"),
        ("0.05", None, Some("0.05"), "yes: the call costs up to $0.05, at least $0.05"),
        ("0.050000001", None, Some("0.05"), "no: the call costs up to $0.06, at least $0.05"),
        ("0.01", None, Some("0.05"), "yes: the call costs up to $0.01, below $0.05"),
        ("0.03", Some("0.02"), Some("0.04"), "yes: the call costs up to $0.03, at least $0.02"),
        ("0.05", Some("0.02"), Some("0.04"), "no: the call costs up to $0.05, at least $0.04"),
    ] {
        let scene = Scene { bound: Some(usd(bound)), ..scene() };
        check(&scene, &amount(min, max), expected);
    }
}

#[test]
fn the_largest_amount_does_not_wrap() {
    let scene = Scene { bound: Some(Usd::MAX), ..scene() };
    let expected = format!("yes: the call costs up to ${}, at least $50.01", Usd::MAX);
    check(&scene, &amount(Some("50.01"), None), &expected);
}

#[test]
fn a_cost_that_nobody_knows_is_in_every_range() {
    let scene = Scene { bound: None, ..scene() };
    for (min, max) in [(Some("0.01"), None), (None, Some("0.05")), (Some("1.00"), Some("2.00"))] {
        check(&scene, &amount(min, max), "yes: nobody knows what the call may cost");
    }
}

#[test]
fn token_limits_hold_where_one_is_passed() {
    for (input, output, expected) in [
        (None, Some(999), "yes: up to 1000 output tokens over 999"),
        (None, Some(1_000), "no: up to 1000 output tokens within 1000"),
        (Some(3_999), None, "yes: up to 4000 input tokens over 3999"),
        (Some(4_000), None, "no: up to 4000 input tokens within 4000"),
        (Some(4_000), Some(10), "yes: up to 1000 output tokens over 10"),
        (Some(4_000), Some(1_000), "no: up to 4000 input tokens within 4000"),
    ] {
        let tokens = Some(TokenLimit { input: input.map(Tokens), output: output.map(Tokens) });
        check(&scene(), &Conditions { tokens, ..Conditions::default() }, expected);
    }
}

#[test]
fn choices_multiply_output_tokens() {
    let mut scene = scene();
    scene.call.choices = 3;
    let tokens = Some(TokenLimit { input: None, output: Some(Tokens(2_999)) });
    let when = Conditions { tokens, ..Conditions::default() };
    check(&scene, &when, "yes: up to 3000 output tokens over 2999");
}

#[test]
fn tokens_that_nobody_can_count_are_over_every_limit() {
    let mut uncapped = scene();
    uncapped.call.output_cap = None;
    let tokens = Some(TokenLimit { input: None, output: Some(Tokens(u64::MAX)) });
    let when = Conditions { tokens, ..Conditions::default() };
    check(&uncapped, &when, &format!("yes: output tokens without a cap, over {}", u64::MAX));

    for input in [
        InputSize { images: 1, ..InputSize::default() },
        InputSize { pages: 1, ..InputSize::default() },
        InputSize { audio_bytes: 1, ..InputSize::default() },
        InputSize {
            by_reference: Some(reins_governor::Wording::new("file_id")),
            ..InputSize::default()
        },
    ] {
        let mut scene = scene();
        scene.call.input = input;
        let tokens = Some(TokenLimit { input: Some(Tokens(100_000)), output: None });
        let when = Conditions { tokens, ..Conditions::default() };
        check(&scene, &when, "yes: input tokens without a cap, over 100000");
    }
}
