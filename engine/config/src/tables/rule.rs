//! `[[policy.rule]]`: conditions, and what happens to the calls they hold for.

use reins_policy::{Action, Conditions, Override, Rule};

use crate::names::Names;
use crate::reader::{Reader, Spellings};
use crate::tables::action::{self, Going, Telling};
use crate::tables::conditions::{self, refuse_later_kinds};
use crate::tables::spend;
use crate::targets::Calls;
use crate::value::Value;

pub(crate) fn read(mut table: Reader<'_>, names: &mut Names, of_policy: Going<'_>) -> Option<Rule> {
    let hint = "name the rule: decisions say which one it was";
    let name = table.required(&["name"], hint, |value| names.take(value));
    let enabled = table.defaulted(&["enabled"], true, Value::flag);
    let is_final = table.defaulted(&["final"], false, Value::flag);
    let when = table.defaulted(&["when"], Conditions::default(), |v| conditions::read(v.table()?));
    let when = beside(&mut table, when);
    let own = when.as_ref().map(calls).unwrap_or_default();
    let going = of_policy.narrowed(own);
    let action = action(&mut table, &going);
    let overrides = table.each(&["overrides"]);
    let overrides: Vec<_> = overrides.into_iter().map(|each| overriding(each, going)).collect();
    Some(Rule {
        name: name?,
        enabled: enabled?,
        when: when?,
        action: action?,
        is_final: is_final?,
        overrides: overrides.into_iter().collect::<Option<_>>()?,
    })
}

/// The conditions with the rule's own `cel`, which may stand beside `when` or in it.
fn beside(table: &mut Reader<'_>, when: Option<Conditions>) -> Option<Conditions> {
    let written = table.field(&["cel"]);
    let mut when = when?;
    let Some(value) = written else { return Some(when) };
    if when.cel.is_some() {
        let hint = "join the two with `&&`, and leave one out";
        return value.bad("`cel` is written beside `when` and in it", hint);
    }
    when.cel = Some(conditions::expression(&value)?);
    Some(when)
}

fn calls(when: &Conditions) -> Calls<'_> {
    Calls { vendors: &when.vendors, models: &when.models }
}

/// The action. A rule of a later kind is refused by its kind, not for its lack of an action.
fn action(table: &mut Reader<'_>, going: &Going<'_>) -> Option<Action> {
    refuse_later_kinds(table);
    let (later, told) = (table.again("wasm").is_some(), Telling::of(table));
    let settings = table.field(&["settings"]);
    if later {
        return table.field(&["action"]).and_then(|value| action::read(&value, &told?, going));
    }
    if let Some(settings) = settings {
        settings.place.at_odds("`settings` is for wasm rules", "leave it out");
    }
    let hint = "write what happens, such as action = \"block\"";
    table.required(&["action"], hint, |value| action::read(value, &told?, going))
}

fn overriding(mut table: Reader<'_>, going: Going<'_>) -> Option<Override> {
    let agents: Spellings = &["agents", "agent_ids", "agentIds"];
    let agents = table.required(agents, "name the agents it is for", Value::patterns);
    let limit = spend::limit(&mut table);
    let models = table.optional(&["models"], Value::patterns);
    let told = Telling::of(&mut table);
    let own = models.as_ref().and_then(Option::as_deref).unwrap_or_default();
    let going = going.narrowed(Calls { vendors: &[], models: own });
    let action = table.optional(&["action"], |value| action::read(value, &told?, &going));
    Some(Override { agents: agents?, limit: limit?, models: models?, action: action? })
}
