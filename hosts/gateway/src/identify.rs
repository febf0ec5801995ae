//! Identity: a key's pins and a request's headers, resolved to who is calling.

use std::sync::Arc;

use http::HeaderMap;
use reins_config::{Organization, UnknownAgents};
use reins_governor::{Identity, Refusal};
use reins_store::{Key, Pins};
use serde_json::Value;

use crate::directory::Directory;

/// The longest name a caller may choose, in bytes: counters are kept under it.
const NAME_MAX: usize = 128;

/// The most roles of one user.
const ROLES_MAX: usize = 32;

/// The largest metadata, in bytes: it goes on the record as it is.
const METADATA_MAX: usize = 4 * 1024;

/// Resolves who is calling.
pub(crate) fn identify(
    key: &Key,
    headers: &HeaderMap,
    organization: &Organization,
    directory: &Directory,
) -> Result<Identity, Refusal> {
    let pins = &key.pins;
    let metadata = metadata(headers)?;
    let roles = roles(pins, headers, metadata.as_ref())?;
    let agent = agent(pins, headers, organization, directory)?;
    let team = pinned(pins.team.as_ref(), headers, "x-reins-team")?;
    Ok(Identity {
        organization: Arc::clone(&organization.id),
        team: team.or_else(|| directory.team_of(&agent)),
        agent,
        user: pinned(pins.user.as_ref(), headers, "x-reins-user")?,
        session: pinned(pins.session.as_ref(), headers, "x-reins-session")?,
        parent: name(headers, "x-reins-parent-session")?,
        key: key.id.clone(),
        key_name: Arc::clone(&key.name),
        environment: key.environment,
        roles,
        metadata: metadata.map(|value| value.to_string().into()),
        observe: pins.observe_allowed && asks_to_observe(headers),
    })
}

/// The agent: pinned, else named by the header and known, else what the organization chose.
fn agent(
    pins: &Pins,
    headers: &HeaderMap,
    organization: &Organization,
    directory: &Directory,
) -> Result<Arc<str>, Refusal> {
    if let Some(pin) = &pins.agent {
        return Ok(Arc::clone(pin));
    }
    let Some(name) = name(headers, "x-reins-agent")? else {
        return Ok(Arc::clone(&organization.default_agent));
    };
    if directory.knows(&name) {
        return Ok(name);
    }
    match organization.unknown_agents {
        UnknownAgents::Register => Ok(name),
        UnknownAgents::Default => Ok(Arc::clone(&organization.default_agent)),
        UnknownAgents::Refuse => {
            let what = format!(
                "the agent `{name}` is not known: declare it as [[agent]], or let \
                 `unknown_agents` be \"register\" or \"default\""
            );
            Err(Refusal::Forbidden { what })
        }
    }
}

fn pinned(
    pin: Option<&Arc<str>>,
    headers: &HeaderMap,
    header: &str,
) -> Result<Option<Arc<str>>, Refusal> {
    pin.map_or_else(|| name(headers, header), |pin| Ok(Some(Arc::clone(pin))))
}

/// A name out of a header: plain text of a bearable length.
fn name(headers: &HeaderMap, header: &str) -> Result<Option<Arc<str>>, Refusal> {
    let Some(value) = headers.get(header) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).map(str::trim).unwrap_or("\u{fffd}");
    if text.is_empty() {
        return Ok(None);
    }
    check(header, text)?;
    Ok(Some(text.into()))
}

fn check(header: &str, text: &str) -> Result<(), Refusal> {
    if text.len() > NAME_MAX {
        let what = format!("the header `{header}` is longer than {NAME_MAX} bytes: shorten it");
        return Err(Refusal::BadRequest { what });
    }
    if text.chars().any(|c| c.is_control() || c == '\u{fffd}') {
        let what = format!("the header `{header}` is not plain text: send UTF-8");
        return Err(Refusal::BadRequest { what });
    }
    Ok(())
}

fn metadata(headers: &HeaderMap) -> Result<Option<Value>, Refusal> {
    let Some(value) = headers.get("x-reins-metadata") else { return Ok(None) };
    let bad = |why: &str| Refusal::BadRequest {
        what: format!("the header `x-reins-metadata` {why}: send one JSON object, at most 4 KiB"),
    };
    if value.len() > METADATA_MAX {
        return Err(bad("is too large"));
    }
    match serde_json::from_slice(value.as_bytes()) {
        Ok(value @ Value::Object(_)) => Ok(Some(value)),
        Ok(_) => Err(bad("is not an object")),
        Err(_) => Err(bad("is not JSON")),
    }
}

/// Roles: pinned, else from the header's list, else from `role` or `roles` in the metadata.
fn roles(
    pins: &Pins,
    headers: &HeaderMap,
    metadata: Option<&Value>,
) -> Result<Arc<[Arc<str>]>, Refusal> {
    if let Some(pinned) = &pins.roles {
        return Ok(Arc::clone(pinned));
    }
    let header = headers.get("x-reins-roles").map(|v| String::from_utf8_lossy(v.as_bytes()));
    let mut roles: Vec<Arc<str>> = Vec::new();
    let listed = header.iter().flat_map(|list| list.split(','));
    let told = metadata.into_iter().flat_map(roles_in);
    for role in listed.map(str::trim).chain(told).filter(|role| !role.is_empty()) {
        check("x-reins-roles", role)?;
        if roles.len() < ROLES_MAX && !roles.iter().any(|known| **known == *role) {
            roles.push(role.into());
        }
    }
    Ok(roles.into())
}

fn roles_in(metadata: &Value) -> Vec<&str> {
    let of = |key| match metadata.get(key) {
        Some(Value::String(role)) => vec![role.as_str()],
        Some(Value::Array(roles)) => roles.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut found = of("role");
    found.extend(of("roles"));
    found
}

fn asks_to_observe(headers: &HeaderMap) -> bool {
    let mode = headers.get("x-reins-mode").map(http::HeaderValue::as_bytes);
    matches!(mode, Some(b"observe" | b"demo"))
}

#[cfg(test)]
mod tests;
