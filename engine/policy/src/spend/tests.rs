//! Spend beside limits, wherever the limit comes from.

use jiff::tz::TimeZone;
use reins_governor::{
    Budget, Budgets, Cursor, Judge, Name, ReadKey, Reading, ScopeKind, Step, Window,
};

use crate::sample::{
    Scene, allow, block, budget, patterns, policy, reading, rule, scene, trace, usd,
};
use crate::{Conditions, Override, Rule, Rules, SpendCondition, Warning, compile};

const DAILY: SpendCondition = SpendCondition::new(ScopeKind::Agent, Window::Daily);

fn cap(spend: SpendCondition) -> Rule {
    let when = Conditions { spend: Some(spend), ..Conditions::default() };
    Rule { when, ..rule("cap", block()) }
}

fn compiled(rule: Rule, budgets: Vec<Budget>) -> (Rules, Vec<Warning>) {
    compile(&[policy("p", vec![rule])], &Budgets::new(budgets), &TimeZone::UTC).expect("sound")
}

fn check(rule: Rule, budgets: Vec<Budget>, reading: Reading, expected: &str) {
    let (rules, _) = compiled(rule, budgets);
    let (_, decision) = scene().reads(reading).judge(&rules);
    assert_eq!(trace(&decision), format!("p/cap {expected}"));
}

#[test]
fn the_call_that_reaches_the_limit_goes_through_and_the_one_over_it_does_not() {
    for (spent, held, pct, expected) in [
        ("19.95", "0.05", Some(100), "no: daily spend of the agent $20.00 within $20.00"),
        ("19.95", "0.05", None, "no: daily spend of the agent $20.00 within $20.00"),
        ("19.95", "0.050000001", None, "yes: daily spend of the agent $20.000000001 over $20.00"),
        ("20.00", "0.000000001", None, "yes: daily spend of the agent $20.000000001 over $20.00"),
        ("20.00", "0.00", None, "no: daily spend of the agent $20.00 within $20.00"),
        ("16.00", "0.00", Some(80), "no: daily spend of the agent $16.00 within $16.00"),
        ("16.00", "0.01", Some(80), "yes: daily spend of the agent $16.01 over $16.00"),
        ("0.00", "0.01", Some(0), "yes: daily spend of the agent $0.01 over $0.00"),
        ("25.00", "0.01", Some(150), "no: daily spend of the agent $25.01 within $30.00"),
    ] {
        let spend = SpendCondition { limit: Some(usd("20.00")), threshold_pct: pct, ..DAILY };
        check(cap(spend), vec![], reading(spent, held, 1), expected);
    }
}

#[test]
fn a_call_whose_cost_nobody_knows_does_not_slip_under_a_limit() {
    let spend = SpendCondition { limit: Some(usd("20.00")), ..DAILY };
    let unknown = || Scene { bound: None, ..scene().reads(reading("0.00", "0.00", 1)) };
    let (rules, _) = compiled(cap(spend), vec![]);
    let (step, decision) = unknown().judge(&rules);
    assert!(matches!(step, Step::Block(_)), "{step:?}");
    assert_eq!(trace(&decision), "p/cap yes: nobody knows what the call may cost");
    let (rules, _) = compiled(Rule { action: allow(), ..cap(spend) }, vec![]);
    let (_, decision) = unknown().judge(&rules);
    let told = "p/cap no: daily spend of the agent $0.00 within $20.00";
    assert_eq!(trace(&decision), told, "and none is allowed for it");
    let counted = SpendCondition { max_transactions: Some(5), ..DAILY };
    let (rules, _) = compiled(cap(counted), vec![]);
    let (_, decision) = unknown().judge(&rules);
    assert_eq!(trace(&decision), "p/cap no: daily calls of the agent 1 within 5");
}

#[test]
fn calls_are_counted_with_this_one() {
    let spend = SpendCondition { max_transactions: Some(50), ..DAILY };
    for (calls, expected) in [
        (50, "no: daily calls of the agent 50 within 50"),
        (51, "yes: daily calls of the agent 51 over 50"),
    ] {
        check(cap(spend), vec![], reading("1000.00", "0.05", calls), expected);
    }
}

#[test]
fn money_or_calls_suffice_and_what_is_over_is_told() {
    let limit = Some(usd("1.00"));
    let spend = SpendCondition { limit, max_transactions: Some(5), ..DAILY };
    for (spent, calls, expected) in [
        ("0.50", 5, "no: daily spend of the agent $0.50 within $1.00"),
        ("1.50", 5, "yes: daily spend of the agent $1.50 over $1.00"),
        ("0.50", 6, "yes: daily calls of the agent 6 over 5"),
        ("1.50", 6, "yes: daily spend of the agent $1.50 over $1.00"),
    ] {
        check(cap(spend), vec![], reading(spent, "0.00", calls), expected);
    }
}

#[test]
fn a_limit_that_is_left_out_comes_from_the_one_budget_that_counts_the_caller() {
    let five = budget("five", "support-*", "5.00", Window::Daily);
    let others = budget("others", "billing-*", "1.00", Window::Daily);
    let monthly = budget("month", "support-*", "2.00", Window::Monthly);
    let team = budget("team", "*", "3.00", Window::Daily);
    let mut team = team;
    team.scope.kind = ScopeKind::Team;
    let spent = reading("4.10", "0.05", 3);
    let half = SpendCondition { threshold_pct: Some(50), ..DAILY };
    let budgets = vec![five, others, monthly, team];
    check(cap(DAILY), budgets.clone(), spent, "no: daily spend of the agent $4.15 within $5.00");
    check(cap(half), budgets, spent, "yes: daily spend of the agent $4.15 over $2.50");
}

#[test]
fn a_limit_of_its_own_comes_before_a_budgets() {
    let spend = SpendCondition { limit: Some(usd("1.00")), ..DAILY };
    let five = vec![budget("five", "*", "5.00", Window::Daily)];
    check(
        cap(spend),
        five,
        reading("1.01", "0.00", 1),
        "yes: daily spend of the agent $1.01 over $1.00",
    );
}

const CANNOT: &str = "no: the rule names no limit, so it cannot fire";

#[test]
fn without_one_budget_that_counts_the_caller_the_rule_cannot_fire_and_says_so() {
    let spent = reading("1000.00", "0.05", 3);
    let wide = || budget("wide", "*", "5.00", Window::Daily);
    let narrow = || budget("narrow", "support-bot", "50.00", Window::Daily);
    let other = || budget("other", "billing", "1.00", Window::Daily);
    for (budgets, warning) in [
        (
            vec![],
            Some(
                "policy `p`, rule `cap`, when.spend cannot hold: it names no limit, and there is \
                 no daily budget per agent to take it from; add a limit here or such a budget",
            ),
        ),
        (
            vec![wide(), narrow()],
            Some(
                "policy `p`, rule `cap`, when.spend cannot hold for whom both `wide` and `narrow` \
                 count: it names no limit, and takes it from a budget only where there is just \
                 one; add a limit here",
            ),
        ),
        (vec![other()], None),
    ] {
        let (_, warnings) = compiled(cap(DAILY), budgets.clone());
        let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, warning.into_iter().collect::<Vec<_>>());
        check(cap(DAILY), budgets, spent, CANNOT);
    }
}

#[test]
fn two_budgets_that_never_count_the_same_agent_are_no_reason_to_warn() {
    let budgets = vec![
        budget("one", "support-bot", "5.00", Window::Daily),
        budget("other", "billing", "1.00", Window::Daily),
    ];
    let (_, warnings) = compiled(cap(DAILY), budgets.clone());
    assert_eq!(warnings, vec![]);
    check(
        cap(DAILY),
        budgets,
        reading("5.00", "0.01", 1),
        "yes: daily spend of the agent $5.01 over $5.00",
    );
}

#[test]
fn a_rule_that_only_counts_calls_needs_no_budget() {
    let spend = SpendCondition { max_transactions: Some(5), ..DAILY };
    let five = vec![budget("five", "*", "5.00", Window::Daily)];
    check(
        cap(spend),
        five,
        reading("900.00", "0.00", 5),
        "no: daily calls of the agent 5 within 5",
    );
    assert_eq!(compiled(cap(spend), vec![]).1, vec![]);
}

#[test]
fn a_scope_that_the_caller_has_not_is_outside_without_asking_for_spend() {
    let spend = SpendCondition { scope: ScopeKind::User, limit: Some(usd("0.00")), ..DAILY };
    let (rules, _) = compiled(cap(spend), vec![]);
    let (step, decision) = scene().judge(&rules);
    assert_eq!(step, Step::Pass);
    assert_eq!(trace(&decision), "p/cap no: outside the rule's user");
}

#[test]
fn an_override_has_its_own_limit_for_its_agents() {
    let spend = SpendCondition { limit: Some(usd("1.00")), ..DAILY };
    for (agents, expected) in [
        ("support-*", "no: daily spend of the agent $1.50 within $2.00"),
        ("billing-*", "yes: daily spend of the agent $1.50 over $1.00"),
    ] {
        let limit = Some(usd("2.00"));
        let change = Override { agents: patterns(&[agents]), limit, ..Override::default() };
        let rule = Rule { overrides: vec![change], ..cap(spend) };
        check(rule, vec![], reading("1.50", "0.00", 1), expected);
    }
}

#[test]
fn money_is_asked_for_only_where_every_cheap_condition_holds() {
    let spend = SpendCondition { limit: Some(usd("1.00")), ..DAILY };
    let mut rule = cap(spend);
    let first = crate::sample::rule("first", crate::sample::flag());
    let read = |rule: &Rule| {
        let policy = policy("p", vec![first.clone(), rule.clone()]);
        scene().judge(&crate::sample::rules(&[policy]))
    };
    let (step, decision) = read(&rule);
    assert_eq!(step, Step::NeedSpend(Cursor(2)));
    assert_eq!(trace(&decision), "p/first yes: the rule has no condition");

    rule.when.models = patterns(&["o3"]);
    let (step, decision) = read(&rule);
    assert_eq!(step, Step::Pass);
    assert_eq!(
        trace(&decision),
        "p/first yes: the rule has no condition\np/cap no: outside the rule's models"
    );
}

#[test]
fn going_on_writes_each_rule_down_once() {
    let spend = SpendCondition { limit: Some(usd("1.00")), ..DAILY };
    let after = crate::sample::rule("after", crate::sample::flag());
    let first = crate::sample::rule("first", crate::sample::flag());
    let policies = [
        policy("a", vec![first]),
        policy("b", vec![cap(spend), after.clone()]),
        policy("c", vec![after]),
    ];
    let rules = crate::sample::rules(&policies);
    let mut scene = scene();
    let (step, mut decision) = scene.judge(&rules);
    let Step::NeedSpend(cursor) = step else { panic!("{step:?}") };
    scene = scene.reads(reading("0.50", "0.05", 1));
    assert_eq!(scene.go_on(&rules, cursor, &mut decision), Step::Pass);
    assert_eq!(
        trace(&decision),
        "a/first yes: the rule has no condition\n\
         b/cap no: daily spend of the agent $0.55 within $1.00\n\
         b/after yes: the rule has no condition\n\
         c/after yes: the rule has no condition"
    );
    assert_eq!(scene.go_on(&rules, Cursor::END, &mut decision), Step::Pass);
    assert_eq!(decision.trace.rules.len(), 4);
}

#[test]
fn each_figure_is_declared_once_and_only_for_rules_in_force() {
    let limit = Some(usd("1.00"));
    let named = |name: &str, spend| Rule { name: Name::kept(name), ..cap(spend) };
    let daily = SpendCondition { limit, ..DAILY };
    let monthly = SpendCondition { limit, window: Window::Monthly, ..DAILY };
    let hourly = SpendCondition { limit, window: Window::Hourly, ..DAILY };
    let weekly = SpendCondition { limit, window: Window::Weekly, ..DAILY };
    let off = Rule { enabled: false, ..named("off", hourly) };
    let mut draft = policy("draft", vec![named("w", weekly)]);
    draft.status = crate::Status::Draft;
    let mut paused = policy("paused", vec![named("w", weekly)]);
    paused.status = crate::Status::Paused;
    let rules = crate::sample::rules(&[
        draft,
        policy("a", vec![named("m", monthly), off, named("d", daily)]),
        paused,
        policy("b", vec![named("m", monthly)]),
    ]);
    let key = |window| ReadKey { kind: ScopeKind::Agent, window };
    assert_eq!(rules.reads(), [key(Window::Monthly), key(Window::Daily)]);
}

#[test]
fn each_rule_reads_its_own_figure() {
    let limit = Some(usd("1.00"));
    let hourly = SpendCondition { limit, window: Window::Hourly, ..DAILY };
    let daily = SpendCondition { limit, ..DAILY };
    let second = Rule { name: "day".into(), ..cap(daily) };
    let rules = crate::sample::rules(&[policy("p", vec![cap(hourly), second])]);
    let mut scene = scene();
    let readings = [reading("0.10", "0.00", 1), reading("7.00", "0.00", 9)];
    scene.readings = Some(reins_governor::Readings(readings.into_iter().collect()));
    assert_eq!(
        trace(&scene.judge(&rules).1),
        "p/cap no: hourly spend of the agent $0.10 within $1.00\n\
         p/day yes: daily spend of the agent $7.00 over $1.00"
    );
}
