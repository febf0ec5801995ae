//! Which line carries a call: by the path's prefix, a header, or the model.

use std::collections::HashMap;
use std::sync::Arc;

use http::uri::{InvalidUri, PathAndQuery};
use http::{HeaderMap, Uri};
use reins_config::{Connection, VendorKey};
use reins_dialects::{Credential, Family, Signer};
use reins_governor::Refusal;
use reins_store::Registry;

use crate::authenticate::{Arrival, is_ours};
use crate::version::{Upstream, Version};

/// What is said of where a call shall go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    /// The connection or vendor that the caller names.
    pub(crate) named: Option<&'a str>,
    /// The connection that the caller's key is for.
    pub(crate) pinned: Option<&'a str>,
    /// The model, where the request has one.
    pub(crate) model: Option<&'a str>,
}

/// The connection or vendor that a caller names, by the path's prefix or a header.
pub(crate) fn named<'a>(prefix: Option<&'a str>, headers: &'a HeaderMap) -> Option<&'a str> {
    prefix.or_else(|| headers.get("x-vendor").and_then(|value| value.to_str().ok()))
}

/// Finds the one line for a request.
pub(crate) fn choose<'a, P>(
    version: &'a Version<P>,
    family: &dyn Family,
    wish: &Wish<'_>,
) -> Result<&'a Arc<Upstream<P>>, Refusal> {
    let fitting = || version.upstreams.iter().filter(|line| speaks(line, family));
    if let Some(pin) = wish.pinned {
        let line = fitting().find(|line| *line.connection.name == *pin);
        return only(line, pin, wish.named, family);
    }
    let Some(name) = wish.named else {
        return by_model(version, &fitting().collect::<Vec<_>>(), wish.model);
    };
    if let Some(line) = fitting().find(|line| *line.connection.name == *name) {
        return Ok(line);
    }
    let of_vendor: Vec<_> = fitting().filter(|line| *line.connection.vendor == *name).collect();
    match *of_vendor {
        [] => Err(unknown(name, family, fitting())),
        // Whoever names the only one means it, whatever it is said to sell.
        [only] => Ok(only),
        [..] => by_model(version, &of_vendor, wish.model),
    }
}

/// The family of the vendor whose models are asked for: the caller's, unless none of those that can
/// be meant is of it.
pub(crate) fn family_of_models<'a, P>(
    version: &'a Version<P>,
    wish: &Wish<'_>,
    caller: &'a dyn Family,
) -> &'a dyn Family {
    let name = wish.pinned.or(wish.named);
    let meant = |line: &&Arc<Upstream<P>>| name.is_none_or(|name| is(line, name));
    let meant: Vec<_> = version.upstreams.iter().filter(meant).collect();
    match meant.first() {
        Some(line) if !meant.iter().any(|line| speaks(line, caller)) => &*line.connection.family,
        Some(_) | None => caller,
    }
}

/// Whether a line, or its vendor, has this name.
pub(crate) fn is<P>(line: &Upstream<P>, name: &str) -> bool {
    *line.connection.name == *name || *line.connection.vendor == *name
}

/// The one line that a key is for, and no other, whatever its caller names.
fn only<'a, P>(
    line: Option<&'a Arc<Upstream<P>>>,
    pin: &str,
    named: Option<&str>,
    family: &dyn Family,
) -> Result<&'a Arc<Upstream<P>>, Refusal> {
    let forbidden = |what| Refusal::Forbidden { what };
    let Some(line) = line else {
        return Err(forbidden(format!(
            "this key is for the connection `{pin}`, and no such connection speaks the {} \
             dialect: use the paths of its vendor",
            family.name()
        )));
    };
    match named.filter(|name| !is(line, name)) {
        None => Ok(line),
        Some(other) => Err(forbidden(format!(
            "this key is for the connection `{pin}`: its calls cannot go to `{other}`"
        ))),
    }
}

fn speaks<P>(line: &Upstream<P>, family: &dyn Family) -> bool {
    line.connection.family.name() == family.name()
}

fn by_model<'a, P>(
    version: &Version<P>,
    fitting: &[&'a Arc<Upstream<P>>],
    model: Option<&str>,
) -> Result<&'a Arc<Upstream<P>>, Refusal> {
    let sells = |line: &Upstream<P>| {
        model.is_none_or(|model| line.connection.models.iter().any(|m| m.matches(model)))
    };
    let selling: Vec<_> = fitting.iter().copied().filter(|line| sells(line)).collect();
    let default = version.organization.default_connection.as_deref();
    let is_default = |line: &&Arc<Upstream<P>>| Some(&*line.connection.name) == default;
    match *selling {
        [only] => Ok(only),
        [] => Err(none_sells(model)),
        [..] => selling.iter().copied().find(is_default).ok_or_else(|| ambiguous(&selling, model)),
    }
}

fn none_sells(model: Option<&str>) -> Refusal {
    bad(match model {
        Some(model) => format!(
            "no connection sells the model `{model}`: add it to the `models` of a [[connection]]"
        ),
        None => "no connection carries such calls: add a [[connection]] of a vendor that answers \
                 them"
            .to_owned(),
    })
}

fn unknown<'a, P: 'a>(
    name: &str,
    family: &dyn Family,
    fitting: impl Iterator<Item = &'a Arc<Upstream<P>>>,
) -> Refusal {
    let names: Vec<_> = fitting.map(|line| format!("`{}`", line.connection.name)).collect();
    bad(format!(
        "no connection named `{name}` speaks the {} dialect: those that do are {}",
        family.name(),
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    ))
}

pub(crate) fn ambiguous<P>(selling: &[&Arc<Upstream<P>>], model: Option<&str>) -> Refusal {
    let names: Vec<_> = selling.iter().map(|l| format!("`{}`", l.connection.name)).collect();
    bad(format!(
        "{} {}: name one in the header `X-Vendor` or as the path's prefix, or set \
         `default_connection`",
        names.join(" and "),
        if model.is_some() { "sell this model" } else { "can be asked" }
    ))
}

/// Where the vendor behind a connection answers paid calls, by the paths of its endpoints.
pub(crate) fn paid(connection: &Connection) -> Result<HashMap<Box<str>, Uri>, InvalidUri> {
    let dialects = connection.family.dialects().iter();
    let address = |path: &str| Ok((Box::from(path), address(connection, path, None)?));
    dialects.map(|dialect| address(dialect.path())).collect()
}

/// Where a vendor's own path leads, with the caller's own query.
pub(crate) fn path<P>(line: &Upstream<P>, rest: &str, query: Option<&str>) -> Result<Uri, Refusal> {
    let paid = if query.is_none() { line.paid.get(rest) } else { None };
    let made = || address(&line.connection, rest, query).map_err(|_| not_sent_on());
    paid.map_or_else(made, |uri| Ok(uri.clone()))
}

/// Where a path leads that a dialect has put in place of the request's own; with the caller's query
/// where it has none. An address that cannot be made leads nowhere, so that nothing is sent.
pub(crate) fn replaced<P>(line: &Upstream<P>, path: &PathAndQuery, query: Option<&str>) -> Uri {
    let rest = path.path().trim_start_matches('/');
    address(&line.connection, rest, path.query().or(query)).unwrap_or_default()
}

/// A path below a vendor's base address, which may or may not end with the version.
fn address(connection: &Connection, rest: &str, query: Option<&str>) -> Result<Uri, InvalidUri> {
    let version = connection.family.base().version;
    let base = connection.base_url.to_string();
    let base = base.trim_end_matches('/');
    let base = base.strip_suffix(version).unwrap_or(base);
    let (mark, query) = query.map_or(("", ""), |query| ("?", query));
    format!("{base}{version}/{rest}{mark}{query}").parse()
}

fn not_sent_on() -> Refusal {
    bad("the path or query cannot be sent on".to_owned())
}

/// What shows the vendor its key, if it takes one: the caller's own where it is meant, else the one
/// that is kept.
///
/// INVARIANT: neither is a key of Reins, whatever the file says and lacks.
pub(crate) fn signer<P>(
    line: &Upstream<P>,
    arrival: &Arrival<'_>,
    registry: &Registry,
) -> Result<Box<dyn Signer>, Refusal> {
    if let Some(unsigned) = line.connection.family.keyless() {
        return Ok(unsigned);
    }
    let kept = line.key().filter(|key| !is_ours(registry, key));
    let kept = kept.map(|key| Credential { key, bearer: false });
    let brought = arrival.vendor_key;
    let key = if arrival.vendor_key_is_meant { brought.or(kept) } else { kept.or(brought) };
    key.and_then(|key| line.connection.family.signer(key))
        .ok_or_else(|| bad(no_key_for(&line.connection)))
}

/// That a connection has no key for its vendor, and the line that would give it one.
fn no_key_for(connection: &Connection) -> String {
    let (name, variable) = (&connection.name, variable_of(&connection.vendor));
    let mend = match connection.key {
        VendorKey::Stored => format!("keep one with `reins connection key {name}`"),
        VendorKey::PassThrough | VendorKey::Environment(_) => {
            format!("add `key_env = \"{variable}\"` to its [[connection]]")
        }
    };
    format!(
        "there is no key for the connection `{name}`, and its vendor is never shown a Reins key: \
         {mend}, or send the vendor's key as `X-Vendor-Key`"
    )
}

/// The variable where a vendor's SDK looks for its key: `OPENAI_API_KEY`.
fn variable_of(vendor: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    vendor.chars().map(plain).chain("_API_KEY".chars()).collect()
}

fn bad(what: String) -> Refusal {
    Refusal::BadRequest { what }
}
