//! A paid call, from its request to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use reins_dialects::{Dialect, Target};
use reins_flight::{Carried, Freight, Pack, Transport, carry};
use reins_governor::{Asking, Call, Identity, Latency, Refusal, TransactionId, admit};
use reins_store::Embedded;
use tokio::sync::OwnedSemaphorePermit;

use crate::arrival::{Arrival, recognise};
use crate::body::AnswerBody;
use crate::desk::{Desk, Line, Live};
use crate::idempotency::{Place, Turn};
use crate::identify::identify;
use crate::text::BodyText;
use crate::{inbound, lines, outbound, reply, tally};

/// A call that was stopped.
struct Stopped {
    refusal: Refusal,
    /// Its record, where there is one.
    id: Option<TransactionId>,
}

/// Governs one paid call.
pub(crate) async fn govern(
    desk: &Arc<Desk>,
    prefix: Option<&str>,
    dialect: &'static dyn Dialect,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let Ok(place) = Arc::clone(&desk.places).try_acquire_owned() else {
        return refused(dialect, &too_many(), None);
    };
    match try_govern(desk, prefix, dialect, request, place).await {
        Ok(response) => response,
        Err(stopped) => refused(dialect, &stopped.refusal, stopped.id),
    }
}

/// The refusal of a call for which there is no place.
pub(crate) fn too_many() -> Refusal {
    Refusal::Unavailable { what: "too many calls at once: try again in a moment".to_owned() }
}

fn refused(
    dialect: &'static dyn Dialect,
    refusal: &Refusal,
    id: Option<TransactionId>,
) -> Response<AnswerBody> {
    tally::refused(refusal);
    if let Refusal::Internal { what } = refusal {
        tracing::error!(%what, "an error of our own");
    }
    reply::refuse(dialect, refusal, id)
}

async fn try_govern(
    desk: &Arc<Desk>,
    prefix: Option<&str>,
    dialect: &'static dyn Dialect,
    request: Request<Incoming>,
    place: OwnedSemaphorePermit,
) -> Result<Response<AnswerBody>, Box<Stopped>> {
    let live = desk.live.load_full();
    let started = desk.clock.monotonic();
    let (head, body) = request.into_parts();
    let arrival = recognise(desk, &live, &head.headers)?;
    let identity =
        identify(&arrival.key, &head.headers, &live.settings.organization, &live.directory)?;
    let auth_us = micros(desk.clock.monotonic().saturating_sub(started));
    let body = inbound::read(&head.headers, body, &live.settings.server).await?;
    let first = match desk.repeats.turn(&identity.key, &head.headers, &body)? {
        Turn::Plain => None,
        Turn::First(first) => Some(first),
        Turn::Again(answer) => return Ok(answer),
    };
    let limited = desk.clock.monotonic();
    take_limit(&live, &identity, limited)?;
    let limit_us = micros(desk.clock.monotonic().saturating_sub(limited));
    let (read, line) = read_call(&live, prefix, dialect, &head.headers, &body)?;
    let asking = Asking {
        id: TransactionId(ulid::Ulid::generate()),
        identity: Arc::new(identity),
        call: capped(&read.call, &line),
        at: desk.clock.now(),
        latency: Latency { auth_us, limit_us, ..Latency::default() },
        text: Some(Arc::new(BodyText { dialect, body: body.clone() })),
    };
    let pack = pack(&head, dialect, &line, &arrival, &read, body)?;
    let admitted = admit(&desk.ledger, &desk.clock, &live.snapshot, asking)
        .await
        .map_err(|turned| Stopped { refusal: turned.refusal, id: Some(turned.id) })?;
    let wants_trailers = accepts_trailers(&head.headers);
    let freight = Freight {
        admitted,
        transport: Arc::clone(&line.transport),
        pack,
        dialect,
        read,
        terms: line.terms,
        crew: desk.crew.clone(),
        clock: Arc::clone(&desk.clock),
        trailers: wants_trailers.then_some(reply::trailers),
    };
    // The call outlives its client: dropping this future only stops listening.
    let carried = desk.crew.outlive(carry_once(freight, first, place)).await;
    let (carried, place) = carried.map_err(|broken| internal(&broken.to_string()))?;
    Ok(answer(dialect, carried, wants_trailers, place))
}

/// Carries a call. It keeps its place among the calls at once, whether its client stays or not.
async fn carry_once<T: Transport>(
    freight: Freight<Embedded, T>,
    first: Option<Place>,
    place: OwnedSemaphorePermit,
) -> (Carried, OwnedSemaphorePermit) {
    let carried = carry(freight).await;
    if let Some(first) = first {
        first.settle(&carried);
    }
    (carried, place)
}

fn take_limit(live: &Live, identity: &Identity, now: Duration) -> Result<(), Refusal> {
    live.limits
        .take(identity, now)
        .map_err(|(scope, retry_after)| Refusal::RateLimited { scope, retry_after })
}

/// Reads the request and finds the line that will carry it.
fn read_call(
    live: &Live,
    prefix: Option<&str>,
    dialect: &'static dyn Dialect,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(Arc<reins_dialects::Read>, Arc<Line>), Refusal> {
    let nobody: Arc<str> = Arc::from("");
    let target = Target { vendor: Arc::clone(&nobody), connection: nobody };
    let mut read = dialect.read(body, &target)?;
    let line = lines::choose(live, prefix, dialect, headers, Some(&read.call.model))?;
    read.call.vendor = Arc::clone(&line.connection.vendor);
    read.call.connection = Arc::clone(&line.connection.name);
    Ok((Arc::new(read), Arc::clone(line)))
}

/// The call with the connection's own cap, where the client named none. What was read stays as it
/// was: by the difference the cap is written into the body.
fn capped(call: &Call, line: &Line) -> Call {
    let output_cap = call.output_cap.or(line.connection.default_max_tokens);
    Call { output_cap, ..call.clone() }
}

/// Makes the request of each attempt: the bytes as they came, unless the call was changed.
fn pack(
    head: &Parts,
    dialect: &'static dyn Dialect,
    line: &Line,
    arrival: &Arrival<'_>,
    read: &Arc<reins_dialects::Read>,
    body: Bytes,
) -> Result<Pack, Refusal> {
    let uri: Uri = lines::uri(line, dialect, head.uri.query())?;
    let key = lines::vendor_key(line, dialect, arrival)?;
    let headers = outbound::headers(&head.headers, Some(key));
    let (method, read) = (head.method.clone(), Arc::clone(read));
    Ok(Box::new(move |call: &Call| {
        let bytes = dialect.rewrite(&body, &read, call).map_or_else(|| body.clone(), Bytes::from);
        outbound::request(&method, uri.clone(), headers.clone(), bytes)
    }))
}

fn answer(
    dialect: &'static dyn Dialect,
    carried: Carried,
    trailers: bool,
    place: OwnedSemaphorePermit,
) -> Response<AnswerBody> {
    match carried {
        Carried::Whole { notice, head, body, closed } => {
            let failed = head.status.is_client_error() || head.status.is_server_error();
            let mut response = passed(*head, AnswerBody::whole(body));
            let headers = response.headers_mut();
            reply::tell_notice(headers, &notice);
            reply::tell_cost(headers, &closed);
            let retries = closed.attempts.len().saturating_sub(1);
            let retries = u32::try_from(retries).unwrap_or(u32::MAX);
            reply::tell_retries(headers, retries);
            if failed && retries > 0 {
                headers.insert(reply::names::SHOULD_RETRY, HeaderValue::from_static("false"));
            }
            response
        }
        Carried::Streaming { notice, head, tap, retries } => {
            let mut response = passed(*head, AnswerBody::stream(tap).keeping(place));
            let headers = response.headers_mut();
            reply::tell_notice(headers, &notice);
            reply::tell_retries(headers, retries);
            if trailers {
                headers.insert(header::TRAILER, HeaderValue::from_static(reply::ANNOUNCED));
            }
            response
        }
        Carried::Failed { notice, refusal, retries } => {
            let mut response = refused(dialect, &refusal, notice.as_ref().map(|n| n.id));
            if let Some(notice) = &notice {
                reply::tell_notice(response.headers_mut(), notice);
            }
            reply::tell_retries(response.headers_mut(), retries);
            response
        }
    }
}

/// The vendor's answer, with what a client may see of its headers.
fn passed(head: http::response::Parts, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = outbound::returned(head.headers);
    response
}

fn accepts_trailers(headers: &HeaderMap) -> bool {
    let te = headers.get(header::TE).and_then(|te| te.to_str().ok());
    te.is_some_and(|te| te.split(',').any(|t| t.trim().eq_ignore_ascii_case("trailers")))
}

fn internal(what: &str) -> Refusal {
    Refusal::Internal { what: what.to_owned() }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl From<Refusal> for Box<Stopped> {
    fn from(refusal: Refusal) -> Self {
        Self::new(Stopped { refusal, id: None })
    }
}
