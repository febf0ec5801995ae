//! `[[key]]`: a Reins key that the file declares by the variable it stands in.

use std::sync::Arc;

use reins_governor::Environment;

use crate::Secret;
use crate::environment::Variables;
use crate::names::Names;
use crate::reader::Reader;
use crate::settings::{DeclaredKey, Pins};
use crate::tables::organization::reference;
use crate::value::Value;

/// Shorter keys can be guessed: 16 characters of base 62 are 95 bits.
const VALUE_MIN: usize = 16;
/// Where a key belongs.
const HINT: &str = "put it into an environment variable, and name that: value_env = \"REINS_KEY\"";

/// A key whose variable is not set is left out: an empty one would open everything.
pub(crate) fn read(
    mut table: Reader<'_>,
    names: &mut Names,
    connections: &Names,
    variables: &Variables<'_>,
) -> Option<DeclaredKey> {
    let hint = "name the key, such as name = \"ci\"";
    let name = table.required(&["name"], hint, |value| names.take(value));
    let value = value(&mut table, variables);
    let pins = pins(&mut table, connections);
    let environment = table.defaulted(&["environment"], Environment::Live, environment);
    let observe_allowed = table.defaulted(&["observe"], false, Value::flag);
    Some(DeclaredKey {
        name: name?,
        value: value?,
        pins: pins?,
        environment: environment?,
        observe_allowed: observe_allowed?,
    })
}

fn value(table: &mut Reader<'_>, variables: &Variables<'_>) -> Option<Secret> {
    let (literal, variable) = (table.field(&["value"]), table.field(&["value_env"]));
    if let Some(literal) = literal {
        return literal.bad("a key is written into the file", HINT);
    }
    let Some(variable) = variable else {
        table.place.at_odds("`value_env` is missing", HINT);
        return None;
    };
    let value = variables.secret(&variable)?;
    if value.expose().len() < VALUE_MIN {
        let what = format!("the key is shorter than {VALUE_MIN} characters");
        variable.place.warn(what, "take one that nobody can guess");
    }
    Some(value)
}

fn pins(table: &mut Reader<'_>, connections: &Names) -> Option<Pins> {
    let agent = table.optional(&["agent"], Value::name);
    let team = table.optional(&["team"], Value::name);
    let user = table.optional(&["user"], Value::name);
    let session = table.optional(&["session"], Value::name);
    let roles = table.optional(&["roles"], roles);
    let connection = table.optional(&["connection"], |v| reference("connection", v, connections));
    Some(Pins {
        agent: agent?,
        team: team?,
        user: user?,
        session: session?,
        roles: roles?,
        connection: connection?,
    })
}

/// Unlike elsewhere, an empty list means something: no header can claim a role.
fn roles(value: &Value<'_>) -> Option<Arc<[Arc<str>]>> {
    value.list()?.iter().map(Value::name).collect()
}

fn environment(value: &Value<'_>) -> Option<Environment> {
    value.word(&[("live", Environment::Live), ("test", Environment::Test)])
}
