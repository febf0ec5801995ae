//! Who is served: the version in force of every organization, as one immutable set.
//!
//! An edit of one organization's file makes another set, in which the versions of all others are
//! the same objects.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use reins_config::{DeclaredKey, Process};
use reins_governor::{Name, Refusal};
use reins_store::{NewKey, Pins};

use crate::version::Version;

/// Organizations that are not served any more, and are remembered: as many as there are files at
/// once. Of an older one the keys are unknown, and its limits begin anew.
const REMOVED_MAX: usize = 256;

/// Every organization, and the settings of the process.
#[derive(Debug)]
pub struct Served<P> {
    /// The settings of the process.
    pub process: Process,
    /// The one of the main file.
    first: Arc<Version<P>>,
    versions: HashMap<Name, Arc<Version<P>>>,
    /// Files of which no version has been in force.
    rejected: BTreeMap<Arc<str>, Known>,
    /// The last versions of organizations whose files were removed, the oldest first. One that
    /// comes back goes on from it: removing a file refills no limit.
    removed: Vec<Arc<Version<P>>>,
}

/// What is known of a file that cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its organization.
    pub(crate) organization: Option<Name>,
    /// All keys that it declares.
    pub(crate) keys: Option<Vec<DeclaredKey>>,
}

// === impl Served ===

impl<P> Served<P> {
    /// The main file's organization alone.
    pub(crate) fn new(process: Process, first: Arc<Version<P>>) -> Self {
        let versions = HashMap::from([(first.id().clone(), Arc::clone(&first))]);
        Self { process, first, versions, rejected: BTreeMap::new(), removed: Vec::new() }
    }

    /// The version of an organization.
    ///
    /// # Errors
    /// 503 where its file cannot be used, 403 where it has none.
    pub fn of(&self, organization: &Name) -> Result<&Arc<Version<P>>, Refusal> {
        self.versions.get(organization).ok_or_else(|| self.unserved(organization))
    }

    fn unserved(&self, organization: &Name) -> Refusal {
        let may_be =
            |known: &Known| known.organization.as_ref().is_none_or(|id| id == organization);
        if self.rejected.values().any(may_be) {
            let what = format!(
                "the organization `{organization}` is not served, since its file cannot be used: \
                 `/readyz` names the file, and the log has its problems"
            );
            return Refusal::Unavailable { what };
        }
        let what = format!(
            "the organization `{organization}` is not served here: no file in `organizations` is \
             for it"
        );
        Refusal::Forbidden { what }
    }

    /// The version of the main file's organization.
    pub const fn first(&self) -> &Arc<Version<P>> {
        &self.first
    }

    /// All versions in force.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<Version<P>>> {
        self.versions.values()
    }

    /// The version in force that was read from a file.
    pub(crate) fn of_file(&self, file: &Path) -> Option<&Arc<Version<P>>> {
        self.versions.values().find(|version| version.file == file)
    }

    /// The last version of an organization, in force or not.
    pub(crate) fn last_of(&self, organization: &Name) -> Option<&Arc<Version<P>>> {
        let removed = || self.removed.iter().find(|version| version.id() == organization);
        self.versions.get(organization).or_else(removed)
    }

    /// Organizations that are known and not served.
    pub fn not_served(&self) -> impl Iterator<Item = &Name> {
        let rejected = self.rejected.values().filter_map(|known| known.organization.as_ref());
        let removed = self.removed.iter().map(|version| version.id());
        rejected.chain(removed).filter(|id| !self.versions.contains_key(*id))
    }

    /// Whether some file may declare a key that is not known here. Then an unknown credential
    /// counts neither as wrong nor as a vendor's.
    pub fn lacks_keys(&self) -> bool {
        self.rejected.values().any(|known| known.of().is_none())
    }

    /// These, with a version of the main file.
    pub(crate) fn with_main(&self, process: Process, first: Arc<Version<P>>) -> Self {
        let served = Self { process, first: Arc::clone(&first), ..self.clone() };
        served.with(first)
    }

    /// These, with a new version of one organization.
    pub(crate) fn with(mut self, version: Arc<Version<P>>) -> Self {
        self.removed.retain(|removed| removed.id() != version.id());
        self.versions.insert(version.id().clone(), version);
        self
    }

    /// These, without an organization.
    pub(crate) fn without(mut self, organization: &Name) -> Self {
        self.removed.extend(self.versions.remove(organization));
        let too_many = self.removed.len().saturating_sub(REMOVED_MAX);
        self.removed.drain(..too_many);
        self
    }

    /// These, with what is known of a file of which no version has been in force; `None` where it
    /// is no longer so.
    pub(crate) fn rejecting(mut self, file: &Arc<str>, known: Option<Known>) -> Self {
        match known {
            Some(known) => self.rejected.insert(Arc::clone(file), known),
            None => self.rejected.remove(file),
        };
        self
    }

    /// What is known of a file of which no version has been in force.
    pub(crate) fn rejected(&self, file: &Arc<str>) -> Option<&Known> {
        self.rejected.get(file)
    }

    /// Every key that some file declares, or declared, by organization. Those of organizations that
    /// are not served are known too: they are refused for what they are, and shown to no vendor.
    pub(crate) fn keys(&self) -> BTreeMap<&Name, Vec<&DeclaredKey>> {
        let served = self.versions.values().map(|version| keys_of(version));
        let rejected = self.rejected.values().filter_map(Known::of);
        let removed = self.removed.iter().map(|version| keys_of(version));
        let (mut found, mut values) = (BTreeMap::<_, Vec<_>>::new(), HashSet::new());
        for (organization, keys) in served.chain(rejected).chain(removed) {
            // An organization that is served has a key before others that had it.
            let own = keys.iter().filter(|key| values.insert(key.value.expose()));
            found.entry(organization).or_default().extend(own);
        }
        found
    }
}

impl<P> Clone for Served<P> {
    fn clone(&self) -> Self {
        let Self { process, first, versions, rejected, removed } = self;
        Self {
            process: process.clone(),
            first: Arc::clone(first),
            versions: versions.clone(),
            rejected: rejected.clone(),
            removed: removed.clone(),
        }
    }
}

// === impl Known ===

impl Known {
    /// The organization with its keys, where both are known.
    fn of(&self) -> Option<(&Name, &[DeclaredKey])> {
        Some((self.organization.as_ref()?, self.keys.as_deref()?))
    }
}

fn keys_of<P>(version: &Version<P>) -> (&Name, &[DeclaredKey]) {
    (version.id(), &version.organization.keys)
}

/// The keys that a file declares, as the registry takes them.
#[must_use]
pub fn declared<'a>(
    organization: &Name,
    keys: impl IntoIterator<Item = &'a DeclaredKey>,
) -> Vec<reins_store::DeclaredKey> {
    keys.into_iter().map(|key| declared_key(organization, key)).collect()
}

fn declared_key(organization: &Name, key: &DeclaredKey) -> reins_store::DeclaredKey {
    let pins = &key.pins;
    reins_store::DeclaredKey {
        key: NewKey {
            organization: organization.clone(),
            name: key.name.clone(),
            environment: key.environment,
            pins: Pins {
                team: pins.team.clone(),
                agent: pins.agent.clone(),
                user: pins.user.clone(),
                session: pins.session.clone(),
                roles: pins.roles.clone(),
                connection: pins.connection.clone(),
                observe_allowed: key.observe_allowed,
            },
            expires: None,
        },
        value: reins_store::Secret::new(key.value.expose().to_owned()),
    }
}

#[cfg(test)]
mod tests;
