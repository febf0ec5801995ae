//! `[[policy]]`: a named, ordered list of rules.

use reins_policy::{Mode, OnError, Policy, PolicyScope, Rule, Status};

use crate::names::Names;
use crate::reader::Reader;
use crate::tables::action::Going;
use crate::tables::rule;
use crate::targets::{Calls, Targets};
use crate::value::Value;

/// The priority of a policy that names none: others can go before it and after it.
const PRIORITY: i64 = 100;

pub(crate) fn read(
    mut table: Reader<'_>,
    names: &mut Names,
    targets: &Targets<'_>,
) -> Option<Policy> {
    let hint = "name the policy: decisions say which one it was";
    let name = table.required(&["name"], hint, |value| names.take(value));
    let description = table.optional(&["description"], Value::text);
    let priority = table.defaulted(&["priority"], PRIORITY, Value::signed);
    let status = table.defaulted(&["status"], Status::Active, status);
    let mode = table.defaulted(&["mode"], Mode::Enforce, mode);
    let on_error = table.defaulted(&["on_error"], OnError::Block, on_error);
    let scope = table.defaulted(&["scope"], PolicyScope::default(), scope);
    let calls = scope.as_ref().map(calls).unwrap_or_default();
    let mut rule_names = Names::of("rules");
    let read = |table| rule::read(table, &mut rule_names, Going { calls, targets });
    let rules: Vec<Option<Rule>> = table.each(&["rule", "rules"]).into_iter().map(read).collect();
    Some(Policy {
        name: name?,
        description: description?.map(Into::into),
        priority: priority?,
        status: status?,
        mode: mode?,
        scope: scope?,
        rules: rules.into_iter().collect::<Option<_>>()?,
        on_error: on_error?,
    })
}

fn scope(value: &Value<'_>) -> Option<PolicyScope> {
    let mut table = value.table()?;
    let agents = table.patterns(&["agents", "agent_ids", "agentIds"]);
    let teams = table.patterns(&["teams"]);
    let vendors = table.patterns(&["vendors"]);
    let models = table.patterns(&["models"]);
    Some(PolicyScope { agents: agents?, teams: teams?, vendors: vendors?, models: models? })
}

fn calls(scope: &PolicyScope) -> Calls<'_> {
    Calls { vendors: &scope.vendors, models: &scope.models }
}

fn status(value: &Value<'_>) -> Option<Status> {
    value.word(&[("active", Status::Active), ("draft", Status::Draft), ("paused", Status::Paused)])
}

fn mode(value: &Value<'_>) -> Option<Mode> {
    value.word(&[("enforce", Mode::Enforce), ("observe", Mode::Observe), ("demo", Mode::Observe)])
}

fn on_error(value: &Value<'_>) -> Option<OnError> {
    value.word(&[("block", OnError::Block), ("allow", OnError::Allow)])
}
