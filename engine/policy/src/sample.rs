//! A caller, a call and the parts of policies, for tests to change.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use reins_governor::samples::caller;
use reins_governor::{
    Budget, BudgetScope, Budgets, Call, Cursor, DecidedBy, Decision, Endpoint, Facts, HoldMode,
    Identity, InputSize, Judge, Name, OnExceed, Pattern, Reading, Readings, ScopeKind, Step,
    Tokens, Usd, Window,
};

use crate::{Action, Conditions, Mode, OnError, Policy, PolicyScope, Rule, Rules, Status, compile};

/// All that a judge sees of one call.
pub(crate) struct Scene {
    pub(crate) identity: Identity,
    pub(crate) call: Call,
    pub(crate) bound: Option<Usd>,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) tried: Vec<Arc<str>>,
    pub(crate) readings: Option<Readings>,
}

/// Agent `support-bot` of team `support` asks `gpt-4o` of `openai`, at most five cents, on a
/// Tuesday noon in UTC. No money is held yet.
pub(crate) fn scene() -> Scene {
    Scene {
        identity: Identity {
            team: Some("support".into()),
            roles: ["trial".into(), "beta".into()].into(),
            ..caller("support-bot")
        },
        call: call(),
        bound: Some(usd("0.05")),
        now: "2026-05-05T12:00:00Z".parse().expect("an instant"),
        zone: TimeZone::UTC,
        tried: Vec::new(),
        readings: None,
    }
}

fn call() -> Call {
    Call {
        input: InputSize { text_bytes: 4_000, parts: 2, ..InputSize::default() },
        output_cap: Some(Tokens(1_000)),
        ..Call::new("openai", "gpt-4o", Endpoint::ChatCompletions)
    }
}

pub(crate) fn usd(text: &str) -> Usd {
    text.parse().expect(text)
}

pub(crate) fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| text.parse().expect("a pattern")).collect()
}

/// A reading of this much spent, this much held and so many calls.
pub(crate) fn reading(spent: &str, held: &str, calls: u64) -> Reading {
    Reading { spent: usd(spent), held: usd(held), calls }
}

pub(crate) const fn allow() -> Action {
    Action::Allow
}

pub(crate) const fn block() -> Action {
    Action::Block { message: None, redirect_url: None }
}

pub(crate) const fn warn() -> Action {
    Action::Warn { message: None }
}

pub(crate) const fn flag() -> Action {
    Action::Flag { message: None }
}

pub(crate) fn downgrade(model: &str) -> Action {
    Action::Downgrade { model: model.into() }
}

/// A rule of a policy, as it stands behind what it did.
pub(crate) fn by(policy: &str, rule: &str) -> DecidedBy {
    DecidedBy::Rule { policy: Name::kept(policy), rule: Name::kept(rule) }
}

/// A rule without conditions.
pub(crate) fn rule(name: &str, action: Action) -> Rule {
    Rule {
        name: Name::kept(name),
        enabled: true,
        when: Conditions::default(),
        action,
        is_final: false,
        overrides: Vec::new(),
    }
}

/// A rule for these models.
pub(crate) fn rule_for(name: &str, models: &[&str], action: Action) -> Rule {
    let when = Conditions { models: patterns(models), ..Conditions::default() };
    Rule { when, ..rule(name, action) }
}

/// A rule with nothing after it.
pub(crate) fn last(rule: Rule) -> Rule {
    Rule { is_final: true, ..rule }
}

/// A policy in force for every call.
pub(crate) fn policy(name: &str, rules: Vec<Rule>) -> Policy {
    Policy {
        name: Name::kept(name),
        description: None,
        priority: 0,
        status: Status::Active,
        mode: Mode::Enforce,
        scope: PolicyScope::default(),
        rules,
        on_error: OnError::Block,
    }
}

pub(crate) fn budget(name: &str, agents: &str, limit: &str, window: Window) -> Budget {
    let pattern = agents.parse().expect("a pattern");
    Budget {
        name: Name::kept(name),
        scope: BudgetScope { kind: ScopeKind::Agent, pattern },
        limit: usd(limit),
        window,
        on_exceed: OnExceed::Block,
        hold: HoldMode::Bound,
        warn_at: Vec::new(),
    }
}

/// The rules of an organization in UTC without budgets.
pub(crate) fn rules(policies: &[Policy]) -> Rules {
    compile(policies, &Budgets::default(), &TimeZone::UTC).expect("sound policies").0
}

// === impl Scene ===

impl Scene {
    /// Money is held, and this is what the judge's only reading says.
    pub(crate) fn reads(mut self, reading: Reading) -> Self {
        self.readings = Some(Readings([reading].into_iter().collect()));
        self
    }

    pub(crate) fn judge(&self, rules: &Rules) -> (Step, Decision) {
        let mut decision = Decision::default();
        let step = self.go_on(rules, Cursor::START, &mut decision);
        (step, decision)
    }

    pub(crate) fn go_on(&self, rules: &Rules, at: Cursor, decision: &mut Decision) -> Step {
        let facts = Facts {
            identity: &self.identity,
            call: &self.call,
            bound: self.bound,
            now: self.now,
            local: self.zone.to_datetime(self.now),
            attempt: 1,
            models_tried: &self.tried,
        };
        rules.run(&facts, at, self.readings.as_ref(), decision)
    }

    /// Whether one rule with these conditions matches, and why.
    pub(crate) fn matches(&self, when: Conditions) -> String {
        let rule = Rule { when, ..rule("r", flag()) };
        trace(&self.judge(&rules(&[policy("p", vec![rule])])).1)
    }
}

/// One line per rule, `policy/rule yes: the reason`, and one for the policies passed over.
pub(crate) fn trace(decision: &Decision) -> String {
    let lines = decision.trace.rules.iter().map(|looked| {
        let said = if looked.matched { "yes" } else { "no" };
        format!("{}/{} {said}: {}", looked.policy, looked.rule, looked.reason)
    });
    let passed_over = decision.trace.passed_over;
    let rest = (passed_over > 0).then(|| format!("passed over: {passed_over}"));
    lines.chain(rest).collect::<Vec<_>>().join("\n")
}
