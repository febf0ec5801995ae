//! A paid call over HTTP, from its request to its answer.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use reins_dialects::Dialect;
use reins_flight::{Carried, Freight, Presence, Transport, carry};
use reins_governor::Refusal;
use reins_runtime::{Begun, Caller, First, Stopped, Way, repeat, trailers};
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::{accepts_trailers, answer};
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::inbound;
use crate::vendor_pool::VendorPools;

/// Governs one paid call.
pub(crate) async fn govern(
    desk: &Desk,
    way: Way<'_>,
    dialect: &Arc<dyn Dialect>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let place = match desk.runtime.place() {
        Ok(place) => place,
        Err(refusal) => return refused(desk, way, &refusal),
    };
    let (head, body) = request.into_parts();
    let answered = async {
        let caller = desk.runtime.caller(way, &head)?;
        let trailers = accepts_trailers(&head.headers);
        governed(desk, (way, dialect), (&caller, trailers), body, place).await
    };
    answered.await.unwrap_or_else(|stopped| stopped_by(desk, way, &stopped))
}

/// The answer to a call that was stopped.
pub(crate) fn stopped_by(desk: &Desk, way: Way<'_>, stopped: &Stopped) -> Response<AnswerBody> {
    desk.runtime.refuse(way, stopped).map(AnswerBody::whole)
}

/// The answer to a call that was refused before its caller was looked at.
pub(crate) fn refused(desk: &Desk, way: Way<'_>, refusal: &Refusal) -> Response<AnswerBody> {
    desk.runtime.refused(way, refusal, None, None).map(AnswerBody::whole)
}

async fn governed(
    desk: &Desk,
    (way, dialect): (Way<'_>, &Arc<dyn Dialect>),
    (caller, wants_trailers): (&Caller<'_, VendorPools>, bool),
    body: Incoming,
    place: OwnedSemaphorePermit,
) -> Result<Response<AnswerBody>, Box<Stopped>> {
    let body = inbound::read(caller.headers(), body, caller.server(), &desk.room).await;
    let body = body.map_err(|refusal| caller.unread(&**dialect, refusal))?;
    let governed = match caller.govern(dialect, body).await? {
        Begun::Call(governed) => governed,
        Begun::Again(kept) => return Ok(repeat(&kept).map(AnswerBody::whole)),
    };
    let (client, transport) = (Presence::new(), governed.upstream.pool.clone());
    let trailers = wants_trailers.then_some(trailers as fn(&_) -> _);
    let (freight, first) = governed.freight(transport, client.clone(), trailers);
    // The call outlives its client: dropping this future only stops listening.
    let carrying = carry_once(freight, first, place);
    let carried = desk.runtime.crew.outlive(&client, carrying).await;
    let (carried, place) = carried.map_err(|broken| caller.internal(&broken))?;
    Ok(answer(desk, way, caller.organization(), carried, wants_trailers, place))
}

/// Carries a call. It keeps its place among the calls at once, whether its client stays or not.
async fn carry_once<T: Transport>(
    freight: Freight<T>,
    first: Option<First>,
    place: OwnedSemaphorePermit,
) -> (Carried, OwnedSemaphorePermit) {
    let carried = carry(freight).await;
    if let Some(first) = first {
        first.settle(&carried);
    }
    (carried, place)
}
