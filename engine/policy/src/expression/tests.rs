//! Expressions as rules: what they find, what they wait for, and how they err.

use std::sync::Arc;

use jiff::tz::TimeZone;
use reins_governor::{Budgets, Judge, Reading, Readings, ScopeKind, Step, Usd, Window};

use crate::sample::{
    Scene, block, budget, downgrade, flag, policy, reading, rule, scene, trace, usd,
};
use crate::{Action, Conditions, OnError, Policy, Rule, Rules, compile};

fn with(cel: &str, action: Action) -> Rule {
    let when = Conditions { cel: Some(cel.into()), ..Conditions::default() };
    Rule { when, ..rule("r", action) }
}

fn budgets() -> Budgets {
    Budgets::new(vec![budget("support bot, a day", "support-*", "5.00", Window::Daily)])
}

fn compiled(policies: &[Policy]) -> Result<Rules, Vec<String>> {
    let compiled = compile(policies, &budgets(), &TimeZone::UTC);
    compiled
        .map(|(rules, _)| rules)
        .map_err(|flaws| flaws.iter().map(ToString::to_string).collect())
}

fn rules(cel: &str, action: Action) -> Rules {
    compiled(&[policy("p", vec![with(cel, action)])]).expect(cel)
}

/// What a rule with this expression leaves in the trace.
fn said(scene: &Scene, cel: &str) -> String {
    trace(&scene.judge(&rules(cel, flag())).1)
}

fn refused(cel: &str) -> Vec<String> {
    let flaws = compiled(&[policy("p", vec![with(cel, flag())])]).expect_err(cel);
    let at = "policy `p`, rule `r`, when.cel: ";
    flaws.into_iter().map(|flaw| flaw.replacen(at, "", 1)).collect()
}

fn read(scene: Scene, readings: &[Reading]) -> Scene {
    Scene { readings: Some(Readings(readings.iter().copied().collect())), ..scene }
}

#[test]
fn an_expression_over_facts_holds_or_does_not() {
    let scene = scene();
    for (cel, expected) in [
        ("call.model == 'gpt-4o' && call.hour >= 9", "p/r yes: the rule's cel holds"),
        ("call.model == 'gpt-4o' && call.hour < 6", "p/r no: outside the rule's cel"),
        ("'trial' in roles && !call.streaming", "p/r yes: the rule's cel holds"),
        ("roles.exists(role, role.startsWith('bet'))", "p/r yes: the rule's cel holds"),
        (
            "call.maximum_cost >= 0.05 && call.maximum_cost < 0.050000001",
            "p/r yes: the rule's cel holds",
        ),
        ("agent.matches('^support-[a-z]+$')", "p/r yes: the rule's cel holds"),
        ("team in ['sales', 'support'] ? user == '' : false", "p/r yes: the rule's cel holds"),
    ] {
        assert_eq!(said(&scene, cel), expected, "{cel}");
    }
}

#[test]
fn a_read_of_spend_waits_for_the_hold_and_is_declared() {
    let rules = rules("call.model == 'gpt-4o' && spend.day('agent') > 5.00", block());
    let [key] = rules.reads() else { panic!("{:?}", rules.reads()) };
    assert_eq!((key.kind, key.window), (ScopeKind::Agent, Window::Daily));
    let (step, _) = scene().judge(&rules);
    assert!(matches!(step, Step::NeedSpend(_)), "{step:?}");
    for (spent, held, blocked) in
        [("4.95", "0.05", false), ("4.96", "0.05", true), ("4.95", "0.050000001", true)]
    {
        let (step, decision) = read(scene(), &[reading(spent, held, 7)]).judge(&rules);
        assert_eq!(matches!(step, Step::Block(_)), blocked, "{spent} and {held}: {step:?}");
        let sum = usd(spent).saturating_add(usd(held));
        let expected = if blocked {
            format!("p/r yes: the rule's cel holds: spend.day('agent') is ${sum}")
        } else {
            "p/r no: outside the rule's cel".to_owned()
        };
        assert_eq!(trace(&decision), expected);
    }
}

#[test]
fn what_is_false_without_spend_takes_no_hold() {
    let rules = rules("call.model == 'gpt-5' && spend.day('agent') > 5.00", block());
    assert!(matches!(scene().judge(&rules).0, Step::Pass));
}

#[test]
fn a_result_never_rests_on_spend_that_was_not_known() {
    for cel in [
        "spend.day('agent') > 5.00 || call.model == 'gpt-4o'",
        "!(spend.day('agent') > 5.00 && call.model == 'gpt-5')",
        "call.model == 'gpt-5' ? true : calls.hour('agent') < 3",
        "[1].exists(x, spend.day('agent') > 5.00 || x == 1)",
    ] {
        let (step, _) = scene().judge(&rules(cel, block()));
        assert!(matches!(step, Step::NeedSpend(_)), "{cel}: {step:?}");
    }
}

#[test]
fn figures_of_several_windows_scopes_and_kinds() {
    let cel = "spend.day('agent') >= 1.00 && held.day('agent') == 0.25 && \
               calls.rolling('agent', '24h') == 9 && spend.month('organization') < 100";
    let rules = rules(cel, flag());
    let keys: Vec<(ScopeKind, Window)> = rules.reads().iter().map(|k| (k.kind, k.window)).collect();
    let day = Window::Rolling { hours: 24 };
    assert_eq!(
        keys,
        [
            (ScopeKind::Agent, Window::Daily),
            (ScopeKind::Agent, day),
            (ScopeKind::Organization, Window::Monthly)
        ],
        "a figure that is read twice is declared once"
    );
    let readings =
        [reading("1.00", "0.25", 3), reading("2.00", "0.25", 9), reading("90.00", "0.25", 900)];
    assert_eq!(
        trace(&read(scene(), &readings).judge(&rules).1),
        "p/r yes: the rule's cel holds: spend.day('agent') is $1.25, held.day('agent') is $0.25, \
         calls.rolling('agent', '24h') is 9, spend.month('organization') is $90.25"
    );
}

#[test]
fn what_a_budget_has_left() {
    let rules = rules("remaining('support bot, a day') < 1.00", flag());
    for (agent, expected) in [
        ("support-bot", "p/r yes: the rule's cel holds: remaining('support bot, a day') is $0.75"),
        ("boss", "p/r no: outside the rule's cel"),
    ] {
        let mut scene = read(scene(), &[reading("4.00", "0.25", 3)]);
        scene.identity.agent = agent.parse().expect("a name");
        assert_eq!(trace(&scene.judge(&rules).1), expected, "{agent}");
    }
}

#[test]
fn who_does_not_exist_spends_nothing() {
    let mut scene = scene();
    scene.identity.team = None;
    assert_eq!(said(&scene, "spend.day('team') > 0"), "p/r no: outside the rule's cel");
    assert_eq!(
        said(&scene, "calls.day('team') == 0"),
        "p/r yes: the rule's cel holds: calls.day('team') is 0"
    );
}

#[test]
fn an_error_is_not_taken_for_false() {
    let mut scene = scene();
    scene.call.output_cap = None;
    scene.bound = None;
    scene.identity.metadata = Some(Arc::from(r#"{"depth": "deep", "n": 0}"#));
    for (cel, why) in [
        ("call.cap > 10", "the call names no cap: ask `has(call.cap)` first"),
        (
            "call.maximum_cost > 0.10",
            "what this call costs at most is not known: ask `has(call.maximum_cost)` first",
        ),
        ("metadata.ticket == 'A-1'", "there is no key `ticket`"),
        ("metadata.depth > 3", "`>` cannot take such values"),
        ("10 / metadata.n > 1", "division by zero"),
        ("has(metadata.depth.inner)", "only a map has fields such as `inner`"),
    ] {
        let rules = rules(cel, flag());
        let (step, decision) = scene.judge(&rules);
        assert!(matches!(step, Step::Block(_)), "{cel}: {step:?}");
        let expected = format!("p/r yes: the rule's cel errs: {why}");
        assert_eq!(trace(&decision), expected, "{cel}");
    }
}

#[test]
fn an_error_goes_through_only_where_it_was_written_so() {
    let mut scene = scene();
    scene.call.output_cap = None;
    let open =
        Policy { on_error: OnError::Allow, ..policy("p", vec![with("call.cap > 1", block())]) };
    let (step, decision) = scene.judge(&compiled(&[open]).expect("sound"));
    assert!(matches!(step, Step::Pass), "{step:?}");
    assert!(trace(&decision).starts_with("p/r no: the rule's cel errs: the call names no cap"));
}

#[test]
fn spend_is_not_known_where_the_cost_of_the_call_is_not() {
    let mut scene = read(scene(), &[reading("1.00", "0.00", 3)]);
    scene.bound = None;
    let (step, decision) = scene.judge(&rules("spend.day('agent') > 5.00", block()));
    assert!(matches!(step, Step::Block(_)), "{step:?}");
    let why =
        "the rule's cel errs: what this call costs at most is not known, nor is spend with it";
    assert_eq!(trace(&decision), format!("p/r yes: {why}"));
    let (step, _) = scene.judge(&rules("calls.day('agent') > 5", block()));
    assert!(matches!(step, Step::Pass), "calls are known without it: {step:?}");
}

#[test]
fn metadata_is_read_as_json() {
    let mut scene = scene();
    let json =
        r#"{"ticket": "A-1", "n": 3, "x": 1.5, "tags": ["a", "b"], "big": 18446744073709551615}"#;
    scene.identity.metadata = Some(json.into());
    for cel in [
        "metadata.ticket == 'A-1' && metadata['n'] + 1 == 4",
        "metadata.x > 1.0 && metadata.x < 2",
        "'b' in metadata.tags && !has(metadata.nothing)",
        "metadata.tags.all(tag, tag.size() == 1)",
        "metadata.big > 9223372036854775807",
    ] {
        assert_eq!(said(&scene, cel), "p/r yes: the rule's cel holds", "{cel}");
    }
}

#[test]
fn a_downgrade_by_an_expression_starts_again_and_holds_no_more() {
    let rules = rules("call.hour >= 9 && call.model == 'gpt-4o'", downgrade("gpt-4o-mini"));
    let mut scene = scene();
    assert!(matches!(scene.judge(&rules).0, Step::Amend { .. }));
    scene.call.model = "gpt-4o-mini".into();
    assert!(matches!(scene.judge(&rules).0, Step::Pass));
}

#[test]
fn money_is_exact_and_goes_with_money_only() {
    let readings = [reading("0.10", "0.20", 1)];
    for (cel, holds) in [
        ("spend.day('agent') == 0.3", true),
        ("spend.day('agent') * 3 == 0.90", true),
        ("spend.day('agent') + 0.10 == usd('0.40')", true),
        ("spend.day('agent') - 1 < 0", true),
        ("spend.day('agent') / 3 == 0.1", true),
        ("0.3 < spend.day('agent')", false),
        ("(call.model == 'gpt-4o' ? usd('0.30') : 5) == spend.day('agent')", true),
        ("spend.day('agent') * 100 >= 40 * usd('0.75')", true),
    ] {
        let trace = trace(&read(scene(), &readings).judge(&rules(cel, flag())).1);
        assert_eq!(trace.starts_with("p/r yes: the rule's cel holds"), holds, "{cel}: {trace}");
    }
    assert_eq!(Usd::MAX.nanos_i64(), i64::MAX, "every amount is an int of CEL");
}

#[test]
fn says_what_is_wrong_and_how_to_mend_it() {
    let cases = include_str!("refused.txt");
    let shown: String =
        cases.lines().map(|cel| format!("{cel}\n  {}\n", refused(cel).join("\n  "))).collect();
    insta::assert_snapshot!(shown);
}
