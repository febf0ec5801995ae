//! Calls that vendors answer for nothing: passed on for whoever has a key, never charged.

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use reins_flight::Transport;
use reins_governor::Refusal;
use tokio::time::timeout;

use crate::arrival::{Arrival, recognise};
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::govern::{Way, refused, too_many};
use crate::identify::identify;
use crate::lines::Wish;
use crate::path::is_models;
use crate::stopped::Stopped;
use crate::timed::Timed;
use crate::{govern, inbound, lines, outbound};

/// Passes on one free call, to the vendor's own path.
pub(crate) async fn pass_on(
    desk: &Arc<Desk>,
    way: Way<'_>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let Ok(place) = Arc::clone(&desk.places).try_acquire_owned() else {
        return refused(desk, way, &too_many(), None, None);
    };
    match try_pass_on(desk, way, request).await {
        Ok(response) => response.map(|body| body.keeping(place)),
        Err(stopped) => govern::stopped(desk, way, &stopped),
    }
}

async fn try_pass_on(
    desk: &Arc<Desk>,
    way: Way<'_>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Box<Stopped>> {
    let (head, body) = request.into_parts();
    let arrival = recognise(desk, way.local, &head)?;
    let passed = pass_recognised(desk, way, (&head, &arrival), body).await;
    passed.map_err(|refusal| {
        let organization = Some(arrival.key.organization.clone());
        Box::new(Stopped { refusal, id: None, organization })
    })
}

async fn pass_recognised(
    desk: &Desk,
    way: Way<'_>,
    (head, arrival): (&Parts, &Arrival<'_>),
    body: Incoming,
) -> Result<Response<AnswerBody>, Refusal> {
    // WHY: only now: a key that a newer version declares must not be held to the version before.
    let served = desk.served.load_full();
    let (version, server) = (served.of(&arrival.key.organization)?, &served.process.server);
    let (organization, directory) = (&version.organization, &version.directory);
    let identity = identify(&arrival.key, &head.headers, organization, directory)?;
    let taken = version.limits.take(&identity, desk.clock.monotonic());
    taken.map_err(|(scope, retry_after)| Refusal::RateLimited { scope, retry_after })?;
    let body = inbound::read(&head.headers, body, server, &desk.room).await?;
    let pinned = arrival.key.pins.connection.as_deref();
    let wish = Wish { named: lines::named(way.prefix, &head.headers), pinned, model: None };
    let family = match way.family {
        caller if is_models(way.rest) => lines::family_of_models(version, &wish, caller),
        own => own,
    };
    let line = lines::choose(version, family, &wish)?;
    let uri = lines::path(line, way.rest, head.uri.query())?;
    let signer = lines::signer(line, arrival, &desk.registry)?;
    let discloses = |value: &[u8]| desk.registry.discloses_key(value);
    let headers = outbound::headers(&head.headers, discloses);
    let request = outbound::request(&head.method, uri, headers, body, (&*signer, desk.clock.now()));
    let terms = line.terms(server);
    let waited = terms.headers_timeout;
    match timeout(waited, line.transport.send(request)).await {
        Err(_) => Err(Refusal::VendorTimeout { waited }),
        Ok(Err(error)) => Err(error.refusal()),
        Ok(Ok(answer)) => {
            let (head, body) = answer.into_parts();
            let body = Timed::new(body, terms.idle_timeout, terms.whole_timeout);
            let mut response = Response::new(AnswerBody::passed(body.boxed_unsync()));
            *response.status_mut() = head.status;
            *response.headers_mut() = outbound::returned(head.headers);
            Ok(response)
        }
    }
}
