//! `[[connection]]`: a vendor's address and key.

use std::sync::Arc;
use std::time::Duration;

use reins_dialects::FAMILIES;
use reins_governor::{Name, has_key_form};

use crate::Secret;
use crate::environment::Variables;
use crate::names::Names;
use crate::organization::{Connection, SharedFamily, Timeouts, VendorKey};
use crate::others::Other;
use crate::reader::Reader;
use crate::tables::action::tokens;
use crate::tables::address::{self, Address};
use crate::tables::dialect::Declared;
use crate::tables::server::wait;
use crate::value::Value;

/// A vendor that takes this long to accept a connection is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Long thinking, without a byte.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(120);
/// Between two pieces of an answer: vendors send something at least once a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// From an answer's headers to its end, where it is no stream: vendors that send blanks to keep a
/// connection open end it after as long themselves.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(600);
/// A failed attempt is tried again once by default.
const RETRIES: u32 = 1;
/// More retries than this only add to an outage.
const RETRIES_MAX: u64 = 2;
/// The first parts of paths that Reins answers itself.
const RESERVED: [&str; 7] =
    ["v1", "v1beta", "api", "healthz", "readyz", "metrics", "organizations"];
/// Vendors that Reins is to speak with, and does not yet.
const NOT_YET: [&str; 7] =
    ["google", "gemini", "vertex", "azure", "bedrock", "cohere", "perplexity"];

pub(crate) fn read(
    mut table: Reader<'_>,
    names: &mut Names,
    declared: &Declared,
    (variables, others): (&Variables<'_>, &[Other<'_>]),
) -> Option<Connection> {
    let written_name = table.field(&["name"]);
    let vendor = table.required(&["vendor"], "name the vendor: vendor = \"openai\"", taken);
    let (dialect, url) = (table.field(&["dialect"]), table.field(&["base_url"]));
    let private = table.optional(&["allow_private"], Value::flag);
    let key = key(&mut table, variables, others);
    let models = table.optional(&["models"], Value::patterns);
    let cap = table.optional(&["default_max_tokens"], tokens);
    let timeouts = timeouts(&mut table);
    let retries = table.defaulted(&["retries"], RETRIES, |value| value.whole(0..=RETRIES_MAX));

    let (name_value, vendor) = (written_name.as_ref().or(vendor.as_ref()), vendor.as_ref());
    let name = name_value.and_then(|value| name(value, names));
    let family = vendor.and_then(|vendor| family(vendor, dialect.as_ref(), declared));
    // WHY: of a vendor that nobody knows, the dialect's hint asks for the address too.
    let asked = vendor.filter(|_| family.is_some() || url.is_some());
    let own = family.as_ref().filter(|family| family.declaration().is_some());
    let own = own.map(|family| family.base().url);
    let address = asked.and_then(|vendor| address::read(vendor, url.as_ref(), own, private?));
    let Address { base_url, allow_private } = address?;
    Some(Connection {
        name: name?,
        vendor: vendor?.plain()?,
        family: family?,
        base_url,
        allow_private,
        key: key?,
        models: models?.or_else(|| Some(vec!["*".parse().ok()?]))?,
        default_max_tokens: cap?,
        timeouts: timeouts?,
        retries: retries?,
    })
}

fn taken<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    value.name().map(|_| value.clone())
}

/// A connection's name is also the first part of the paths it answers under.
fn name(value: &Value<'_>, names: &mut Names) -> Option<Name> {
    let name = names.take(value)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !name.chars().all(plain) {
        let hint = "it is part of a URL: use a-z, 0-9, `-` and `_`";
        return value.bad(format!("`{name}` cannot be the name of a connection"), hint);
    }
    if RESERVED.contains(&&*name) {
        let hint = "give the connection another name: paths below this one are ours";
        return value.bad(format!("the name `{name}` is taken by Reins itself"), hint);
    }
    Some(name)
}

fn family(
    vendor: &Value<'_>,
    written: Option<&Value<'_>>,
    declared: &Declared,
) -> Option<SharedFamily> {
    let vendor_name = vendor.as_text()?;
    let named = written.map_or(Some(vendor_name), Value::as_text);
    // What is wrong with a declared dialect is said where it is declared.
    if named.is_some_and(|name| declared.is_broken(name)) {
        return None;
    }
    let shared = |family| SharedFamily::new(Arc::clone(family));
    if let Some(written) = written {
        let built_in = FAMILIES.iter().map(|family| (family.name(), shared(family)));
        return written.word(&built_in.chain(declared.names()).collect::<Vec<_>>());
    }
    let built_in = || reins_dialects::family(vendor_name).map(shared);
    let own = declared.get(vendor_name).cloned().or_else(built_in);
    if own.is_none() && NOT_YET.contains(&vendor_name) {
        let hint = "use openai or anthropic, a dialect for an address that copies one of them, or \
                    declare its own: [[dialect]]";
        return vendor.bad(format!("the vendor `{vendor_name}` is not in this version"), hint);
    }
    own.or_else(|| {
        let hint = "write dialect = \"openai\", and its base_url, if it copies OpenAI; else \
                    declare what it speaks: [[dialect]]";
        vendor.bad(format!("nobody knows what `{vendor_name}` speaks"), hint)
    })
}

fn key(
    table: &mut Reader<'_>,
    variables: &Variables<'_>,
    others: &[Other<'_>],
) -> Option<VendorKey> {
    let (kept, variable) = (table.field(&["key"]), table.field(&["key_env"]));
    match (kept, variable) {
        (None, None) => Some(VendorKey::PassThrough),
        (Some(kept), None) => kept_key(&kept),
        // WHY: where the variable is not set, that is on the list, and an empty key opens nothing.
        (None, Some(variable)) => Some(VendorKey::Environment(
            vendors_own(&variable, variables, others).unwrap_or_else(|| Secret::new(String::new())),
        )),
        (Some(kept), Some(_)) => kept.bad("`key` and `key_env` are both there", "keep one of them"),
    }
}

/// The key in a variable, which is none of Reins.
fn vendors_own(
    variable: &Value<'_>,
    variables: &Variables<'_>,
    others: &[Other<'_>],
) -> Option<Secret> {
    let secret = variables.secret(variable)?;
    if has_key_form(secret.expose()) {
        let what = "the variable holds a Reins key, and no vendor is ever shown one";
        return variable.bad(what, "name the variable that holds the vendor's own key");
    }
    let mut declared = others.iter().flat_map(Other::declared);
    if let Some((key, _)) = declared.find(|(_, declared)| **declared == secret) {
        let what = format!("the variable holds the same value as {key}");
        return variable.bad(what, "name the variable that holds the vendor's own key");
    }
    Some(secret)
}

fn kept_key(value: &Value<'_>) -> Option<VendorKey> {
    match value.text()? {
        "stored" => Some(VendorKey::Stored),
        "pass-through" => Some(VendorKey::PassThrough),
        _ => value.bad(
            "a key is written into the file",
            "put it into an environment variable, and name that with `key_env`; `key` itself can \
             be \"stored\" or \"pass-through\"",
        ),
    }
}

fn timeouts(table: &mut Reader<'_>) -> Option<Timeouts> {
    let connect = wait(table, &["connect_timeout"], CONNECT_TIMEOUT);
    let headers = wait(table, &["timeout"], HEADERS_TIMEOUT);
    let idle = wait(table, &["idle_timeout"], IDLE_TIMEOUT);
    let whole = wait(table, &["whole_timeout"], WHOLE_TIMEOUT);
    Some(Timeouts { connect: connect?, headers: headers?, idle: idle?, whole: whole? })
}
