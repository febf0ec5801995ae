//! The dictionary: the numbers that stand for texts and callers, so that a record repeats neither.

use std::sync::Arc;

use hashlink::LruCache;
use reins_governor::{Environment, Identity, KeyId, Name};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::StoreError;

/// Texts whose numbers are remembered: the names of some thousand sessions beside all models,
/// policies and rules. Another one is looked up in the database, some microseconds.
const NAMES_MAX: usize = 16_384;
/// Callers that are remembered: as many sessions as are at work at once.
const CALLERS_MAX: usize = 8_192;
/// Stands for no text.
const NONE: i64 = 0;

/// Remembers the numbers of texts and callers.
#[derive(Debug)]
pub(super) struct Dictionary {
    names: LruCache<Arc<str>, i64>,
    callers: LruCache<Caller, i64>,
}

/// A row of `callers`: its texts by their numbers.
type Caller = ([i64; 9], String);

// === impl Dictionary ===

impl Dictionary {
    /// The number of a text, which it is given where it has none.
    pub(super) fn name(&mut self, conn: &Connection, text: &str) -> Result<i64, StoreError> {
        if let Some(known) = self.names.get(text) {
            return Ok(*known);
        }
        let query = "SELECT id FROM names WHERE text = ?";
        let mut query = conn.prepare_cached(query)?;
        let found: Option<i64> = query.query_row([text], |row| row.get(0)).optional()?;
        let number = found.map_or_else(
            || {
                let insert = "INSERT INTO names (text) VALUES (?)";
                conn.prepare_cached(insert)?.insert([text])
            },
            Ok,
        )?;
        self.names.insert(text.into(), number);
        Ok(number)
    }

    /// The number of a text that may be absent.
    pub(super) fn optional(
        &mut self,
        conn: &Connection,
        text: Option<&str>,
    ) -> Result<i64, StoreError> {
        text.map_or(Ok(NONE), |text| self.name(conn, text))
    }

    /// A JSON array of the numbers of texts.
    pub(super) fn list<'a>(
        &mut self,
        conn: &Connection,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<String, StoreError> {
        let numbers = texts.into_iter().map(|text| Ok(self.name(conn, text)?.to_string()));
        let numbers: Vec<String> = numbers.collect::<Result<_, StoreError>>()?;
        Ok(format!("[{}]", numbers.join(",")))
    }

    /// The number of a caller.
    pub(super) fn caller(&mut self, conn: &Connection, who: &Identity) -> Result<i64, StoreError> {
        let caller = self.caller_row(conn, who)?;
        if let Some(known) = self.callers.get(&caller) {
            return Ok(*known);
        }
        let number = caller_number(conn, &caller)?;
        self.callers.insert(caller, number);
        Ok(number)
    }

    fn caller_row(&mut self, conn: &Connection, who: &Identity) -> Result<Caller, StoreError> {
        let mut number = |name: Option<&Name>| self.optional(conn, name.map(Name::as_str));
        let texts = [
            number(Some(&who.organization))?,
            number(who.team.as_ref())?,
            number(Some(&who.agent))?,
            number(who.user.as_ref())?,
            number(who.session.as_ref())?,
            number(who.parent.as_ref())?,
            number(Some(&who.key.0))?,
            number(Some(&who.key_name))?,
            i64::from(who.environment.number()),
        ];
        Ok((texts, self.list(conn, who.roles.iter().map(Name::as_str))?))
    }
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { names: LruCache::new(NAMES_MAX), callers: LruCache::new(CALLERS_MAX) }
    }
}

fn caller_number(conn: &Connection, (texts, roles): &Caller) -> Result<i64, StoreError> {
    let [organization, team, agent, user, session, parent, key_id, key_name, environment] = texts;
    let values = params![
        organization,
        team,
        agent,
        user,
        session,
        parent,
        key_id,
        key_name,
        environment,
        roles
    ];
    let query = "SELECT id FROM callers WHERE organization = ?1 AND team = ?2 AND agent = ?3 \
                 AND user = ?4 AND session = ?5 AND parent = ?6 AND key_id = ?7 \
                 AND key_name = ?8 AND environment = ?9 AND roles = ?10";
    let found = conn.prepare_cached(query)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let insert = "INSERT INTO callers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    Ok(conn.prepare_cached(insert)?.insert(values)?)
}

/// The text that a number stands for.
pub(super) fn text(conn: &Connection, number: i64) -> Result<Arc<str>, StoreError> {
    let query = "SELECT text FROM names WHERE id = ?";
    Ok(conn.prepare_cached(query)?.query_row([number], |row| row.get(0))?)
}

/// The text that a number stands for, where it stands for one.
pub(super) fn optional_text(
    conn: &Connection,
    number: i64,
) -> Result<Option<Arc<str>>, StoreError> {
    (number != NONE).then(|| text(conn, number)).transpose()
}

/// The texts that a JSON array of numbers stands for.
pub(super) fn texts(conn: &Connection, list: &str) -> Result<Vec<Arc<str>>, StoreError> {
    let numbers: Vec<i64> = serde_json::from_str(list).map_err(damaged)?;
    numbers.into_iter().map(|number| text(conn, number)).collect()
}

/// The caller that a number stands for, without what each call may have of its own.
pub(super) fn caller(conn: &Connection, number: i64) -> Result<Identity, StoreError> {
    let query = "SELECT organization, team, agent, user, session, parent, key_id, key_name, \
                 environment, roles FROM callers WHERE id = ?";
    let mut query = conn.prepare_cached(query)?;
    query.query_row([number], |row| Ok(identity(conn, row)))?
}

fn identity(conn: &Connection, row: &Row<'_>) -> Result<Identity, StoreError> {
    let name = |at| Ok::<_, StoreError>(Name::kept(text(conn, row.get(at)?)?));
    let optional = |at| Ok::<_, StoreError>(optional_text(conn, row.get(at)?)?.map(Name::kept));
    let unknown = || StoreError::Damaged("a caller has no known environment".into());
    let roles: String = row.get(9)?;
    Ok(Identity {
        organization: name(0)?,
        team: optional(1)?,
        agent: name(2)?,
        user: optional(3)?,
        session: optional(4)?,
        parent: optional(5)?,
        key: KeyId(name(6)?),
        key_name: name(7)?,
        environment: Environment::from_number(row.get(8)?).ok_or_else(unknown)?,
        roles: texts(conn, &roles)?.into_iter().map(Name::kept).collect(),
        metadata: None,
        observe: false,
    })
}

/// A row that is not as it was written.
#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
pub(super) fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Damaged(format!("a row of `calls`: {error}"))
}
