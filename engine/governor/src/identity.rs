//! Identity: who is calling, as a credential and its pins resolved it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Scope, ScopeKind, Scopes};

/// The id of a Reins key: `key_` and a ULID, or `key_` and the name it was declared under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub Arc<str>);

/// Which of an organization's two worlds a key belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Counts toward every limit.
    #[default]
    Live,
    /// Spends like a live key, and counts toward no limit of a plan.
    Test,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The organization the key belongs to.
    pub organization: Arc<str>,
    /// The team, where one is known.
    pub team: Option<Arc<str>>,
    /// The agent; an unknown one is the organization's default.
    pub agent: Arc<str>,
    /// The end user, where the caller names one.
    pub user: Option<Arc<str>>,
    /// The agent's session, where the caller names one.
    pub session: Option<Arc<str>>,
    /// The session that started this one.
    pub parent: Option<Arc<str>>,
    /// The key that was shown.
    pub key: KeyId,
    /// Live or test.
    pub environment: Environment,
    /// What the user may be called, such as `trial`.
    pub roles: Arc<[Arc<str>]>,
    /// The caller's own JSON object, as it was sent, at most 4 KiB.
    #[serde(serialize_with = "as_json")]
    pub metadata: Option<Arc<str>>,
    /// Whether this call asked, and may ask, only to be observed.
    #[serde(skip)]
    pub observe: bool,
}

impl Identity {
    /// Every scope the call touches, narrowest first.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        ScopeKind::ALL
            .into_iter()
            .filter_map(|kind| Some(Scope::new(kind, Arc::clone(self.name(kind)?))))
            .collect()
    }

    /// The name this caller has in scopes of `kind`.
    #[must_use]
    pub const fn name(&self, kind: ScopeKind) -> Option<&Arc<str>> {
        match kind {
            ScopeKind::Key => Some(&self.key.0),
            ScopeKind::Session => self.session.as_ref(),
            ScopeKind::User => self.user.as_ref(),
            ScopeKind::Agent => Some(&self.agent),
            ScopeKind::Team => self.team.as_ref(),
            ScopeKind::Organization => Some(&self.organization),
        }
    }
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
