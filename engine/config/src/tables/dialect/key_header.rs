//! `key_header`: how a vendor is shown its key.

use http::HeaderName;
use reins_dialects::KeyForm;

use crate::value::Value;

/// What stands for the key.
const KEY: &str = "{key}";
/// How it is written.
const HINT: &str = "write the header with {key} in it, such as \"authorization: Bearer {key}\" or \
                    \"x-api-key: {key}\"; or \"none\" if the vendor takes no key";

/// Headers that say something else, and what a key must not replace.
const NEVER: [&str; 8] =
    ["accept", "connection", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];

/// Beginnings of such headers.
const NEVER_BEGINNINGS: [&str; 3] = ["content-", "x-reins", "x-vendor"];

pub(super) fn read(value: &Value<'_>) -> Option<KeyForm> {
    let text = value.text()?;
    if text == "none" {
        return Some(KeyForm::Keyless);
    }
    let Some((name, form)) = text.split_once(':') else {
        return value.bad("`key_header` names no header", HINT);
    };
    let name: Option<HeaderName> = name.trim().to_ascii_lowercase().parse().ok();
    let Some(name) = name.filter(|name| !is_taken(name)) else {
        return value.bad("`key_header` names a header that no key can be in", HINT);
    };
    let mut parts = form.trim().split(KEY);
    let (Some(before), Some(after), None) = (parts.next(), parts.next(), parts.next()) else {
        return value.bad("`key_header` has not one `{key}` in it", HINT);
    };
    if !format!("{before}{after}").bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return value.bad("`key_header` has letters that no header can hold", HINT);
    }
    Some(KeyForm::Header { name, before: before.into(), after: after.into() })
}

fn is_taken(name: &HeaderName) -> bool {
    let name = name.as_str();
    NEVER.contains(&name) || NEVER_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}
