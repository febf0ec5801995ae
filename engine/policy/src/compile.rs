//! Compiling policies: everything that can be wrong with them is found here, all at once.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use reins_governor::{Budgets, ReadKey};

use crate::condition::Condition;
use crate::rules::{CompiledPolicy, CompiledRule, Form};
use crate::{
    Action, Conditions, Flaw, Mode, OnError, Override, Place, Policy, PolicyScope, Rule, Rules,
    Status, Warning,
};

mod conditions;

/// Compiles the policies of an organization that has these budgets and this wall clock.
///
/// Policies that are drafted or paused are checked like those in force.
///
/// # Errors
/// Every flaw there is, in the order of the policies.
pub fn compile(
    policies: &[Policy],
    budgets: &Budgets,
    zone: &TimeZone,
) -> Result<(Rules, Vec<Warning>), Vec<Flaw>> {
    let mut compiler =
        Compiler { budgets, zone, reads: Vec::new(), flaws: Vec::new(), warnings: Vec::new() };
    let mut names = HashSet::new();
    let mut compiled = Vec::new();
    for policy in policies {
        if !names.insert(&policy.name) {
            compiler.flaws.push(Flaw::Twice { at: Here::policy(policy).at("name") });
        }
        let ready = compiler.policy(policy);
        if policy.status != Status::Draft {
            compiled.push((policy.priority, ready));
        }
    }
    let Compiler { reads, flaws, warnings, .. } = compiler;
    if flaws.is_empty() { Ok((Rules::new(compiled, reads), warnings)) } else { Err(flaws) }
}

struct Compiler<'a> {
    budgets: &'a Budgets,
    zone: &'a TimeZone,
    reads: Vec<ReadKey>,
    flaws: Vec<Flaw>,
    warnings: Vec<Warning>,
}

/// What is compiled.
#[derive(Clone, Copy)]
struct Here<'a> {
    policy: &'a Policy,
    rule: Option<&'a Rule>,
}

// === impl Compiler ===

impl Compiler<'_> {
    fn policy(&mut self, policy: &Policy) -> CompiledPolicy {
        if policy.on_error == OnError::Allow {
            self.warnings.push(Warning::FailsOpen { at: Here::policy(policy).at("on_error") });
        }
        let mut names = HashSet::new();
        let mut rules = Vec::new();
        for rule in &policy.rules {
            let here = Here { policy, rule: Some(rule) };
            if !names.insert(&rule.name) {
                self.flaws.push(Flaw::Twice { at: here.at("name") });
            }
            rules.push(self.rule(here, rule));
        }
        CompiledPolicy {
            name: policy.name.clone(),
            position: 0,
            paused: policy.status == Status::Paused,
            observes: policy.mode == Mode::Observe,
            on_error: policy.on_error,
            scope: scope(&policy.scope),
            rules,
        }
    }

    fn rule(&mut self, here: Here<'_>, rule: &Rule) -> CompiledRule {
        let declared = self.reads.len();
        self.check_action(here, "action", &rule.action);
        let plain = self.form(here, &rule.when, &rule.action);
        let changed = rule.overrides.iter().enumerate().map(|(index, change)| {
            self.check_override(here, index, rule, change);
            (change.agents.clone(), self.changed(here, rule, change))
        });
        let overrides = changed.collect();
        if here.policy.status != Status::Active || !rule.enabled {
            self.reads.truncate(declared);
        }
        CompiledRule {
            name: rule.name.clone(),
            position: 0,
            enabled: rule.enabled,
            is_final: rule.is_final,
            plain,
            overrides,
        }
    }

    fn form(&mut self, here: Here<'_>, when: &Conditions, action: &Action) -> Form {
        let conditions = self.conditions(here, when, matches!(action, Action::Allow));
        Form { conditions, action: action.clone() }
    }

    /// The rule as an override changes it. What is wrong with the rule was said of the rule.
    fn changed(&mut self, here: Here<'_>, rule: &Rule, change: &Override) -> Form {
        let (flaws, warnings) = (self.flaws.len(), self.warnings.len());
        let when = with(&rule.when, change);
        let form = self.form(here, &when, change.action.as_ref().unwrap_or(&rule.action));
        self.flaws.truncate(flaws);
        self.warnings.truncate(warnings);
        form
    }

    fn check_override(&mut self, here: Here<'_>, index: usize, rule: &Rule, change: &Override) {
        let at = |field: &str| here.at(&format!("overrides[{index}]{field}"));
        if change.agents.is_empty() {
            self.flaws.push(Flaw::Nothing { at: at(".agents"), missing: "the agents it is for" });
        }
        if *change == (Override { agents: change.agents.clone(), ..Override::default() }) {
            self.flaws.push(Flaw::Nothing { at: at(""), missing: "a limit, models or an action" });
        }
        if change.limit.is_some() && rule.when.spend.is_none() {
            self.flaws.push(Flaw::NoSpend { at: at(".limit") });
        }
        if let Some(action) = &change.action {
            self.check_action(here, &format!("overrides[{index}].action"), action);
        }
    }

    fn check_action(&mut self, here: Here<'_>, field: &str, action: &Action) {
        if let Action::Clip { to: Some(to), floor } = *action
            && to < floor
        {
            self.flaws.push(Flaw::Floor { at: here.at(field), to, floor });
        }
    }
}

fn scope(scope: &PolicyScope) -> Vec<Condition> {
    let lists = [
        listed(&scope.agents, Condition::Agents),
        listed(&scope.teams, Condition::Teams),
        listed(&scope.vendors, Condition::Vendors),
        listed(&scope.models, Condition::Models),
    ];
    lists.into_iter().flatten().collect()
}

/// A list that is empty asks nothing.
fn listed<T: Clone>(list: &[T], condition: fn(Vec<T>) -> Condition) -> Option<Condition> {
    (!list.is_empty()).then(|| condition(list.to_vec()))
}

/// The conditions of a rule as an override changes them.
fn with(when: &Conditions, change: &Override) -> Conditions {
    let mut when = when.clone();
    if let (Some(spend), Some(limit)) = (&mut when.spend, change.limit) {
        spend.limit = Some(limit);
    }
    if let Some(models) = change.models.clone() {
        let only_allowed = when.models.is_empty() && !when.not_models.is_empty();
        let list = if only_allowed { &mut when.not_models } else { &mut when.models };
        *list = models;
    }
    when
}

// === impl Here ===

impl<'a> Here<'a> {
    const fn policy(policy: &'a Policy) -> Self {
        Self { policy, rule: None }
    }

    fn at(self, field: &str) -> Place {
        let rule = self.rule.map(|rule| rule.name.clone());
        Place { policy: self.policy.name.clone(), rule, field: field.to_owned() }
    }
}

#[cfg(test)]
mod tests;
