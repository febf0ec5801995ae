//! What a judge says of a call: order, ends, marks, changes.

use reins_governor::{
    Action as Word, Amendment, Cursor, Decision, Looked, Mark, Readings, Step, Tokens,
};

use crate::sample::{
    Scene, allow, block, by, downgrade, flag, last, patterns, policy, rule, rule_for, rules, scene,
    trace, usd, warn,
};
use crate::{
    Action, Conditions, Mode, OnError, Override, Policy, PolicyScope, Rule, SpendCondition, Status,
};

mod laws;

/// What came of it: the step in a word, and the trace.
fn check(scene: &Scene, policies: &[Policy], expected: &[&str]) -> Decision {
    let (step, decision) = scene.judge(&rules(policies));
    let mut lines = vec![word(&step)];
    lines.extend(trace(&decision).lines().map(str::to_owned));
    assert_eq!(lines, expected);
    decision
}

fn word(step: &Step) -> String {
    match step {
        Step::Pass => "pass".to_owned(),
        Step::Block(blocked) => {
            format!("block {}/{}", blocked.by.policy(), blocked.by.rule().unwrap_or_default())
        }
        Step::NeedSpend(Cursor(at)) => format!("spend at {at}"),
        Step::Amend { amendment, otherwise: Cursor(at), .. } => format!("{amendment:?} then {at}"),
    }
}

fn priority(policy: Policy, priority: i64) -> Policy {
    Policy { priority, ..policy }
}

fn observing(policy: Policy) -> Policy {
    Policy { mode: Mode::Observe, ..policy }
}

#[test]
fn policies_go_by_priority_then_by_definition_and_rules_from_the_top() {
    let policies = [
        priority(policy("later", vec![rule("a", flag())]), 20),
        policy("first", vec![rule("b", flag()), rule("a", flag())]),
        policy("second", vec![rule("a", flag())]),
        priority(policy("before", vec![rule("a", flag())]), -5),
    ];
    let expected = [
        "pass",
        "before/a yes: the rule has no condition",
        "first/b yes: the rule has no condition",
        "first/a yes: the rule has no condition",
        "second/a yes: the rule has no condition",
        "later/a yes: the rule has no condition",
    ];
    check(&scene(), &policies, &expected);
}

#[test]
fn an_allow_ends_its_policy_and_no_other() {
    let policies = [
        policy("one", vec![rule("let", allow()), rule("stop", block())]),
        policy("two", vec![rule("note", flag())]),
    ];
    let expected = [
        "pass",
        "one/let yes: the rule has no condition",
        "two/note yes: the rule has no condition",
    ];
    let decision = check(&scene(), &policies, &expected);
    assert!(decision.allowed);
}

#[test]
fn a_block_wins_over_an_allow_of_an_earlier_policy_and_ends_everything() {
    let policies = [
        policy("one", vec![rule("let", allow())]),
        policy("two", vec![rule("stop", block()), rule("note", flag())]),
        policy("three", vec![rule("note", flag())]),
    ];
    let expected = [
        "block two/stop",
        "one/let yes: the rule has no condition",
        "two/stop yes: the rule has no condition",
    ];
    check(&scene(), &policies, &expected);
}

#[test]
fn a_final_rule_ends_policies_and_the_trace_says_whose() {
    for (action, allowed) in [(allow(), true), (warn(), false), (flag(), false)] {
        let policies = [
            policy("one", vec![last(rule("let", action)), rule("stop", block())]),
            policy("two", vec![rule("stop", block())]),
            policy("three", vec![rule("stop", block())]),
        ];
        let expected = ["pass", "one/let yes: the rule has no condition", "passed over: 2"];
        assert_eq!(check(&scene(), &policies, &expected).allowed, allowed);
    }
}

#[test]
fn a_final_rule_that_does_not_match_ends_nothing() {
    let policies = [
        policy("one", vec![last(rule_for("let", &["o3"], allow()))]),
        policy("two", vec![rule("stop", block())]),
    ];
    let expected = [
        "block two/stop",
        "one/let no: outside the rule's models",
        "two/stop yes: the rule has no condition",
    ];
    check(&scene(), &policies, &expected);
}

#[test]
fn warnings_and_flags_leave_their_message_or_the_reason() {
    let said = |text: &str| Action::Warn { message: Some(text.into()) };
    let rules_said = vec![rule("a", said("mind")), rule("b", warn()), rule("c", flag())];
    let (step, decision) = scene().judge(&rules(&[policy("p", rules_said)]));
    assert_eq!(step, Step::Pass);
    let reason = || "the rule has no condition".into();
    assert_eq!(
        decision.marks,
        [
            Mark::Warned { by: by("p", "a"), message: "mind".into() },
            Mark::Warned { by: by("p", "b"), message: reason() },
            Mark::Flagged { by: by("p", "c"), message: reason() },
        ]
    );
}

#[test]
fn a_block_carries_its_message_its_reason_and_where_to_go() {
    let action = Action::Block {
        message: Some("Upgrade to Pro to use advanced models".into()),
        redirect_url: Some("/upgrade".into()),
    };
    let (step, _) = scene().judge(&rules(&[policy("p", vec![rule("r", action)])]));
    let Step::Block(blocked) = step else { panic!("{step:?}") };
    assert_eq!(&*blocked.message, "Upgrade to Pro to use advanced models");
    assert_eq!(blocked.reason, "the rule has no condition");
    assert_eq!(blocked.redirect_url.as_deref(), Some("/upgrade"));

    let (step, _) = scene().judge(&rules(&[policy("p", vec![rule("r", block())])]));
    let Step::Block(blocked) = step else { panic!("{step:?}") };
    assert_eq!(&*blocked.message, "the rule `r` of `p` blocks this call");
    assert_eq!(blocked.redirect_url, None);
}

fn observed(rule: &str, action: Word) -> Mark {
    Mark::Observed { by: by("watch", rule), action }
}

#[test]
fn an_observing_policy_ends_and_changes_nothing() {
    let watch = observing(policy(
        "watch",
        vec![
            rule("let", allow()),
            rule("stop", block()),
            rule("cheap", downgrade("gpt-4o-mini")),
            rule("same", downgrade("gpt-4o")),
            rule("short", Action::Clip { to: Some(Tokens(100)), floor: Tokens(16) }),
            rule("afford", Action::Clip { to: None, floor: Tokens(16) }),
            last(rule("tell", warn())),
        ],
    ));
    let expected = [
        "pass",
        "watch/let yes: the rule has no condition",
        "watch/stop yes: the rule has no condition",
        "watch/cheap yes: the rule has no condition",
        "watch/same yes: the rule has no condition",
        "watch/short yes: the rule has no condition",
        "watch/afford yes: the rule has no condition",
        "watch/tell yes: the rule has no condition",
        "after/note yes: the rule has no condition",
    ];
    let after = policy("after", vec![rule("note", allow())]);
    let decision = check(&scene(), &[watch.clone(), after], &expected);
    let message = "the rule has no condition".into();
    let warned = Mark::Warned { by: by("watch", "tell"), message };
    assert_eq!(
        decision.marks,
        [
            observed("stop", Word::Block),
            observed("cheap", Word::Downgrade),
            observed("short", Word::Clip),
            warned
        ]
    );
    assert!(decision.evaluated);
    assert!(!scene().judge(&rules(&[watch])).1.allowed);
}

#[test]
fn a_caller_who_only_observes_is_stopped_by_no_policy() {
    let mut scene = scene();
    scene.identity.observe = true;
    let policies = [policy("watch", vec![rule("stop", block())])];
    let expected = ["pass", "watch/stop yes: the rule has no condition"];
    assert_eq!(check(&scene, &policies, &expected).marks, [observed("stop", Word::Block)]);

    let let_go = vec![rule("let", allow())];
    assert!(scene.judge(&rules(&[policy("force", let_go.clone())])).1.allowed);
    assert!(!scene.judge(&rules(&[observing(policy("watch", let_go))])).1.allowed);
}

#[test]
fn what_is_not_in_force_is_not_asked() {
    let stop = || vec![rule("stop", block())];
    let policies = [
        Policy { status: Status::Draft, ..policy("draft", stop()) },
        Policy { status: Status::Paused, ..policy("paused", stop()) },
        policy("on", vec![Rule { enabled: false, ..rule("off", block()) }]),
    ];
    let expected = ["pass", "on/off no: switched off", "passed over: 1"];
    assert!(check(&scene(), &policies, &expected).evaluated);
    let expected = ["pass", "passed over: 1"];
    assert!(!check(&scene(), &policies[..2], &expected).evaluated);
}

#[test]
fn a_policy_is_for_the_calls_in_its_scope() {
    let none = PolicyScope::default;
    for scope in [
        PolicyScope { agents: patterns(&["billing-*"]), ..none() },
        PolicyScope { teams: patterns(&["sales"]), ..none() },
        PolicyScope { vendors: patterns(&["anthropic"]), ..none() },
        PolicyScope { models: patterns(&["o3", "claude-*"]), ..none() },
    ] {
        let policies = [Policy { scope, ..policy("p", vec![rule("stop", block())]) }];
        assert!(!check(&scene(), &policies, &["pass", "passed over: 1"]).evaluated);
    }
    let scope = PolicyScope {
        agents: patterns(&["support-*"]),
        teams: patterns(&["support"]),
        vendors: patterns(&["*"]),
        models: patterns(&["gpt-4*"]),
    };
    let policies = [Policy { scope, ..policy("p", vec![rule("stop", block())]) }];
    check(&scene(), &policies, &["block p/stop", "p/stop yes: the rule has no condition"]);
}

#[test]
fn a_thousand_policies_for_others_cost_a_call_no_memory() {
    let scope = || PolicyScope { agents: patterns(&["billing-*"]), ..PolicyScope::default() };
    let stop = || vec![rule("stop", block())];
    let other = |n| Policy { scope: scope(), ..policy(&format!("other {n}"), stop()) };
    let mut policies: Vec<_> = (0..1_000).map(other).collect();
    policies.push(policy("own", vec![rule("note", flag())]));
    let expected = ["pass", "own/note yes: the rule has no condition", "passed over: 1000"];
    let decision = check(&scene(), &policies, &expected);
    assert!(decision.trace.rules.capacity() < 8, "{}", decision.trace.rules.capacity());
}

#[test]
fn a_policy_without_rules_applies_and_says_nothing() {
    let decision = check(&scene(), &[policy("empty", vec![])], &["pass"]);
    assert!(decision.evaluated);
}

#[test]
fn a_downgrade_asks_for_another_model_once() {
    let policies = [policy("p", vec![rule("cheap", downgrade("gpt-4o-mini")), rule("n", flag())])];
    let amendment = Amendment::Downgrade { model: "gpt-4o-mini".into() };
    let looked = "p/cheap yes: the rule has no condition";
    let noted = "p/n yes: the rule has no condition";

    let (step, decision) = scene().judge(&rules(&policies));
    assert_eq!(step, Step::Amend { amendment, by: by("p", "cheap"), otherwise: Cursor(2) });
    assert_eq!(trace(&decision), looked);
    assert_eq!(decision.marks, []);

    let mut same = scene();
    same.call.model = "gpt-4o-mini".into();
    check(&same, &policies, &["pass", looked, noted]);

    let mut tried = scene();
    tried.tried = vec!["gpt-4o-mini".into()];
    check(&tried, &policies, &["pass", looked, noted]);
}

#[test]
fn a_final_downgrade_that_is_not_carried_out_still_ends_policies() {
    let cheap = last(rule("cheap", downgrade("gpt-4o-mini")));
    let policies = [policy("p", vec![cheap]), policy("q", vec![rule("stop", block())])];
    let rules = rules(&policies);
    let (step, mut decision) = scene().judge(&rules);
    assert!(matches!(step, Step::Amend { otherwise: Cursor::END, .. }), "{step:?}");
    assert_eq!(scene().go_on(&rules, Cursor::END, &mut decision), Step::Pass);

    let mut same = scene();
    same.call.model = "gpt-4o-mini".into();
    let expected = ["pass", "p/cheap yes: the rule has no condition", "passed over: 1"];
    check(&same, &policies, &expected);
}

#[test]
fn a_clip_lowers_the_cap_never_below_what_is_worth_it() {
    for (to, floor, cap, thinking, expected) in [
        (Some(100), 16, Some(1_000), 0, Some(Amendment::Clip { output_cap: Tokens(100) })),
        (Some(100), 16, None, 0, Some(Amendment::Clip { output_cap: Tokens(100) })),
        (Some(100), 16, Some(100), 0, None),
        (Some(100), 16, Some(99), 0, None),
        (Some(100), 16, Some(10), 0, None),
        (Some(100), 16, Some(8_000), 50, Some(Amendment::Clip { output_cap: Tokens(100) })),
        (Some(100), 16, Some(8_000), 90, Some(Amendment::Clip { output_cap: Tokens(106) })),
        (Some(100), 0, Some(8_000), 2_000, Some(Amendment::Clip { output_cap: Tokens(2_001) })),
        (Some(100), 16, Some(2_010), 2_000, None),
        (None, 64, Some(1_000), 0, Some(Amendment::ClipToAfford { floor: Tokens(64) })),
    ] {
        let mut scene = scene();
        scene.call.output_cap = cap.map(Tokens);
        scene.call.thinking_budget = Tokens(thinking);
        let policies = [policy(
            "p",
            vec![rule("short", Action::Clip { to: to.map(Tokens), floor: Tokens(floor) })],
        )];
        let (step, _) = scene.judge(&rules(&policies));
        let (by, otherwise) = (by("p", "short"), Cursor(2));
        let amend = |amendment| Step::Amend { amendment, by, otherwise };
        let expected = expected.map_or(Step::Pass, amend);
        assert_eq!(step, expected, "to {to:?} from {cap:?}, thinking {thinking}");
    }
}

#[test]
fn the_first_override_for_an_agent_replaces_models_or_action() {
    let change = |agents: &[&str]| Override { agents: patterns(agents), ..Override::default() };
    let models = |list| Some(patterns(list));
    let overrides = vec![
        Override { action: Some(warn()), ..change(&["billing-*", "vip"]) },
        Override { models: models(&["o3"]), ..change(&["v*"]) },
        Override { action: Some(allow()), ..change(&["vip"]) },
    ];
    let no_big = Rule { overrides, ..rule_for("no big", &["gpt-4o"], block()) };
    let policies = [policy("p", vec![no_big])];
    let yes = "p/no big yes: every condition holds";
    let no = "p/no big no: outside the rule's models";
    for (agent, model, expected) in [
        ("support-bot", "gpt-4o", ["block p/no big", yes]),
        ("billing-1", "gpt-4o", ["pass", yes]),
        ("vip", "gpt-4o", ["pass", yes]),
        ("visitor", "gpt-4o", ["pass", no]),
        ("visitor", "o3", ["block p/no big", yes]),
        ("vip", "o3", ["pass", no]),
    ] {
        let mut scene = scene();
        scene.identity.agent = agent.into();
        scene.call.model = model.into();
        let decision = check(&scene, &policies, &expected);
        assert!(!decision.allowed, "{agent}: a later override was taken");
    }
}

#[test]
fn an_override_of_models_replaces_the_list_that_the_rule_has() {
    let change = Override {
        agents: patterns(&["support-*"]),
        models: Some(patterns(&["gpt-4o"])),
        ..Override::default()
    };
    let when = Conditions { not_models: patterns(&["gpt-4o-mini"]), ..Conditions::default() };
    let allowed = Rule { when, overrides: vec![change], ..rule("only small", block()) };
    let policies = [policy("p", vec![allowed])];
    check(&scene(), &policies, &["pass", "p/only small no: outside the rule's not_models"]);
    let mut other = scene();
    other.identity.agent = "billing".into();
    check(&other, &policies, &["block p/only small", "p/only small yes: every condition holds"]);
}

#[test]
fn a_rule_that_errs_does_what_its_policy_says() {
    let spend = SpendCondition {
        limit: Some(usd("1.00")),
        ..SpendCondition::new(reins_governor::ScopeKind::Agent, reins_governor::Window::Daily)
    };
    let when = Conditions { spend: Some(spend), ..Conditions::default() };
    let cap = vec![Rule { when, ..rule("cap", warn()) }, rule("note", flag())];
    let mut scene = scene();
    scene.readings = Some(Readings::default());
    let why = "the ledger did not say what was spent";
    let note = "watch/note yes: the rule has no condition";

    let closed = policy("watch", cap);
    let open = Policy { on_error: OnError::Allow, ..closed.clone() };
    let (yes, no) = (format!("watch/cap yes: {why}"), format!("watch/cap no: {why}"));
    let blocked = check(&scene, std::slice::from_ref(&closed), &["block watch/cap", &yes]);
    let passed = check(&scene, &[open], &["pass", &no, note]);
    for decision in [blocked, passed] {
        let erred: Vec<_> = decision.trace.erred().map(Looked::by).collect();
        assert_eq!(erred, [by("watch", "cap")]);
    }
    let decision = check(&scene, &[observing(closed)], &["pass", &yes, note]);
    assert_eq!(decision.marks[0], observed("cap", Word::Block));
}
