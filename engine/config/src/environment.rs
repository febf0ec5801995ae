//! The environment: secrets that the file names by their variables.

use std::sync::Arc;

use crate::Secret;
use crate::mask::masked;
use crate::value::Value;

/// What settings are wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To serve with: a variable that is not set is a problem.
    Serve,
    /// To look at: a variable that is not set is a warning. A declared key without a value is left
    /// out, and a connection's key is empty.
    Check,
}

/// The environment, as somebody else reads it.
pub(crate) struct Variables<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) look_up: &'a dyn Fn(&str) -> Option<String>,
}

// === impl Variables ===

impl Variables<'_> {
    /// The secret in the variable that `value` names.
    pub(crate) fn secret(&self, value: &Value<'_>) -> Option<Secret> {
        let variable = variable(value)?;
        let found = (self.look_up)(&variable).unwrap_or_default();
        let secret = found.trim();
        if secret.is_empty() {
            self.report(value, &variable);
            return None;
        }
        if secret.contains(|c: char| !c.is_ascii_graphic()) {
            let what = format!("`{variable}` holds characters that no key has");
            return value.bad(
                what,
                "keys are printable ASCII without spaces: look for quotes or line breaks",
            );
        }
        Some(Secret::new(secret.to_owned()))
    }

    fn report(&self, value: &Value<'_>, variable: &str) {
        let what = format!("the environment variable `{variable}` is not set, or empty");
        let hint = format!("set it before serving: export {variable}=…");
        match self.purpose {
            Purpose::Serve => value.place.at_odds(what, hint),
            Purpose::Check => value.place.warn(what, hint),
        }
    }
}

/// The name of a variable, and not the key itself.
fn variable(value: &Value<'_>) -> Option<Arc<str>> {
    let name = value.plain()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(plain) || masked(&name) != *name {
        let what = "this is not the name of an environment variable";
        return value.bad(what, "put the key into a variable, and write the name of that here");
    }
    Some(name)
}
