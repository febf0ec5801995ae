//! `[[key]]`: a Reins key that the file declares by the variable it stands in.

use std::sync::Arc;

use reins_governor::{Environment, Name};

use crate::Secret;
use crate::environment::Variables;
use crate::names::Names;
use crate::organization::{Connection, DeclaredKey, Pins, VendorKey};
use crate::others::Other;
use crate::reader::Reader;
use crate::tables::organization::reference;
use crate::value::Value;

/// Shorter keys can be guessed: 16 characters of base 62 are 95 bits.
const VALUE_MIN: usize = 16;
/// Where a key belongs.
const HINT: &str = "put it into an environment variable, and name that: value_env = \"REINS_KEY\"";

/// Characters that a pattern gives a meaning: a budget or limit could not name such a key.
const OF_PATTERNS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// Keys read so far, of vendors and of Reins, each with what has it: two alike would be one.
pub(crate) struct Taken {
    keys: Vec<(String, Secret)>,
    /// Keys that were there already when they were read.
    pub(crate) doubled: usize,
}

/// A key whose variable is not set is left out: an empty one would open everything.
pub(crate) fn read(
    mut table: Reader<'_>,
    names: &mut Names,
    connections: &Names,
    (variables, taken): (&Variables<'_>, &mut Taken),
) -> Option<DeclaredKey> {
    let hint = "name the key, such as name = \"ci\"";
    let name = table.required(&["name"], hint, |value| name(value, names));
    let value = value(&mut table, variables);
    let pins = pins(&mut table, connections);
    let environment = table.defaulted(&["environment"], Environment::Live, environment);
    let observe_allowed = table.defaulted(&["observe"], false, Value::flag);
    let (name, (variable, value)) = (name?, value?);
    taken.take(&variable, &name, &value)?;
    Some(DeclaredKey {
        name,
        value,
        pins: pins?,
        environment: environment?,
        observe_allowed: observe_allowed?,
    })
}

/// A name that a scope can be written for: budgets, limits and spend of a key go by it.
fn name(value: &Value<'_>, names: &mut Names) -> Option<Name> {
    let name = names.take(value)?;
    if name.contains(OF_PATTERNS) {
        let what = format!("`{name}` cannot be the name of a key");
        return value.bad(what, "budgets name keys by patterns: leave out * ? [ ] { } and \\");
    }
    Some(name)
}

fn value<'a>(table: &mut Reader<'a>, variables: &Variables<'_>) -> Option<(Value<'a>, Secret)> {
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
    Some((variable, value))
}

// === impl Taken ===

impl Taken {
    /// The keys of the vendors that the file names, and all keys of other organizations: no vendor
    /// is shown a key of Reins, and a key of Reins is of one organization.
    pub(crate) fn by(connections: &[Connection], others: &[Other<'_>]) -> Self {
        let own = of_vendors(connections).map(|(what, key)| (what, key.clone()));
        let theirs = others.iter().flat_map(Other::secrets);
        Self { keys: own.chain(theirs).collect(), doubled: 0 }
    }

    fn take(&mut self, variable: &Value<'_>, whose: &Name, value: &Secret) -> Option<()> {
        if let Some((other, _)) = self.keys.iter().find(|(_, taken)| taken == value) {
            self.doubled += 1;
            let what = format!("the variable holds the same value as {other}");
            return variable.bad(what, "give this key a value of its own");
        }
        self.keys.push((format!("the key `{whose}`"), value.clone()));
        Some(())
    }
}

/// The keys of vendors that connections have from the environment, each with what has it.
pub(crate) fn of_vendors(connections: &[Connection]) -> impl Iterator<Item = (String, &Secret)> {
    connections.iter().filter_map(|each| match &each.key {
        VendorKey::Environment(key) if !key.expose().is_empty() => {
            Some((format!("the vendor's key of the connection `{}`", each.name), key))
        }
        VendorKey::Environment(_) | VendorKey::Stored | VendorKey::PassThrough => None,
    })
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
fn roles(value: &Value<'_>) -> Option<Arc<[Name]>> {
    value.list()?.iter().map(Value::name).collect()
}

fn environment(value: &Value<'_>) -> Option<Environment> {
    value.word(&[("live", Environment::Live), ("test", Environment::Test)])
}
