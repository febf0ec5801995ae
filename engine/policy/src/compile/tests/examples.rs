//! Rules as people write them, compiled and asked.

use super::{
    Action, AmountRange, Arc, Budgets, Conditions, Name, Rule, ScopeKind, SpendCondition, Step,
    TimeZone, Window, allow, block, budget, compile, patterns, policy, reading, rule, rules, scene,
    trace, usd,
};
use crate::sample::last;

fn block_with(message: &str) -> Action {
    Action::Block { message: Some(message.into()), redirect_url: None }
}

fn at_least(cents: u64) -> Option<AmountRange> {
    Some(AmountRange { min: Some(reins_governor::Usd::from_cents(cents)), max: None })
}

fn roles(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| Name::kept(*name)).collect()
}

fn no_expensive_models() -> Rule {
    let when = Conditions {
        vendors: patterns(&["openai", "anthropic"]),
        models: patterns(&["gpt-4", "gpt-4o", "claude-3-opus"]),
        amount: at_least(0),
        roles: roles(&["trial"]),
        ..Conditions::default()
    };
    let action = Action::Block {
        message: Some("Upgrade to Pro to use advanced models".into()),
        redirect_url: Some("/upgrade".into()),
    };
    Rule { when, ..rule("Block expensive models for trial users", action) }
}

#[test]
fn block_expensive_models_for_trial_users() {
    let rules = rules(&[policy("rules", vec![no_expensive_models()])]);
    for (model, role, blocks) in [
        ("gpt-4o", "trial", true),
        ("gpt-4", "trial", true),
        ("gpt-4o-mini", "trial", false),
        ("gpt-4o", "pro", false),
    ] {
        let mut scene = scene();
        scene.call.model = model.into();
        scene.identity.roles = Arc::new([Name::kept(role)]);
        let (step, _) = scene.judge(&rules);
        assert_eq!(matches!(step, Step::Block(_)), blocks, "{model} as {role}");
    }
    let mut unpriced = scene();
    unpriced.bound = None;
    let Step::Block(blocked) = unpriced.judge(&rules).0 else { panic!("an unknown cost passed") };
    assert_eq!(&*blocked.message, "Upgrade to Pro to use advanced models");
    assert_eq!(blocked.redirect_url.as_deref(), Some("/upgrade"));
}

fn daily_cap() -> Rule {
    let spend = SpendCondition {
        threshold_pct: Some(100),
        ..SpendCondition::new(ScopeKind::Agent, Window::Daily)
    };
    let when = Conditions {
        agents: patterns(&["free-tier-*"]),
        vendors: patterns(&["openai", "anthropic"]),
        amount: at_least(1),
        spend: Some(spend),
        ..Conditions::default()
    };
    let action = block_with("Daily spend limit reached. Upgrade to Pro.");
    Rule { when, ..rule("Daily $20 cap for free-tier agents", action) }
}

#[test]
fn daily_20_dollar_cap_for_free_tier_agents() {
    let policies = [policy("rules", vec![daily_cap()])];
    let budgets = Budgets::new(vec![budget("free", "free-tier-*", "20.00", Window::Daily)]);
    let (rules, warnings) = compile(&policies, &budgets, &TimeZone::UTC).expect("sound");
    assert_eq!(warnings, []);
    for (spent, expected) in [
        ("19.95", "no: daily spend of the agent $20.00 within $20.00"),
        ("19.96", "yes: daily spend of the agent $20.01 over $20.00"),
    ] {
        let mut scene = scene().reads(reading(spent, "0.05", 3));
        scene.identity.agent = "free-tier-7".into();
        let (step, decision) = scene.judge(&rules);
        assert_eq!(matches!(step, Step::Block(_)), expected.starts_with("yes"));
        let expected = format!("rules/Daily $20 cap for free-tier agents {expected}");
        assert_eq!(trace(&decision), expected);
    }
}

#[test]
fn the_cap_without_any_budget_is_accepted_with_a_warning_and_cannot_fire() {
    let policies = [policy("rules", vec![daily_cap()])];
    let (rules, warnings) = compile(&policies, &Budgets::default(), &TimeZone::UTC).expect("sound");
    let fields: Vec<_> = warnings.iter().map(|warning| warning.at().field.clone()).collect();
    assert_eq!(fields, ["when.spend"]);
    let mut scene = scene();
    scene.identity.agent = "free-tier-7".into();
    let (step, decision) = scene.judge(&rules);
    assert_eq!(step, Step::Pass);
    assert_eq!(
        trace(&decision),
        "rules/Daily $20 cap for free-tier agents no: the rule names no limit, so it cannot fire"
    );
}

#[test]
fn hourly_burst_protection() {
    let spend = SpendCondition {
        max_transactions: Some(50),
        ..SpendCondition::new(ScopeKind::Agent, Window::Hourly)
    };
    let when = Conditions {
        vendors: patterns(&["openai", "anthropic"]),
        spend: Some(spend),
        ..Conditions::default()
    };
    let action = block_with("Hourly request limit (50/hour) exceeded");
    let burst = Rule { when, ..rule("Hourly burst protection", action) };
    let rules = rules(&[policy("rules", vec![burst])]);
    for (calls, blocks) in [(50, false), (51, true)] {
        let (step, _) = scene().reads(reading("0.00", "0.05", calls)).judge(&rules);
        assert_eq!(matches!(step, Step::Block(_)), blocks, "call {calls}");
    }
}

/// The flat rules, where the first match of any action wins: each of them is final.
#[test]
fn a_cascade_for_free_trial_and_paid_users() {
    let when = |roles_of: &[&str], models: &[&str]| Conditions {
        roles: roles(roles_of),
        models: patterns(models),
        ..Conditions::default()
    };
    let free = when(&["free"], &["gpt-4", "gpt-4o"]);
    let capped = Conditions { amount: at_least(5_001), ..Conditions::default() };
    let cascade = vec![
        last(Rule { when: free, ..rule("Free: no gpt-4", block()) }),
        last(Rule {
            when: when(&["trial"], &[]),
            ..rule("Trial: note", Action::Warn { message: None })
        }),
        last(Rule { when: capped, ..rule("Hard cap: $50 max", block_with("Exceeds $50 limit")) }),
        last(Rule {
            when: Conditions { amount: at_least(1), ..Conditions::default() },
            ..rule("Default: pass", allow())
        }),
    ];
    let rules = rules(&[policy("rules", cascade)]);
    for (role, bound, expected) in [
        ("free", "0.05", "Free: no gpt-4 yes"),
        ("trial", "60.00", "Trial: note yes"),
        ("pro", "50.01", "Hard cap: $50 max yes"),
        ("pro", "50.000001", "Hard cap: $50 max yes"),
        ("pro", "50.00", "Default: pass yes"),
        ("pro", "0.0001", "Default: pass yes"),
    ] {
        let mut scene = scene();
        scene.identity.roles = Arc::new([Name::kept(role)]);
        scene.bound = Some(usd(bound));
        let (_, decision) = scene.judge(&rules);
        let trace = trace(&decision);
        let line = trace.lines().last().unwrap_or_default();
        assert!(line.starts_with(&format!("rules/{expected}")), "{role} at ${bound}: {line}");
    }
}
