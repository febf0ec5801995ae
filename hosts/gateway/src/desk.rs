//! The desk: what every call needs, and the one thing that changes while calls are in flight.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::Uri;
use reins_config::{Connection, DeclaredKey, Secret, Settings, VendorKey};
use reins_flight::{Crew, Terms};
use reins_governor::{Clock, Ledger, Name, Snapshot};
use reins_ledger::Limits;
use reins_store::{Embedded, NewKey, Pins, Registry};
use tokio::sync::Semaphore;

use crate::descriptors::{self, Shares};
use crate::directory::Directory;
use crate::hush::Hush;
use crate::idempotency::Repeats;
use crate::lines;
use crate::room::Room;
use crate::transport::Transport;

/// What every call needs.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The version in force; a call takes it once and never sees another.
    pub(crate) live: ArcSwap<Live>,
    /// Who holds and spends what: the store.
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) store: Arc<Embedded>,
    pub(crate) registry: Registry,
    pub(crate) secrets: reins_store::Secrets,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) crew: Crew,
    pub(crate) repeats: Repeats,
    /// Places for calls at once.
    pub(crate) places: Arc<Semaphore>,
    /// Room for the bodies of their requests.
    pub(crate) room: Room,
    /// What was told of refusals that leave no record.
    pub(crate) hush: Hush,
}

/// One version of the file, ready for calls.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) settings: Settings,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) lines: Vec<Arc<Line>>,
    pub(crate) limits: Limits,
    pub(crate) directory: Directory,
    /// The key that a call without one has, on loopback.
    pub(crate) default_key: Option<Secret>,
    /// Limits the idle connections to all vendors together; kept from version to version.
    idle_room: Arc<Semaphore>,
}

/// A connection with its pool: the line to one vendor.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) connection: Connection,
    pub(crate) transport: Arc<Transport>,
    pub(crate) terms: Terms,
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

// === impl Live ===

impl Live {
    /// Readies a version; lines that did not change keep their pools, limits how full they are.
    pub(crate) fn ready(
        settings: Settings,
        snapshot: Arc<Snapshot>,
        stored: &Stored,
        before: Option<&Self>,
    ) -> io::Result<Self> {
        let known = |connection: &Connection, key: Option<&Secret>| {
            let terms = terms(connection, &settings);
            let same = |line: &&Arc<Line>| line.is(connection, key) && line.terms == terms;
            before.and_then(|live| live.lines.iter().find(same)).map(Arc::clone)
        };
        let idle_room = before.map_or_else(
            || {
                let shares = Shares::of(descriptors::limit(), &settings.server);
                Arc::new(Semaphore::new(usize::try_from(shares.idle).unwrap_or(0)))
            },
            |live| Arc::clone(&live.idle_room),
        );
        let line = |connection: &Connection| {
            let key = match &connection.key {
                VendorKey::Environment(secret) => Some(secret.clone()),
                VendorKey::Stored => stored.get(&connection.name).cloned(),
                VendorKey::PassThrough => None,
            };
            known(connection, key.as_ref())
                .map_or_else(|| Line::new(connection, &settings, key, &idle_room).map(Arc::new), Ok)
        };
        let lines = settings.connections.iter().map(line).collect::<io::Result<Vec<_>>>()?;
        let limits = settings.limits.iter().map(limit).collect();
        let limits = match before {
            Some(live) => live.limits.replaced_by(limits),
            None => Limits::new(limits),
        };
        let directory = Directory::new(&settings);
        let is_default = |key: &&DeclaredKey| Some(&key.name) == settings.default_key.as_ref();
        let default_key = settings.keys.iter().find(is_default).map(|key| key.value.clone());
        Ok(Self { snapshot, lines, limits, directory, default_key, idle_room, settings })
    }

    /// The keys that the file declares, as the registry takes them.
    pub(crate) fn declared(&self) -> Vec<reins_store::DeclaredKey> {
        let organization = &self.settings.organization.id;
        self.settings.keys.iter().map(|key| declared(organization, key)).collect()
    }
}

fn declared(organization: &Name, key: &DeclaredKey) -> reins_store::DeclaredKey {
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

fn limit(limit: &reins_config::Limit) -> reins_ledger::Limit {
    reins_ledger::Limit {
        kind: limit.kind,
        pattern: limit.pattern.clone(),
        calls_per_second: limit.calls_per_second,
        burst: limit.burst,
    }
}

/// What calls on a connection keep to.
const fn terms(connection: &Connection, settings: &Settings) -> Terms {
    let drain = settings.server.drain;
    Terms {
        headers_timeout: connection.timeouts.headers,
        idle_timeout: connection.timeouts.idle,
        whole_timeout: connection.timeouts.whole,
        retries: connection.retries,
        whole_max: WHOLE_MAX,
        drain_timeout: drain.timeout,
        drain_max: drain.max_bytes,
    }
}

// === impl Line ===

impl Line {
    fn new(
        connection: &Connection,
        settings: &Settings,
        key: Option<Secret>,
        idle_room: &Arc<Semaphore>,
    ) -> io::Result<Self> {
        let (timeout, private) = (connection.timeouts.connect, connection.allow_private);
        let transport = Transport::new(timeout, private, Arc::clone(idle_room))?;
        Ok(Self {
            transport: Arc::new(transport),
            terms: terms(connection, settings),
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
}

#[cfg(test)]
mod tests {
    //! What an edit of the file changes, and what it leaves alone.
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::civil::date;
    use reins_config::{File, Purpose};

    use super::{Live, Stored};

    fn live(server: &str, before: Option<&Live>) -> Live {
        let text = format!(
            "[organization]\nid = \"acme\"\n[[connection]]\nvendor = \"openai\"\n\
             key = \"stored\"\n[server]\n{server}\n"
        );
        let file = File {
            path: Path::new("reins.toml"),
            text: &text,
            purpose: Purpose::Serve,
            today: date(2026, 11, 21),
            variables: &|_| None,
        };
        let checked = reins_config::read(&file).expect("a good file");
        Live::ready(checked.settings, Arc::new(checked.snapshot), &Stored::new(), before)
            .expect("lines")
    }

    #[test]
    fn lines_are_kept_unless_what_they_keep_to_is_edited() {
        let first = live("drain_timeout = \"2m\"", None);
        let second = live("drain_timeout = \"2m\"\nheader_timeout = \"7s\"", Some(&first));
        assert!(Arc::ptr_eq(&first.lines[0], &second.lines[0]));
        let third = live("drain_timeout = \"3s\"\ndrain_max_bytes = 9", Some(&second));
        let terms = third.lines[0].terms;
        assert_eq!((terms.drain_timeout, terms.drain_max), (Duration::from_secs(3), 9));
    }
}
