//! A caller: who makes a call, once their key is recognised and their limits have room.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::request::Parts;
use reins_config::ServerLimits;
use reins_dialects::{Dialect, Family};
use reins_governor::{
    Admitted, Asking, Call, Identity, Latency, Looked, Name, Refusal, Text, TransactionId, Turned,
    admit, turn_away,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::authenticate::{Arrival, recognise};
use crate::identify::identify;
use crate::pools::Pools;
use crate::refusal_log::Peer;
use crate::served::Served;
use crate::stopped::Stopped;
use crate::version::Version;
use crate::{Runtime, refusal_metrics};

/// Where a call comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The other end of its connection.
    pub peer: Peer,
    /// Whether both ends of its connection are of this machine.
    pub local: bool,
}

/// How a call came in.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The vendor or connection that its path is prefixed with.
    pub prefix: Option<&'a str>,
    /// The vendor's own path, below the version.
    pub rest: &'a str,
    /// The caller's family, in whose words it is refused.
    pub family: &'a dyn Family,
    /// Where it comes from.
    pub origin: Origin,
}

/// Who makes a call. Everything of the call is held to one version of one organization.
pub struct Caller<'a, P: Pools> {
    pub(crate) runtime: &'a Runtime<P>,
    pub(crate) way: Way<'a>,
    pub(crate) head: &'a Parts,
    pub(crate) arrival: Arrival<'a>,
    pub(crate) served: Arc<Served<P::Pool>>,
    pub(crate) version: Arc<Version<P::Pool>>,
    pub(crate) identity: Arc<Identity>,
    latency: Latency,
}

/// What is known of a caller that may make calls now.
struct Known<P: Pools> {
    served: Arc<Served<P::Pool>>,
    version: Arc<Version<P::Pool>>,
    identity: Arc<Identity>,
    latency: Latency,
}

// === impl Origin ===

impl Origin {
    /// A private socket of this machine.
    pub const SOCKET: Self = Self { peer: Peer::Socket, local: true };
}

// === impl Runtime ===

impl<P: Pools> Runtime<P> {
    /// A place among the calls at once.
    ///
    /// # Errors
    /// Where all are taken.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::Unavailable {
            what: "too many calls at once: try again in a moment".to_owned(),
        })
    }

    /// Recognises and identifies the caller, and counts the call against the limits, before it may
    /// send megabytes.
    ///
    /// # Errors
    /// Why this caller may make no call now.
    pub fn caller<'a>(
        &'a self,
        way: Way<'a>,
        head: &'a Parts,
    ) -> Result<Caller<'a, P>, Box<Stopped>> {
        let started = self.clock.monotonic();
        let arrival = recognise(self, way.origin.local, head)?;
        match self.known(&arrival, head, started) {
            Ok(Known { served, version, identity, latency }) => {
                Ok(Caller { runtime: self, way, head, arrival, served, version, identity, latency })
            }
            Err(refusal) => {
                let organization = Some(arrival.key.organization.clone());
                Err(Box::new(Stopped { refusal, id: None, organization }))
            }
        }
    }

    fn known(
        &self,
        arrival: &Arrival<'_>,
        head: &Parts,
        started: Duration,
    ) -> Result<Known<P>, Refusal> {
        // WHY: only now. A key that a newer version declares must not be held to the one before.
        let served = self.served.load_full();
        let version = Arc::clone(served.of(&arrival.key.organization)?);
        let (organization, directory) = (&version.organization, &version.directory);
        let identity = identify(&arrival.key, &head.headers, organization, directory)?;
        let identified = self.clock.monotonic();
        let taken = version.limits.take(&identity, identified);
        taken.map_err(|(scope, retry_after)| Refusal::RateLimited { scope, retry_after })?;
        let latency = Latency {
            auth_us: micros(identified.saturating_sub(started)),
            limit_us: micros(self.clock.monotonic().saturating_sub(identified)),
            ..Latency::default()
        };
        Ok(Known { served, version, identity: Arc::new(identity), latency })
    }
}

// === impl Caller ===

impl<P: Pools> Caller<'_, P> {
    /// What the main file says of the server.
    #[must_use]
    pub fn server(&self) -> &ServerLimits {
        &self.served.process.server
    }

    /// The organization that the call is of.
    #[must_use]
    pub fn organization(&self) -> &Name {
        self.version.id()
    }

    /// A call that is not ready leaves a record, unless it is one too many: those are to cost as
    /// little as can be.
    #[must_use]
    pub fn turn_away(&self, refusal: Refusal, call: Call) -> Box<Stopped> {
        if matches!(refusal, Refusal::Unavailable { .. }) {
            return self.stopped(refusal);
        }
        let (asking, snapshot) = (self.asking(call, None), &self.version.snapshot);
        let Runtime { ledger, clock, .. } = self.runtime;
        self.turned(turn_away(ledger, clock, snapshot, asking, refusal))
    }

    /// Turns a call away whose body cannot be read.
    #[must_use]
    pub fn unread(&self, dialect: &dyn Dialect, refusal: Refusal) -> Box<Stopped> {
        self.turn_away(refusal, Call::new("", "", dialect.endpoint()))
    }

    /// The headers of the request.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// A call that an error of Reins' own has stopped.
    #[must_use]
    pub fn internal(&self, error: &dyn std::error::Error) -> Box<Stopped> {
        self.stopped(Refusal::Internal { what: error.to_string() })
    }

    /// A call that leaves no record.
    #[must_use]
    pub fn stopped(&self, refusal: Refusal) -> Box<Stopped> {
        let organization = Some(self.organization().clone());
        Box::new(Stopped { refusal, id: None, organization })
    }

    /// Asks rules and budgets, and counts rules that could not say whether they match.
    pub(crate) async fn admit(
        &self,
        call: Call,
        text: Arc<dyn Text>,
    ) -> Result<Admitted, Box<Stopped>> {
        let (asking, id) = (self.asking(call, Some(text)), self.organization());
        let Runtime { ledger, clock, .. } = self.runtime;
        match admit(ledger, clock, &self.version.snapshot, asking).await {
            Ok(admitted) => {
                refusal_metrics::erred(id, admitted.trace().erred().map(Looked::by));
                Ok(admitted)
            }
            Err(turned) => {
                refusal_metrics::erred(id, turned.erred.iter().cloned());
                Err(self.turned(turned))
            }
        }
    }

    #[expect(clippy::boxed_local, reason = "this is how it comes")]
    fn turned(&self, turned: Box<Turned>) -> Box<Stopped> {
        let Turned { id, refusal, .. } = *turned;
        let organization = Some(self.organization().clone());
        Box::new(Stopped { refusal, id: Some(id), organization })
    }

    fn asking(&self, call: Call, text: Option<Arc<dyn Text>>) -> Asking {
        Asking {
            id: TransactionId(ulid::Ulid::generate()),
            identity: Arc::clone(&self.identity),
            call,
            at: self.runtime.clock.now(),
            latency: self.latency,
            text,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
