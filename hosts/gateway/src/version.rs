//! A version: one state of an organization's file, ready for calls.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::Uri;
use reins_config::{Connection, DeclaredKey, Organization, Secret, ServerLimits, VendorKey};
use reins_flight::Terms;
use reins_governor::{Name, Snapshot};
use reins_ledger::Limits;
use tokio::sync::Semaphore;

use crate::lines;
use crate::transport::Transport;
use reins_runtime::Directory;

/// One version of an organization's file.
#[derive(Debug)]
pub(crate) struct Version {
    /// The file that it was read from.
    pub(crate) file: PathBuf,
    pub(crate) organization: Organization,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) lines: Vec<Arc<Line>>,
    pub(crate) limits: Limits,
    pub(crate) directory: Directory,
    /// The key that a call without one has, on loopback.
    pub(crate) default_key: Option<Secret>,
}

/// What a version is made of.
pub(crate) struct Parts<'a> {
    pub(crate) file: PathBuf,
    pub(crate) organization: Organization,
    pub(crate) snapshot: Snapshot,
    /// The vendors' keys that the store keeps.
    pub(crate) stored: Stored,
    /// The organization's version before this one.
    pub(crate) before: Option<&'a Version>,
    /// Room for idle connections to vendors.
    pub(crate) idle_room: &'a Arc<Semaphore>,
}

/// A connection with its pool: the line to one vendor.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) connection: Connection,
    pub(crate) transport: Arc<Transport>,
    /// Where its vendor answers paid calls.
    pub(crate) paid: Uri,
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

impl Version {
    /// Readies a version; lines that did not change keep their pools, limits how full they are.
    pub(crate) fn ready(parts: Parts<'_>) -> io::Result<Self> {
        let Parts { file, organization, snapshot, stored, before, idle_room } = parts;
        let line = |connection: &Connection| {
            let key = match &connection.key {
                VendorKey::Environment(secret) => Some(secret.clone()),
                VendorKey::Stored => stored.get(&connection.name).cloned(),
                VendorKey::PassThrough => None,
            };
            let same = |line: &&Arc<Line>| line.is(connection, key.as_ref());
            match before.and_then(|version| version.lines.iter().find(same)) {
                Some(line) => Ok(Arc::clone(line)),
                None => Line::new(connection, key, idle_room).map(Arc::new),
            }
        };
        let lines = organization.connections.iter().map(line).collect::<io::Result<Vec<_>>>()?;
        let limits = organization.limits.iter().map(limit).collect();
        let limits = match before {
            Some(version) => version.limits.replaced_by(limits),
            None => Limits::new(limits),
        };
        let directory = Directory::new(&organization);
        let is_default = |key: &&DeclaredKey| Some(&key.name) == organization.default_key.as_ref();
        let default_key = organization.keys.iter().find(is_default).map(|key| key.value.clone());
        let snapshot = Arc::new(snapshot);
        Ok(Self { file, snapshot, lines, limits, directory, default_key, organization })
    }

    /// The organization's id.
    pub(crate) const fn id(&self) -> &Name {
        &self.organization.id
    }

    /// Whether the rules, the prices and the vendors' keys are the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let names = |s: &Snapshot| (Arc::clone(&s.version), Arc::clone(s.prices.version()));
        let mut lines = self.lines.iter().zip(&other.lines);
        names(&self.snapshot) == names(&other.snapshot)
            && lines.all(|(this, other)| Arc::ptr_eq(this, other))
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

// === impl Line ===

impl Line {
    fn new(
        connection: &Connection,
        key: Option<Secret>,
        idle_room: &Arc<Semaphore>,
    ) -> io::Result<Self> {
        let (timeout, private) = (connection.timeouts.connect, connection.allow_private);
        let transport = Transport::new(timeout, private, Arc::clone(idle_room))?;
        Ok(Self {
            transport: Arc::new(transport),
            paid: lines::paid(connection).map_err(io::Error::other)?,
            connection: connection.clone(),
            key,
        })
    }

    fn is(&self, connection: &Connection, key: Option<&Secret>) -> bool {
        self.connection == *connection && self.key.as_ref() == key
    }

    /// The key that Reins itself keeps for the vendor.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_ref().map(Secret::expose)
    }

    /// What calls on it keep to, on a server with these limits.
    pub(crate) const fn terms(&self, server: &ServerLimits) -> Terms {
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
