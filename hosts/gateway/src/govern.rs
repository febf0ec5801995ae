//! A paid call, from its request to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;
use reins_dialects::{Dialect, Family};
use reins_flight::{Carried, Freight, Presence, Transport, carry};
use reins_governor::{
    Admitted, Asking, Call, Identity, Latency, Looked, Name, Refusal, Snapshot, Text,
    TransactionId, Turned, admit, turn_away,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::{accepts_trailers, answer};
use crate::arrival::{Arrival, recognise};
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::idempotency::{Place, Turn};
use crate::identify::identify;
use crate::ready::{self, Caller, Unready};
use crate::stopped::{Stopped, Unrecognised};
use crate::text::BodyText;
use crate::version::Version;
use crate::{reply, tally};

/// How a call came in.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    /// The vendor or connection that its path is prefixed with.
    pub(crate) prefix: Option<&'a str>,
    /// The vendor's own path, below the version.
    pub(crate) rest: &'a str,
    /// The caller's family, in whose words it is refused.
    pub(crate) family: &'a dyn Family,
    /// Who is at the other end of its connection.
    pub(crate) peer: IpAddr,
    /// Whether both ends of its connection are of this machine.
    pub(crate) local: bool,
}

/// A call whose caller was recognised, before its body.
struct Recognised<'a> {
    way: Way<'a>,
    dialect: &'a Arc<dyn Dialect>,
    head: &'a Parts,
    arrival: &'a Arrival<'a>,
    /// When it came in.
    started: Duration,
}

/// What is known of a call before its body.
struct Opening {
    identity: Arc<Identity>,
    latency: Latency,
}

/// Governs one paid call.
pub(crate) async fn govern(
    desk: &Arc<Desk>,
    way: Way<'_>,
    dialect: &Arc<dyn Dialect>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let Ok(place) = Arc::clone(&desk.places).try_acquire_owned() else {
        return refused(desk, way, &too_many(), None, None);
    };
    match try_govern(desk, way, dialect, request, place).await {
        Ok(response) => response,
        Err(stopped) => self::stopped(desk, way, &stopped),
    }
}

/// The refusal of a call for which there is no place.
pub(crate) fn too_many() -> Refusal {
    Refusal::Unavailable { what: "too many calls at once: try again in a moment".to_owned() }
}

/// Answers a call that was stopped.
pub(crate) fn stopped(desk: &Desk, way: Way<'_>, stopped: &Stopped) -> Response<AnswerBody> {
    let Stopped { refusal, id, organization } = stopped;
    let mut response = refused(desk, way, refusal, organization.as_ref(), *id);
    if organization.is_none() {
        response.extensions_mut().insert(Unrecognised);
    }
    response
}

/// Answers with a refusal. One without a record is counted, and told of now and then.
pub(crate) fn refused(
    desk: &Desk,
    way: Way<'_>,
    refusal: &Refusal,
    organization: Option<&Name>,
    id: Option<TransactionId>,
) -> Response<AnswerBody> {
    tally::refused(refusal, organization);
    if let Refusal::Internal { what } = refusal {
        let organization = organization.map(tracing::field::display);
        tracing::error!(organization, %what, "an error of our own");
    }
    if id.is_none() {
        desk.hush.tell(refusal, organization, way.peer, desk.clock.monotonic());
    }
    reply::refuse(way.family, refusal, id)
}

async fn try_govern(
    desk: &Arc<Desk>,
    way: Way<'_>,
    dialect: &Arc<dyn Dialect>,
    request: Request<Incoming>,
    place: OwnedSemaphorePermit,
) -> Result<Response<AnswerBody>, Box<Stopped>> {
    let started = desk.clock.monotonic();
    let (head, body) = request.into_parts();
    let arrival = recognise(desk, way.local, &head)?;
    let recognised = Recognised { way, dialect, head: &head, arrival: &arrival, started };
    let governed = recognised.govern(desk, body, place).await;
    governed.map_err(|stopped| Box::new(stopped.of(&arrival.key.organization)))
}

// === impl Recognised ===

impl Recognised<'_> {
    async fn govern(
        &self,
        desk: &Arc<Desk>,
        body: Incoming,
        place: OwnedSemaphorePermit,
    ) -> Result<Response<AnswerBody>, Box<Stopped>> {
        let Self { way, dialect, head, arrival, started } = *self;
        // WHY: only now. A key that a newer version declares must not be held to the one before.
        let served = desk.served.load_full();
        let (version, server) = (served.of(&arrival.key.organization)?, &served.process.server);
        let identity =
            identify(&arrival.key, &head.headers, &version.organization, &version.directory)?;
        let opening = open(desk, version, identity, started)?;
        let spoken = ready::spoken(version, way, dialect, head, arrival)?;
        let caller = Caller { version, limits: server, spoken: &spoken, head, arrival };
        let turned = |unready| opening.turn_away(desk, &version.snapshot, unready);
        let (body, turn) = caller.body(desk, body).await.map_err(turned)?;
        let first = match turn {
            Turn::Plain => None,
            Turn::First(first) => Some(first),
            Turn::Again(answer) => return Ok(answer),
        };
        let ready = caller.ready(desk, body.clone()).map_err(turned)?;
        let text = BodyText::of(&ready.dialect, &body);
        drop(body);
        let asking = opening.asking(desk, ready.call, Some(text));
        let admitted = admitted(desk, version, asking).await?;
        let (wants_trailers, client) = (accepts_trailers(&head.headers), Presence::new());
        let freight = Freight {
            admitted,
            transport: Arc::clone(&ready.line.transport),
            pack: ready.pack,
            dialect: ready.dialect,
            read: ready.read,
            terms: ready.line.terms(server),
            crew: desk.crew.clone(),
            client: client.clone(),
            clock: Arc::clone(&desk.clock),
            trailers: wants_trailers.then_some(reply::trailers),
        };
        // The call outlives its client: dropping this future only stops listening.
        let carried = desk.crew.outlive(&client, carry_once(freight, first, place)).await;
        let (carried, place) = carried.map_err(|broken| internal(&broken.to_string()))?;
        Ok(answer(desk, way, version.id(), carried, wants_trailers, place))
    }
}

/// Asks rules and budgets, and counts rules that could not say whether they match.
async fn admitted(desk: &Desk, version: &Version, asking: Asking) -> Result<Admitted, Box<Turned>> {
    let admitted = admit(&desk.ledger, &desk.clock, &version.snapshot, asking).await;
    match &admitted {
        Ok(admitted) => {
            tally::erred(version.id(), admitted.trace().erred().map(Looked::by));
        }
        Err(turned) => tally::erred(version.id(), turned.erred.iter().cloned()),
    }
    admitted
}

/// Counts a call against the limits, before it may send megabytes.
fn open(
    desk: &Desk,
    version: &Version,
    identity: Identity,
    started: Duration,
) -> Result<Opening, Refusal> {
    let identified = desk.clock.monotonic();
    let taken = version.limits.take(&identity, identified);
    taken.map_err(|(scope, retry_after)| Refusal::RateLimited { scope, retry_after })?;
    let limited = desk.clock.monotonic();
    let latency = Latency {
        auth_us: micros(identified.saturating_sub(started)),
        limit_us: micros(limited.saturating_sub(identified)),
        ..Latency::default()
    };
    Ok(Opening { identity: Arc::new(identity), latency })
}

// === impl Opening ===

impl Opening {
    fn asking(&self, desk: &Desk, call: Call, text: Option<Arc<dyn Text>>) -> Asking {
        Asking {
            id: TransactionId(ulid::Ulid::generate()),
            identity: Arc::clone(&self.identity),
            call,
            at: desk.clock.now(),
            latency: self.latency,
            text,
        }
    }

    /// A call that is not ready leaves a record, unless it is one too many: those are to cost as
    /// little as can be.
    fn turn_away(&self, desk: &Desk, snapshot: &Arc<Snapshot>, unready: Unready) -> Box<Stopped> {
        let Unready { refusal, call } = unready;
        if matches!(refusal, Refusal::Unavailable { .. }) {
            return refusal.into();
        }
        let asking = self.asking(desk, *call, None);
        turn_away(&desk.ledger, &desk.clock, snapshot, asking, refusal).into()
    }
}

/// Carries a call. It keeps its place among the calls at once, whether its client stays or not.
async fn carry_once<T: Transport>(
    freight: Freight<T>,
    first: Option<Place>,
    place: OwnedSemaphorePermit,
) -> (Carried, OwnedSemaphorePermit) {
    let carried = carry(freight).await;
    if let Some(first) = first {
        first.settle(&carried);
    }
    (carried, place)
}

fn internal(what: &str) -> Refusal {
    Refusal::Internal { what: what.to_owned() }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
