//! `[[agent]]`: an agent that is known by name.

use crate::names::Names;
use crate::organization::Agent;
use crate::reader::Reader;
use crate::value::Value;

pub(crate) fn read(mut table: Reader<'_>, names: &mut Names) -> Option<Agent> {
    let hint = "name the agent, such as name = \"support-bot\"";
    let name = table.required(&["name"], hint, |value| names.take(value));
    let team = table.optional(&["team"], Value::name);
    Some(Agent { name: name?, team: team? })
}
