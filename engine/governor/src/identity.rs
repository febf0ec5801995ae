//! Identity: who is calling, as a credential and its pins resolved it.

use std::fmt;
use std::sync::Arc;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::words::words;
use crate::{Name, Scope, ScopeKind, Scopes, form};

/// The id of a Reins key: `key_` and a ULID, or `key_` and the name it was declared under.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct KeyId(#[n(0)] pub Name);

/// How a key in Reins' own form begins: those that are made begin with `rns_`; the others are read.
const KEY_PREFIXES: [&str; 3] = ["rns_", "rns-", "rk_"];

/// Characters that a key in Reins' own form has at least behind its beginning, where it is looked
/// for inside other text. Keys that are made have 48; shorter words there are names, such as
/// `rk_index`.
const KEY_REST_MIN: usize = 16;

/// Which of an organization's two worlds a key belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Counts toward every limit.
    #[default]
    Live,
    /// Spends like a live key, and counts toward no limit of a plan.
    Test,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct Identity {
    /// The organization the key belongs to.
    #[n(0)]
    pub organization: Name,
    /// The team, where one is known.
    #[n(1)]
    pub team: Option<Name>,
    /// The agent; an unknown one is the organization's default.
    #[n(2)]
    pub agent: Name,
    /// The end user, where the caller names one.
    #[n(3)]
    pub user: Option<Name>,
    /// The agent's session, where the caller names one.
    #[n(4)]
    pub session: Option<Name>,
    /// The session that started this one.
    #[n(5)]
    pub parent: Option<Name>,
    /// The key that was shown.
    #[n(6)]
    pub key: KeyId,
    /// That key's name. Its spend is counted under it, so that the key which takes its place when
    /// it is rotated goes on in the same budgets.
    #[n(7)]
    pub key_name: Name,
    /// Live or test.
    #[cbor(n(8), skip_if = "form::is_default")]
    pub environment: Environment,
    /// What the user may be called, such as `trial`.
    #[cbor(n(9), with = "form::names", skip_if = "form::is_empty")]
    pub roles: Arc<[Name]>,
    /// The caller's own JSON object, as it was sent, at most 4 KiB.
    #[serde(serialize_with = "as_json")]
    #[cbor(n(10), with = "form::optional_text", has_nil)]
    pub metadata: Option<Arc<str>>,
    /// Whether this call asked, and may ask, only to be observed.
    #[serde(skip_serializing_if = "form::is_default")]
    #[cbor(n(11), skip_if = "form::is_default")]
    pub observe: bool,
}

words!(Environment { Live = 0 "live", Test = 1 "test" });

impl Identity {
    /// Every scope the call touches, narrowest first.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        ScopeKind::ALL
            .into_iter()
            .filter_map(|kind| Some(Scope::new(kind, self.name(kind)?.clone())))
            .collect()
    }

    /// The name this caller has in scopes of `kind`.
    #[must_use]
    pub const fn name(&self, kind: ScopeKind) -> Option<&Name> {
        match kind {
            ScopeKind::Key => Some(&self.key_name),
            ScopeKind::Session => self.session.as_ref(),
            ScopeKind::User => self.user.as_ref(),
            ScopeKind::Agent => Some(&self.agent),
            ScopeKind::Team => self.team.as_ref(),
            ScopeKind::Organization => Some(&self.organization),
        }
    }
}

/// Whether a credential is written as keys of Reins are, whether it is one or not.
#[must_use]
pub fn has_key_form(credential: &str) -> bool {
    KEY_PREFIXES.iter().any(|prefix| credential.starts_with(prefix))
}

/// Whether a word written as keys of Reins are, and as long, stands in a text.
#[must_use]
pub fn holds_key_form(text: &str) -> bool {
    if text.len() < KEY_REST_MIN {
        return false;
    }
    let key = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    KEY_PREFIXES.iter().any(|prefix| {
        text.match_indices(prefix).any(|(at, _)| {
            let (before, rest) = text.split_at_checked(at).unwrap_or_default();
            let inside_a_word = before.ends_with(|c: char| c.is_ascii_alphanumeric());
            let length = rest.chars().take_while(key).count();
            !inside_a_word && length >= prefix.len() + KEY_REST_MIN
        })
    })
}

/// Writes a text that is JSON as that JSON; it was read as JSON when it came in.
#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
fn as_json<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    match text.as_deref().map(serde_json::from_str::<&RawValue>) {
        Some(Ok(json)) => json.serialize(serializer),
        Some(Err(_)) | None => serializer.serialize_none(),
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    //! What is written as a key of Reins is.
    use super::{has_key_form, holds_key_form};

    #[test]
    fn a_key_is_known_by_its_form_alone_and_in_text() {
        let key = "rns_live_0123456789abcdefghijABCDEFGHIJ0123456789abc";
        for (text, alone, inside) in [
            (key.to_owned(), true, true),
            ("rk_0123456789abcdef".to_owned(), true, true),
            ("rns-0123456789abcdef".to_owned(), true, true),
            ("rns_live_wrong".to_owned(), true, false),
            (format!("Bearer {key}"), false, true),
            (format!("{{\"key\":\"{key}\"}}"), false, true),
            (format!("https://x.example/?k={key}&a=1"), false, true),
            (format!("é{key}"), false, true),
            ("patterns_0123456789abcdef".to_owned(), false, false),
            ("work_0123456789abcdef".to_owned(), false, false),
            ("sk-proj-0123456789abcdef".to_owned(), false, false),
            (String::new(), false, false),
        ] {
            assert_eq!((has_key_form(&text), holds_key_form(&text)), (alone, inside), "{text}");
        }
    }
}
