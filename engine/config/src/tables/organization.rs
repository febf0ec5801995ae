//! `[organization]`: who this is for, and its choices.

use jiff::tz::TimeZone;
use reins_governor::Name;

use crate::names::Names;
use crate::nearest::{nearest, suggestion};
use crate::organization::{BudgetStatus, UnknownAgents};
use crate::others::Other;
use crate::reader::Reader;
use crate::value::Value;

/// The organization of a main file that names none, for a first try.
const ID: &str = "default";
/// The agent of calls that name none.
const AGENT: &str = "default";

/// What the table says. Where a part of it is wrong, the rest is still known.
pub(crate) struct Table {
    /// The id, where it is one that no other organization has.
    pub(crate) id: Option<Name>,
    pub(crate) zone: Option<TimeZone>,
    pub(crate) choices: Option<Choices>,
}

/// How the organization wants calls to be treated.
pub(crate) struct Choices {
    pub(crate) unknown_agents: UnknownAgents,
    pub(crate) default_agent: Name,
    pub(crate) default_connection: Option<Name>,
    pub(crate) default_deny: bool,
    pub(crate) budget_status: BudgetStatus,
}

/// The table of a main file that has none.
pub(crate) fn default() -> Table {
    let choices = Choices {
        unknown_agents: UnknownAgents::default(),
        default_agent: AGENT.into(),
        default_connection: None,
        default_deny: false,
        budget_status: BudgetStatus::default(),
    };
    Table { id: Some(ID.into()), zone: Some(TimeZone::UTC), choices: Some(choices) }
}

pub(crate) fn read(mut table: Reader<'_>, connections: &Names, others: &[Other<'_>]) -> Table {
    let hint = "name the organization: id = \"acme\"";
    let id = table.required(&["id"], hint, |value| unique(value, others));
    let zone = table.defaulted(&["timezone", "zone"], TimeZone::UTC, zone);
    Table { id, zone, choices: choices(&mut table, connections) }
}

fn choices(table: &mut Reader<'_>, connections: &Names) -> Option<Choices> {
    let unknown_agents = table.defaulted(&["unknown_agents"], UnknownAgents::Default, agents);
    let default_agent = table.defaulted(&["default_agent"], AGENT.into(), Value::name);
    let connection = |value: &Value<'_>| reference("connection", value, connections);
    let default_connection = table.optional(&["default_connection"], connection);
    let default_deny = table.defaulted(&["default_deny"], false, Value::flag);
    let budget_status = table.defaulted(&["budget_status"], BudgetStatus::default(), status);
    Some(Choices {
        unknown_agents: unknown_agents?,
        default_agent: default_agent?,
        default_connection: default_connection?,
        default_deny: default_deny?,
        budget_status: budget_status?,
    })
}

/// An id that no other organization of the process has.
fn unique(value: &Value<'_>, others: &[Other<'_>]) -> Option<Name> {
    let id = value.name()?;
    let same = others.iter().find(|other| other.organization.id == id);
    let Some(Other { path, .. }) = same else { return Some(id) };
    let what = format!("two organizations have the id `{id}`: the other is in {}", path.display());
    value.place.at_odds(what, "give each organization an id of its own");
    None
}

fn agents(value: &Value<'_>) -> Option<UnknownAgents> {
    value.word(&[
        ("default", UnknownAgents::Default),
        ("register", UnknownAgents::Register),
        ("refuse", UnknownAgents::Refuse),
    ])
}

fn status(value: &Value<'_>) -> Option<BudgetStatus> {
    match value.whole(100..=599)? {
        403_u64 => Some(BudgetStatus::Forbidden403),
        429 => Some(BudgetStatus::TooMany429),
        other => value.bad(format!("a budget cannot answer {other}"), "write 403 or 429"),
    }
}

/// The name of another table of the file.
pub(crate) fn reference(what: &str, value: &Value<'_>, names: &Names) -> Option<Name> {
    let name = value.name()?;
    if !names.contains(&name) {
        let hint = match names.is_empty() {
            true => format!("add a [[{what}]] of that name"),
            false => suggestion(&name, names.iter()),
        };
        value.place.at_odds(format!("there is no {what} `{name}`"), hint);
    }
    Some(name)
}

/// A time zone of the IANA data that is built in.
pub(crate) fn zone(value: &Value<'_>) -> Option<TimeZone> {
    let text = value.text()?;
    TimeZone::get(text).ok().or_else(|| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let hint = nearest(text, known.iter().map(String::as_str)).map_or_else(
            || "use an IANA name such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
            |close| format!("did you mean `{close}`?"),
        );
        value.bad(format!("`{text}` is not a time zone"), hint)
    })
}
