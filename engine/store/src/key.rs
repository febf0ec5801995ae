//! Reins keys: what one is, and what a caller shows.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use reins_governor::{Environment, KeyId, Name};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::root::random;

/// Letters and digits: a key is one word wherever it is clicked on.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 43 of 62 characters are 256 bits.
const CHARACTERS: usize = 43;
/// The characters that are shown of a key, at its end.
const SHOWN: usize = 4;

/// What a key fixes: no header can say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pins {
    /// The team.
    pub team: Option<Name>,
    /// The agent.
    pub agent: Option<Name>,
    /// The end user.
    pub user: Option<Name>,
    /// The session.
    pub session: Option<Name>,
    /// The user's roles.
    pub roles: Option<Arc<[Name]>>,
    /// The connection its calls go through.
    pub connection: Option<Name>,
    /// Whether a call with this key may ask only to be observed.
    pub observe_allowed: bool,
}

/// A key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// The organization.
    pub organization: Name,
    /// What people call it.
    pub name: Name,
    /// Its kind and its last characters.
    pub masked: Arc<str>,
    /// Live or test.
    pub environment: Environment,
    /// What it fixes.
    pub pins: Pins,
    /// Since when it is there.
    pub created: Timestamp,
    /// From when on it no longer works.
    pub expires: Option<Timestamp>,
    /// Since when it no longer works.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to within a few seconds.
    pub used: Option<Timestamp>,
    /// The key that took its place.
    pub rotated_to: Option<KeyId>,
}

/// What a new key shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The organization.
    pub organization: Name,
    /// What people call it.
    pub name: Name,
    /// Live or test.
    pub environment: Environment,
    /// What it fixes.
    pub pins: Pins,
    /// From when on it no longer works.
    pub expires: Option<Timestamp>,
}

/// A key that somebody wrote into the configuration.
#[derive(Clone, Debug)]
pub struct DeclaredKey {
    /// What it shall be.
    pub key: NewKey,
    /// The key itself.
    pub value: Secret,
}

/// A text that is shown to nobody by accident, and wiped when it is let go.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

// === impl Key ===

impl Key {
    /// Whether it works at `now`.
    #[must_use]
    pub fn works(&self, now: Timestamp) -> bool {
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        !over(self.revoked) && !over(self.expires)
    }
}

// === impl DeclaredKey ===

impl DeclaredKey {
    /// The key as the registry knows it.
    pub(crate) fn known(&self) -> Key {
        let NewKey { organization, name, environment, pins, expires } = self.key.clone();
        Key {
            id: declared_id(&organization, &name),
            organization,
            masked: masked(self.value.expose()).into(),
            name,
            environment,
            pins,
            created: Timestamp::UNIX_EPOCH,
            expires,
            revoked: None,
            used: None,
            rotated_to: None,
        }
    }
}

/// The id of the key that the configuration of `organization` declares as `name`, such as
/// `key_acme/ci`. No two keys share one: the first `/` ends the organization, where it is written
/// `%2F` (and `%` as `%25`), and the id of a key that was made has none.
#[must_use]
pub fn declared_id(organization: &Name, name: &Name) -> KeyId {
    let organization = organization.replace('%', "%25").replace('/', "%2F");
    KeyId(Name::kept(format!("key_{organization}/{name}")))
}

// === impl Secret ===

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for whoever must have it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A new key of 256 random bits.
pub(crate) fn generate(environment: Environment) -> Result<Secret, StoreError> {
    let mut text = Zeroizing::new(String::with_capacity(prefix(environment).len() + CHARACTERS));
    text.push_str(prefix(environment));
    while text.len() < prefix(environment).len() + CHARACTERS {
        let bytes = random::<64>()?;
        let room = prefix(environment).len() + CHARACTERS - text.len();
        text.extend(bytes.iter().filter_map(|byte| character(*byte)).take(room));
    }
    Ok(Secret(text))
}

/// One of the alphabet's characters, each as likely as any other; `None` for bytes that would
/// favour some.
fn character(byte: u8) -> Option<char> {
    let whole_rounds = u8::MAX / 62 * 62;
    let at = usize::from(byte % 62);
    ALPHABET.get(at).filter(|_| byte < whole_rounds).map(|letter| char::from(*letter))
}

/// `rns_live_****f8e2`; of a text that is no key of ours, only the end.
pub(crate) fn masked(key: &str) -> String {
    let known = [prefix(Environment::Live), prefix(Environment::Test), "rk_"];
    let start = known.into_iter().find(|start| key.starts_with(start)).unwrap_or_default();
    let end: String = key.chars().skip(key.chars().count().saturating_sub(SHOWN)).collect();
    let end = if key.len() >= 4 * SHOWN { &*end } else { "" };
    format!("{start}****{end}")
}

const fn prefix(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "rns_live_",
        Environment::Test => "rns_test_",
    }
}
