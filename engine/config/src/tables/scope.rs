//! `scope = { agent = "support-*" }`: whose spend, or whose calls.

use reins_governor::{Name, Pattern, ScopeKind};

use crate::reader::{Reader, Spellings};
use crate::value::Value;

/// How the ids of keys begin.
const KEY_ID_PREFIX: &str = "key_";
/// How a scope is written.
const HINT: &str = "name one of organization, team, agent, user, session and key, such as \
                    { agent = \"support-*\" }";
/// Every kind, as it is written.
const KINDS: [(Spellings, ScopeKind); 6] = [
    (&["organization"], ScopeKind::Organization),
    (&["team"], ScopeKind::Team),
    (&["agent"], ScopeKind::Agent),
    (&["user"], ScopeKind::User),
    (&["session"], ScopeKind::Session),
    (&["key"], ScopeKind::Key),
];

/// The kind and the pattern of a scope's names, in the organization `of`, where its id is known.
pub(crate) fn read(table: &mut Reader<'_>, of: Option<&Name>) -> Option<(ScopeKind, Pattern)> {
    let mut scope = table.required(&["scope"], HINT, Value::table)?;
    let written: Vec<(ScopeKind, Value<'_>)> =
        KINDS.iter().filter_map(|(word, kind)| Some((*kind, scope.field(word)?))).collect();
    match written.as_slice() {
        [(kind, value)] => Some((*kind, pattern(*kind, value, of)?)),
        // WHY: a field that is no kind is on the list already.
        [] if scope.len() > 0 => None,
        _ => {
            scope.place.wrong("a scope has exactly one kind", HINT);
            None
        }
    }
}

fn pattern(kind: ScopeKind, value: &Value<'_>, of: Option<&Name>) -> Option<Pattern> {
    let pattern = value.pattern()?;
    let is_other = |id: &&Name| kind == ScopeKind::Organization && !pattern.matches(id);
    if let Some(id) = of.filter(is_other) {
        let what = format!("`{pattern}` is not this organization");
        value.place.at_odds(what, format!("write `{id}`, or \"*\""));
        return None;
    }
    match kind {
        ScopeKind::Key => Some(key_pattern(value, pattern)),
        ScopeKind::Organization
        | ScopeKind::Team
        | ScopeKind::Agent
        | ScopeKind::User
        | ScopeKind::Session => Some(pattern),
    }
}

/// Keys are counted under their names, declared and made alike: a key has another id once it is
/// rotated, and the same name.
fn key_pattern(value: &Value<'_>, written: Pattern) -> Pattern {
    if written.text().starts_with(KEY_ID_PREFIX) {
        let what = format!("`{written}` looks like the id of a key, and keys are counted by name");
        value.place.warn(what, "write the key's name, as `reins key list` shows it");
    }
    written
}
