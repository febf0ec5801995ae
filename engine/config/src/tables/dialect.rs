//! `[[dialect]]`: a family of wire formats that the file declares.

mod answer;
mod endpoint;
mod key_header;
mod request;
mod sample;

use std::sync::Arc;

use http::uri::PathAndQuery;
use reins_dialects::{Api, Declaration, FAMILIES, Pointer, declare};
use reins_governor::{Endpoint, Name};

use crate::names::Names;
use crate::organization::SharedFamily;
use crate::reader::Reader;
use crate::tables::address;
use crate::value::Value;

/// The families that the file declares.
#[derive(Default)]
pub(crate) struct Declared {
    /// Those that could be read, by their names.
    families: Vec<(Name, SharedFamily)>,
    /// The names of those that could not: what is wrong with them is said once.
    broken: Vec<String>,
}

/// Reads every table.
pub(crate) fn read(tables: Vec<Reader<'_>>) -> Declared {
    let mut names = Names::of("dialects");
    let mut declared = Declared::default();
    for mut table in tables {
        let hint = "name the dialect, such as name = \"cohere\"";
        let name = table.required(&["name"], hint, |value| name(value, &mut names));
        let family = family(table, name.as_ref());
        match (name, family) {
            (Some(name), Some(family)) => declared.families.push((name, family)),
            (Some(name), None) => declared.broken.push(name.to_string()),
            (None, _) => {}
        }
    }
    declared
}

/// A dialect's name is none that is built in.
fn name(value: &Value<'_>, names: &mut Names) -> Option<Name> {
    let name = names.take(value)?;
    if FAMILIES.iter().any(|family| family.name() == &*name) {
        let what = format!("the dialect `{name}` is built in");
        return value.bad(what, "give this one a name of its own, and `like` it");
    }
    Some(name)
}

fn family(mut table: Reader<'_>, name: Option<&Name>) -> Option<SharedFamily> {
    let hint = "add the vendor's address, such as base_url = \"https://api.example.com\"";
    let base_url = table.required(&["base_url"], hint, address::vendors_own);
    let hint = "say how the vendor's key is sent, such as \"authorization: Bearer {key}\", or none";
    let key = table.required(&["key_header"], hint, key_header::read);
    let (like, paths) = (table.field(&["like"]), table.field(&["paths"]));
    let error = table.field(&["error"]);
    let endpoints = table.field(&["endpoint"]);
    let api = match &like {
        Some(like) => {
            let own = [error, endpoints].into_iter().flatten();
            own.for_each(|own| alone(&own));
            like_another(like, paths.as_ref())
        }
        None => {
            if let Some(paths) = &paths {
                let what = "`paths` is for a dialect that is `like` another";
                paths.place.at_odds(what, "write the path of each [[dialect.endpoint]]");
            }
            own(&table, error.as_ref(), endpoints.as_ref())
        }
    };
    let (name, base_url) = (Arc::from(&**name?), base_url?.into());
    let declaration = Declaration { name, base_url, key: key?, api: api? };
    match declare(declaration) {
        Ok(family) => Some(SharedFamily::new(family)),
        Err(error) => {
            table.place.at_odds(error.to_string(), error.hint());
            None
        }
    }
}

/// What another dialect has already.
fn alone(value: &Value<'_>) {
    let what = "a dialect that is `like` another has its endpoints and errors";
    value.place.at_odds(what, "leave this out, or `like`");
}

fn like_another(like: &Value<'_>, paths: Option<&Value<'_>>) -> Option<Api> {
    let words: Vec<_> = FAMILIES.iter().map(|family| (family.name(), family.name())).collect();
    let family = like.word(&words);
    let read = paths.map_or(Some(Vec::new()), |paths| self::paths(paths));
    Some(Api::Like { family: family?.into(), paths: read? })
}

/// The vendor's path for each kind of call.
fn paths(value: &Value<'_>) -> Option<Vec<(Endpoint, PathAndQuery)>> {
    let mut table = value.table()?;
    let mut read = Vec::new();
    let mut whole = true;
    for kind in Endpoint::ALL {
        let Some(value) = table.field(kinds(kind)) else { continue };
        match path(&value) {
            Some(path) => read.push((kind, path)),
            None => whole = false,
        }
    }
    whole.then_some(read)
}

/// How a kind of call is spelt as a field.
const fn kinds(kind: Endpoint) -> &'static [&'static str] {
    match kind {
        Endpoint::ChatCompletions => &["chat_completions"],
        Endpoint::Messages => &["messages"],
        Endpoint::Embeddings => &["embeddings"],
        Endpoint::Completions => &["completions"],
    }
}

/// A path below the base address, and maybe a query.
fn path(value: &Value<'_>) -> Option<PathAndQuery> {
    let text = value.text()?;
    let hint = "write it from behind the base_url, such as \"v2/chat\", without dots and escapes";
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.?=&:".contains(c);
    let bad = text.contains("..") || text.contains("//") || text.starts_with('/');
    if text.is_empty() || bad || !text.chars().all(plain) {
        return value.bad(format!("`{text}` is not a path below the base_url"), hint);
    }
    let read = format!("/{text}").parse().ok();
    read.or_else(|| value.bad(format!("`{text}` is not a path below the base_url"), hint))
}

fn own(
    table: &Reader<'_>,
    error: Option<&Value<'_>>,
    endpoints: Option<&Value<'_>>,
) -> Option<Api> {
    let Some(endpoints) = endpoints else {
        let hint = "add one: [[dialect.endpoint]] path = \"…\"; or like = \"openai\"";
        table.place.at_odds("no [[dialect.endpoint]] says what the vendor can be asked", hint);
        return None;
    };
    let Some(error) = error else {
        let hint = "say where its errors have their message, such as error = \"/error/message\"";
        table.place.at_odds("`error` is missing", hint);
        return None;
    };
    let error = one_place(error);
    let tables = endpoints.tables();
    let all = endpoints.length();
    let mut paths = Names::of("endpoints");
    let read: Vec<_> = tables
        .into_iter()
        .filter_map(|table| endpoint::read(table, &mut paths, error.as_ref()))
        .collect();
    let whole = all == Some(read.len()) && !read.is_empty();
    whole.then_some(Api::Own { error: error?, endpoints: read })
}

/// A pointer.
pub(crate) fn pointer(value: &Value<'_>) -> Option<Pointer> {
    let text = value.text()?;
    match text.parse::<Pointer>() {
        Ok(pointer) => Some(pointer),
        Err(error) => value.bad(format!("`{text}`: {error}"), error.hint()),
    }
}

/// A pointer to one place.
pub(crate) fn one_place(value: &Value<'_>) -> Option<Pointer> {
    let pointer = pointer(value)?;
    if !pointer.is_plain() {
        let what = format!("`{pointer}` may lead to several places");
        return value.bad(what, "name one place: only lists of inputs can have `*` and `**`");
    }
    Some(pointer)
}

// === impl Declared ===

impl Declared {
    /// The names of all that could be read.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, SharedFamily)> {
        self.families.iter().map(|(name, family)| (&**name, family.clone()))
    }

    /// The family of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&SharedFamily> {
        self.families.iter().find(|(known, _)| **known == *name).map(|(_, family)| family)
    }

    /// Whether a family of this name is there, and cannot be read.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        self.broken.iter().any(|broken| broken == name)
    }
}
