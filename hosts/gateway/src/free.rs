//! Calls that vendors answer for nothing: passed on for whoever has a key, never charged.

use std::sync::Arc;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use reins_flight::Transport;
use reins_governor::Refusal;
use tokio::time::timeout;

use crate::arrival::recognise;
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::govern::{Way, refused, too_many};
use crate::identify::identify;
use crate::lines::Wish;
use crate::path::is_models;
use crate::timed::Timed;
use crate::{inbound, lines, outbound};

/// Passes on one free call, to the vendor's own path `rest`.
pub(crate) async fn pass_on(
    desk: &Arc<Desk>,
    way: Way<'_>,
    rest: &str,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let Ok(place) = Arc::clone(&desk.places).try_acquire_owned() else {
        return refused(desk, way, &too_many(), None);
    };
    match try_pass_on(desk, way, rest, request).await {
        Ok(response) => response.map(|body| body.keeping(place)),
        Err(refusal) => refused(desk, way, &refusal, None),
    }
}

async fn try_pass_on(
    desk: &Arc<Desk>,
    way: Way<'_>,
    rest: &str,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Refusal> {
    let live = desk.live.load_full();
    let (head, body) = request.into_parts();
    let arrival = recognise(desk, &live, way.local, &head)?;
    // WHY: a key that a newer version declares must not be held to the version before.
    let live = desk.live.load_full();
    let organization = &live.settings.organization;
    let identity = identify(&arrival.key, &head.headers, organization, &live.directory)?;
    let taken = live.limits.take(&identity, desk.clock.monotonic());
    taken.map_err(|(scope, retry_after)| Refusal::RateLimited { scope, retry_after })?;
    let body = inbound::read(&head.headers, body, &live.settings.server, &desk.room).await?;
    let pinned = arrival.key.pins.connection.as_deref();
    let wish = Wish { named: lines::named(way.prefix, &head.headers), pinned, model: None };
    let dialect = match way.dialect {
        caller if is_models(rest) => lines::dialect_of_models(&live, &wish, caller),
        own => own,
    };
    let line = lines::choose(&live, dialect, &wish)?;
    let uri = lines::path(line, dialect, rest, head.uri.query())?;
    let key = lines::vendor_key(line, dialect, &arrival, &desk.registry)?;
    let discloses = |value: &[u8]| desk.registry.discloses_key(value);
    let headers = outbound::headers(&head.headers, Some(key), discloses);
    let request = outbound::request(&head.method, uri, headers, body);
    let waited = line.terms.headers_timeout;
    match timeout(waited, line.transport.send(request)).await {
        Err(_) => Err(Refusal::VendorTimeout { waited }),
        Ok(Err(error)) => Err(error.refusal()),
        Ok(Ok(answer)) => {
            let (head, body) = answer.into_parts();
            let body = Timed::new(body, line.terms.idle_timeout, line.terms.whole_timeout);
            let mut response = Response::new(AnswerBody::passed(body.boxed_unsync()));
            *response.status_mut() = head.status;
            *response.headers_mut() = outbound::returned(head.headers);
            Ok(response)
        }
    }
}
