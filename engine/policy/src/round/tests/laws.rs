//! What holds for any policies: no block is lost, and order matters only where that is said.

use std::sync::Arc;

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use reins_governor::{
    Amendment, Cursor, Decision, Judge, Mark, Name, ReadKey, Reading, Readings, ScopeKind, Step,
    Tokens, Usd, Window,
};

use crate::sample::{Scene, block, patterns, policy, rule, rules, scene, trace, usd};
use crate::{
    Action, AmountRange, Conditions, Mode, Policy, PolicyScope, Rule, Rules, SpendCondition,
};

/// More steps than the longest run can take: every rule changes the call once, and asks for spend
/// anew each time.
const STEPS_MAX: usize = 100;

/// Runs the rules as the flow does: holds when asked, changes the call when asked, goes on.
fn run(mut scene: Scene, rules: &Rules) -> (Step, Decision) {
    let held = scene.readings.take();
    let (mut decision, mut at) = (Decision::default(), Cursor::START);
    for _ in 0..STEPS_MAX {
        match scene.go_on(rules, at, &mut decision) {
            Step::NeedSpend(cursor) => {
                scene.readings.clone_from(&held);
                at = cursor;
            }
            Step::Amend { amendment: Amendment::Downgrade { model }, .. } => {
                scene.tried.push(Arc::clone(&scene.call.model));
                scene.call.model = model;
                (decision, at, scene.readings) = (Decision::default(), Cursor::START, None);
            }
            Step::Amend { amendment: Amendment::Clip { output_cap }, .. } => {
                scene.call.output_cap = Some(output_cap);
                (decision, at, scene.readings) = (Decision::default(), Cursor::START, None);
            }
            Step::Amend { amendment: Amendment::ClipToAfford { .. }, otherwise, .. } => {
                at = otherwise;
            }
            step @ (Step::Pass | Step::Block(_)) => return (step, decision),
        }
    }
    panic!("the rules never come to an end");
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let models = prop_oneof![Just(vec![]), Just(vec!["gpt-4o"]), Just(vec!["o3", "gpt-4o-*"])];
    let agents = prop_oneof![Just(vec![]), Just(vec!["support-*"]), Just(vec!["billing"])];
    let amount = prop_oneof![Just(None), Just(Some("0.01")), Just(Some("1.00"))];
    let windows = prop_oneof![Just(Window::Daily), Just(Window::Hourly)];
    let limit = prop_oneof![Just("0.50"), Just("2.00")];
    let spend = proptest::option::of((windows, limit).prop_map(|(window, limit)| SpendCondition {
        limit: Some(usd(limit)),
        ..SpendCondition::new(ScopeKind::Agent, window)
    }));
    (models, agents, amount, spend).prop_map(|(models, agents, min, spend)| Conditions {
        models: patterns(&models),
        agents: patterns(&agents),
        amount: min.map(|min| AmountRange { min: Some(usd(min)), max: None }),
        spend,
        ..Conditions::default()
    })
}

/// Actions that leave the call as it is.
fn words() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Allow),
        Just(block()),
        Just(Action::Warn { message: None }),
        Just(Action::Flag { message: None }),
    ]
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => words(),
        1 => prop_oneof![Just("gpt-4o-mini"), Just("o3"), Just("gpt-4o")]
            .prop_map(|model| Action::Downgrade { model: model.into() }),
        1 => proptest::option::of((50_u64..2_000).prop_map(Tokens))
            .prop_map(|to| Action::Clip { to, floor: Tokens(16) }),
    ]
}

/// Policies of any mode; only observing ones may have final rules.
fn policies(
    actions: impl Strategy<Value = Action> + 'static,
) -> impl Strategy<Value = Vec<Policy>> {
    let rules = proptest::collection::vec((conditions(), actions, any::<bool>()), 0..4);
    let scope = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["billing"])];
    let one = (rules, scope, any::<bool>(), -3_i64..3).prop_map(|(list, agents, observes, at)| {
        let named = list.into_iter().enumerate().map(|(index, (when, action, last))| Rule {
            when,
            is_final: last && observes,
            ..rule(&format!("r{index}"), action)
        });
        Policy {
            priority: at,
            mode: if observes { Mode::Observe } else { Mode::Enforce },
            scope: PolicyScope { agents: patterns(&agents), ..PolicyScope::default() },
            ..policy("", named.collect())
        }
    });
    proptest::collection::vec(one, 0..5).prop_map(|mut list| {
        for (index, policy) in list.iter_mut().enumerate() {
            policy.name = Name::kept(format!("p{index}"));
        }
        list
    })
}

/// Cents that were spent today, and in this hour.
fn cents() -> impl Strategy<Value = (u64, u64)> {
    (0_u64..300, 0_u64..300)
}

/// A call on a hold whose readings are these.
fn spent((day, hour): (u64, u64), rules: &Rules) -> Scene {
    let reading = |key: &ReadKey| {
        let cents = if key.window == Window::Daily { day } else { hour };
        Reading { spent: Usd::from_cents(cents), held: usd("0.05"), calls: 1 }
    };
    let readings = Some(Readings(rules.reads().iter().map(reading).collect()));
    Scene { readings, ..scene() }
}

fn blocked(step: &Step) -> bool {
    matches!(step, Step::Block(_))
}

fn shuffled(policies: &[Policy], priorities: &[i64]) -> Vec<Policy> {
    let paired = policies.iter().zip(priorities.iter().cycle());
    paired.map(|(policy, at)| Policy { priority: *at, ..policy.clone() }).collect()
}

fn sorted(marks: &[Mark]) -> Vec<String> {
    let mut texts: Vec<_> = marks.iter().map(|mark| format!("{mark:?}")).collect();
    texts.sort();
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_other_policy_loses_a_block(
        others in policies(actions()),
        at in -4_i64..4,
        behind in any::<bool>(),
        cents in cents(),
    ) {
        let guard = Policy { priority: at, ..policy("guard", vec![rule("stop", block())]) };
        let mut all = others;
        all.insert(if behind { all.len() } else { 0 }, guard);
        let rules = rules(&all);
        let (step, decision) = run(spent(cents, &rules), &rules);
        prop_assert!(blocked(&step), "{step:?}\n{}", trace(&decision));
    }

    #[test]
    fn the_order_of_policies_changes_nothing_where_none_is_final_and_none_changes_the_call(
        policies in policies(words()),
        priorities in proptest::collection::vec(-9_i64..9, 5),
        cents in cents(),
    ) {
        let (one, other) = (rules(&policies), rules(&shuffled(&policies, &priorities)));
        let (step, decision) = run(spent(cents, &one), &one);
        let (reordered, of_other) = run(spent(cents, &other), &other);
        prop_assert_eq!(blocked(&step), blocked(&reordered));
        if !blocked(&step) {
            prop_assert_eq!(sorted(&decision.marks), sorted(&of_other.marks));
            prop_assert_eq!(decision.allowed, of_other.allowed);
            prop_assert_eq!(decision.evaluated, of_other.evaluated);
        }
    }

    #[test]
    fn going_on_after_the_hold_says_what_a_single_pass_would(
        policies in policies(words()),
        cents in cents(),
    ) {
        let rules = rules(&policies);
        prop_assert_eq!(run(spent(cents, &rules), &rules), spent(cents, &rules).judge(&rules));
    }
}
