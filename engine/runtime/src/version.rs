//! A version: one state of an organization's file, ready for calls.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::Uri;
use reins_config::{Connection, DeclaredKey, Organization, Secret, ServerLimits, VendorKey};
use reins_dialects::Target;
use reins_flight::Terms;
use reins_governor::{Name, Snapshot};
use reins_ledger::Limits;

use crate::directory::Directory;
use crate::pools::Pools;
use crate::routing;

/// One version of an organization's file.
#[derive(Debug)]
pub struct Version<P> {
    /// The file that it was read from.
    pub(crate) file: PathBuf,
    /// What the file says.
    pub organization: Arc<Organization>,
    /// What calls are judged by.
    pub snapshot: Arc<Snapshot>,
    /// Its connections.
    pub upstreams: Vec<Arc<Upstream<P>>>,
    /// How many calls there may be.
    pub limits: Limits,
    /// Which agents are known.
    pub directory: Directory,
    /// The key that a call without one has, on loopback.
    pub default_key: Option<Secret>,
}

/// What a version is made of.
pub(crate) struct Parts<'a, P> {
    pub(crate) file: PathBuf,
    pub(crate) organization: Organization,
    pub(crate) snapshot: Snapshot,
    /// The vendors' keys that the store keeps.
    pub(crate) stored: Stored,
    /// The organization's version before this one.
    pub(crate) before: Option<&'a Version<P>>,
}

/// A connection, and what its host keeps for it.
#[derive(Debug)]
pub struct Upstream<P> {
    /// What the file says of it.
    pub connection: Connection,
    /// What the host keeps for it.
    pub pool: P,
    /// Where its vendor answers paid calls, by the paths of its endpoints.
    pub(crate) paid: HashMap<Box<str>, Uri>,
    /// The key that Reins keeps for the vendor.
    key: Option<Secret>,
}

/// The vendors' keys that the store keeps, by connection.
pub(crate) type Stored = HashMap<Name, Secret>;

/// The largest answer that is kept until its end, so that its cost stands in a header.
///
/// Sixteen times the longest answer of today's models; a larger one streams through instead.
const WHOLE_MAX: usize = 16 * 1024 * 1024;

// === impl Version ===

impl<P> Version<P> {
    /// Readies a version; connections that did not change keep their pools, limits how full they
    /// are.
    pub(crate) fn ready(parts: Parts<'_, P>, pools: &impl Pools<Pool = P>) -> io::Result<Self> {
        let Parts { file, organization, snapshot, stored, before } = parts;
        let organization = Arc::new(organization);
        let upstream = |connection: &Connection| {
            let key = match &connection.key {
                VendorKey::Environment(secret) => Some(secret.clone()),
                VendorKey::Stored => stored.get(&connection.name).cloned(),
                VendorKey::PassThrough => None,
            };
            let same = |known: &&Arc<Upstream<P>>| known.is(connection, key.as_ref());
            match before.and_then(|version| version.upstreams.iter().find(same)) {
                Some(known) => Ok(Arc::clone(known)),
                None => {
                    let paid = routing::paid(connection).map_err(io::Error::other)?;
                    let (connection, pool) = (connection.clone(), pools.pool(connection)?);
                    Ok(Arc::new(Upstream { connection, pool, paid, key }))
                }
            }
        };
        let upstreams = organization.connections.iter().map(upstream);
        let upstreams = upstreams.collect::<io::Result<Vec<_>>>()?;
        let limits = organization.limits.iter().map(limit).collect();
        let limits = match before {
            Some(version) => version.limits.replaced_by(limits),
            None => Limits::new(limits),
        };
        let directory = Directory::new(&organization);
        let is_default = |key: &&DeclaredKey| Some(&key.name) == organization.default_key.as_ref();
        let default_key = organization.keys.iter().find(is_default).map(|key| key.value.clone());
        let snapshot = Arc::new(snapshot);
        Ok(Self { file, snapshot, upstreams, limits, directory, default_key, organization })
    }

    /// The organization's id.
    pub fn id(&self) -> &Name {
        &self.organization.id
    }

    /// Whether the rules, the prices and the vendors' keys are the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let names = |s: &Snapshot| (Arc::clone(&s.version), Arc::clone(s.prices.version()));
        let mut upstreams = self.upstreams.iter().zip(&other.upstreams);
        names(&self.snapshot) == names(&other.snapshot)
            && upstreams.all(|(this, other)| Arc::ptr_eq(this, other))
    }
}

fn limit(limit: &reins_config::Limit) -> reins_ledger::Limit {
    reins_ledger::Limit {
        kind: limit.kind,
        pattern: limit.pattern.clone(),
        calls_per_second: limit.calls_per_second,
        burst: limit.burst,
    }
}

// === impl Upstream ===

impl<P> Upstream<P> {
    /// Where calls on this connection go.
    pub(crate) fn target(&self) -> Target {
        let Connection { vendor, name, .. } = &self.connection;
        Target { vendor: Arc::clone(vendor), connection: name.clone().into() }
    }

    fn is(&self, connection: &Connection, key: Option<&Secret>) -> bool {
        self.connection == *connection && self.key.as_ref() == key
    }

    /// The key that Reins itself keeps for the vendor.
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(Secret::expose)
    }

    /// What calls on it keep to, on a server with these limits.
    pub const fn terms(&self, server: &ServerLimits) -> Terms {
        let connection = &self.connection;
        Terms {
            headers_timeout: connection.timeouts.headers,
            idle_timeout: connection.timeouts.idle,
            whole_timeout: connection.timeouts.whole,
            retries: connection.retries,
            whole_max: WHOLE_MAX,
            drain_timeout: server.drain.timeout,
            drain_max: server.drain.max_bytes,
        }
    }
}

#[cfg(test)]
mod tests;
