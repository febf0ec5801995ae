//! What the record of a call tells: status, action, who did it, and where the time went.

use std::sync::Arc;

use super::scene::{Scene, TICK_US, run};
use super::script::{SPEND, Script, block, house, look, warning};
use crate::{
    Action, Answered, DecidedBy, Ending, Latency, Looked, Mark, OnExceed, Reason, ScopeKind,
    SpendRead, Status, Step, Tokens, Usage, Usd, Window,
};

fn flagged() -> Mark {
    Mark::Flagged { by: house(), message: "look at this".into() }
}

fn observed() -> Mark {
    Mark::Observed { by: house(), action: Action::Block }
}

/// A rule that leaves these marks, on a call that goes on.
fn marking(marks: Vec<Mark>) -> Scene {
    Scene::new(Script::new(move |asked| {
        look(asked.decision, true);
        marks.iter().cloned().for_each(|mark| asked.decision.mark(mark));
        Step::Pass
    }))
}

#[track_caller]
fn check(marks: Vec<Mark>, status: Status, action: Action, reason: Option<&str>) {
    let scene = marking(marks);
    let admitted = scene.admitted();
    let draft = admitted.draft();
    assert_eq!((draft.status, draft.opening.action), (status, action));
    assert_eq!(draft.opening.reason.as_deref(), reason);
    let who = reason.map(|_| ("house", "rule"));
    assert_eq!(draft.opening.policy.as_deref().zip(draft.opening.rule.as_deref()), who);
}

#[test]
fn the_weightiest_mark_names_what_was_done() {
    let warn = || warning("dear");
    check(vec![], Status::Passed, Action::Pass, None);
    check(vec![warn()], Status::Warned, Action::Warn, Some("dear"));
    check(vec![warn(), warning("later")], Status::Warned, Action::Warn, Some("dear"));
    check(vec![warn(), flagged()], Status::Flagged, Action::Flag, Some("look at this"));
    let would = Some("observed only: the rule would block");
    check(vec![observed()], Status::Observed, Action::Pass, would);
    check(vec![observed(), warn()], Status::Warned, Action::Warn, Some("dear"));
}

#[test]
fn a_budget_that_changed_a_call_is_named_without_a_rule() {
    let scene = marking(vec![warning("dear"), flagged()])
        .budget(1_100, OnExceed::Downgrade { model: "small".into() });
    let admitted = scene.admitted();
    let draft = admitted.draft();
    assert_eq!((draft.status, draft.opening.action), (Status::Downgraded, Action::Downgrade));
    assert_eq!(
        (draft.opening.policy.as_deref(), draft.opening.rule.as_deref()),
        (Some("budget 1"), None)
    );
    assert_eq!(draft.opening.reason.as_deref(), Some("`big` was replaced by `small`"));
    assert_eq!((&*draft.opening.model_asked, &*draft.model_used), ("big", "small"));

    let scene = marking(vec![]).budget(6_000, OnExceed::Clip { floor: Tokens(1) });
    let admitted = scene.admitted();
    let draft = admitted.draft();
    assert_eq!((draft.status, draft.opening.action), (Status::Clipped, Action::Clip));
    assert_eq!(draft.opening.reason.as_deref(), Some("the output cap was lowered to 50 tokens"));
}

#[test]
fn a_call_that_no_policy_applies_to_is_bypassed() {
    let scene = Scene::new(Script::new(|asked| {
        asked.decision.pass_over(1);
        Step::Pass
    }));
    let admitted = scene.admitted();
    let draft = admitted.draft();
    assert_eq!(
        (draft.status, draft.opening.action, draft.opening.evaluated),
        (Status::Bypassed, Action::Pass, false)
    );
    assert_eq!(Scene::new(Script::passing()).admitted().draft().status, Status::Passed);
}

#[test]
fn a_refusal_names_who_stopped_the_call_and_why() {
    let scene = Scene::new(Script::at_most(crate::Usd::ZERO));
    scene.turned();
    let record = scene.record();
    assert_eq!(
        (record.opening.action, record.opening.reason.as_deref()),
        (Action::Block, Some("over"))
    );
    assert_eq!(
        record.opening.policy.as_deref().zip(record.opening.rule.as_deref()),
        Some(("house", "rule"))
    );
    let agent_spent = SpendRead {
        kind: ScopeKind::Agent,
        window: Window::Daily,
        spent: Usd::ZERO,
        held: record.opening.bound.expect("a bound"),
        calls: 1,
    };
    assert_eq!(record.opening.readings, [agent_spent], "the caller has no user");
    let [matched] = record.opening.matched.as_slice() else { panic!("one rule matched") };
    assert_eq!((&*matched.policy, &*matched.rule), ("house", "rule"));
    assert!(record.trace_digest.is_some());

    let scene = Scene::new(Script::passing()).budget(1, OnExceed::Block);
    scene.turned();
    let record = scene.record();
    assert_eq!(
        (record.opening.policy.as_deref(), record.opening.rule.as_deref()),
        (Some("budget 1"), None)
    );
    let reason = record.opening.reason.as_deref();
    assert!(reason.is_some_and(|reason| reason.contains("budget `budget 1`")));
}

#[test]
fn a_change_is_its_rules_own_whatever_else_was_looked_at() {
    let scene = Scene::new(Script::new(|asked| {
        if &*asked.facts.call.model == "small" {
            return Step::Pass;
        }
        asked.decision.look(&"other".into(), &"later".into(), false, Reason::Disabled);
        super::script::downgrade("small")
    }));
    let admitted = scene.admitted();
    let opening = &admitted.draft().opening;
    let by = opening.policy.as_deref().zip(opening.rule.as_deref());
    assert_eq!((opening.action, by), (Action::Downgrade, Some(("house", "rule"))));
}

#[test]
fn rules_that_err_are_told_apart() {
    for blocks in [false, true] {
        let scene = Scene::new(Script::new(move |asked| {
            look(asked.decision, true);
            let erred = Reason::Erred { why: "no such month".into() };
            asked.decision.look(&"house".into(), &"erring".into(), blocks, erred);
            if blocks { block() } else { Step::Pass }
        }));
        let erred = match run(scene.asks()) {
            Ok(admitted) => admitted.trace().erred().map(Looked::by).collect(),
            Err(turned) => turned.erred,
        };
        // One that lets calls go is asked again once money is held.
        let expected = DecidedBy::Rule { policy: "house".into(), rule: "erring".into() };
        assert_eq!(erred, vec![expected; if blocks { 1 } else { 2 }]);
    }
}

#[test]
fn a_record_tells_who_called_and_under_which_version() {
    let scene = Scene::new(Script::passing());
    let admitted = scene.admitted();
    let draft = admitted.draft();
    assert_eq!(
        (&*draft.opening.who.organization, &*draft.opening.who.agent, &*draft.opening.who.key.0),
        ("acme", "bot", "key_ci")
    );
    assert_eq!(
        draft.opening.who.team.as_deref().zip(draft.opening.who.session.as_deref()),
        Some(("research", "s-1"))
    );
    assert_eq!(
        (&*draft.opening.policy_version, &*draft.opening.price_version),
        ("snapshot-1", "tariff-1")
    );
    assert_eq!(draft.opening.who.roles, Arc::from(vec!["trial".into()]));
    assert_eq!(draft.opening.at, scene.asking().at);
}

#[test]
fn a_record_tells_where_the_time_went() {
    // The rules run four times and money is held twice; each takes one tick of the clock.
    let steps = vec![Step::NeedSpend(SPEND), super::script::downgrade("small")];
    let scene = Scene::new(Script::steps(steps));
    let usage = Usage::default();
    let ending = Ending::Used { usage, answered_by: None, complete: true };
    let answered = Answered { status: Some(200), first_byte_us: 1_000, total_us: 2_000 };
    scene.admitted().finish(ending, answered);
    let (policy, hold, commit) = (4 * TICK_US, 2 * TICK_US, TICK_US);
    let expected = Latency {
        auth_us: 3,
        limit_us: 4,
        policy_us: policy,
        hold_us: hold,
        commit_us: commit,
        vendor_first_byte_us: 1_000,
        vendor_total_us: 2_000,
        ours_us: 7 + policy + hold + commit,
    };
    assert_eq!(scene.record().latency, expected);
}
