//! Identity: a key's pins and a request's headers, resolved to who is calling.

use std::sync::Arc;

use http::HeaderMap;
use reins_config::{Organization, UnknownAgents};
use reins_governor::{Identity, Name, NameError, Refusal};
use reins_store::{Key, Pins};
use serde_json::Value;

use crate::directory::Directory;

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
        organization: organization.id.clone(),
        team: team.or_else(|| directory.team_of(&agent)),
        agent,
        user: pinned(pins.user.as_ref(), headers, "x-reins-user")?,
        session: pinned(pins.session.as_ref(), headers, "x-reins-session")?,
        parent: name(headers, "x-reins-parent-session")?,
        key: key.id.clone(),
        key_name: key.name.clone(),
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
) -> Result<Name, Refusal> {
    if let Some(pin) = &pins.agent {
        return Ok(pin.clone());
    }
    let Some(name) = name(headers, "x-reins-agent")? else {
        return Ok(organization.default_agent.clone());
    };
    if directory.knows(&name) {
        return Ok(name);
    }
    match organization.unknown_agents {
        UnknownAgents::Register => Ok(name),
        UnknownAgents::Default => Ok(organization.default_agent.clone()),
        UnknownAgents::Refuse => {
            let what = format!(
                "the agent `{name}` is not known: declare it as [[agent]], or let \
                 `unknown_agents` be \"register\" or \"default\""
            );
            Err(Refusal::Forbidden { what })
        }
    }
}

fn pinned(pin: Option<&Name>, headers: &HeaderMap, header: &str) -> Result<Option<Name>, Refusal> {
    pin.map_or_else(|| name(headers, header), |pin| Ok(Some(pin.clone())))
}

/// A name out of a header; one that is empty is none.
fn name(headers: &HeaderMap, header: &str) -> Result<Option<Name>, Refusal> {
    let Some(value) = headers.get(header) else { return Ok(None) };
    let bad = |why: &str| Refusal::BadRequest { what: format!("the header `{header}`: {why}") };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad("send it as UTF-8"))?;
    match text.parse() {
        Ok(name) => Ok(Some(name)),
        Err(NameError::Empty) => Ok(None),
        Err(error) => Err(bad(&error.to_string())),
    }
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
) -> Result<Arc<[Name]>, Refusal> {
    if let Some(pinned) = &pins.roles {
        return Ok(Arc::clone(pinned));
    }
    let header = headers.get("x-reins-roles").map(|v| String::from_utf8_lossy(v.as_bytes()));
    let mut roles: Vec<Name> = Vec::new();
    let listed = header.iter().flat_map(|list| list.split(','));
    let told = metadata.into_iter().flat_map(roles_in);
    for role in listed.chain(told) {
        let role: Name = match role.parse() {
            Ok(role) => role,
            Err(NameError::Empty) => continue,
            Err(error) => {
                let what = format!("a role: {error}");
                return Err(Refusal::BadRequest { what });
            }
        };
        if roles.len() < ROLES_MAX && !roles.contains(&role) {
            roles.push(role);
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
