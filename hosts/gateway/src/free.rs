//! Calls that vendors answer for nothing: passed on for whoever has a key, never charged.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use reins_dialects::Dialect;
use reins_flight::Transport;
use reins_governor::Refusal;
use tokio::time::timeout;

use crate::arrival::recognise;
use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::govern::too_many;
use crate::identify::identify;
use crate::{inbound, lines, outbound, reply, tally};

/// Passes on one free call.
pub(crate) async fn pass_on(
    desk: &Arc<Desk>,
    prefix: Option<&str>,
    rest: &str,
    dialect: &'static dyn Dialect,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let Ok(place) = Arc::clone(&desk.places).try_acquire_owned() else {
        let refusal = too_many();
        tally::refused(&refusal);
        return reply::refuse(dialect, &refusal, None);
    };
    match try_pass_on(desk, prefix, rest, dialect, request).await {
        Ok(response) => response.map(|body| body.keeping(place)),
        Err(refusal) => {
            tally::refused(&refusal);
            reply::refuse(dialect, &refusal, None)
        }
    }
}

async fn try_pass_on(
    desk: &Arc<Desk>,
    prefix: Option<&str>,
    rest: &str,
    dialect: &'static dyn Dialect,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Refusal> {
    let live = desk.live.load_full();
    let (head, body) = request.into_parts();
    let arrival = recognise(desk, &live, &head.headers)?;
    let organization = &live.settings.organization;
    let identity = identify(&arrival.key, &head.headers, organization, &live.directory)?;
    let body: Bytes = inbound::read(&head.headers, body, &live.settings.server).await?;
    let taken = live.limits.take(&identity, desk.clock.monotonic());
    taken.map_err(|(scope, retry_after)| Refusal::RateLimited { scope, retry_after })?;
    let line = lines::choose(&live, prefix, dialect, &head.headers, None)?;
    let uri = lines::joined(line, &lines::path(dialect, rest), head.uri.query())?;
    let key = lines::vendor_key(line, dialect, &arrival)?;
    let headers = outbound::headers(&head.headers, Some(key));
    let request = outbound::request(&head.method, uri, headers, body);
    let waited = line.terms.headers_timeout;
    match timeout(waited, line.transport.send(request)).await {
        Err(_) => Err(Refusal::VendorTimeout { waited }),
        Ok(Err(error)) => Err(Refusal::VendorError { what: error.to_string() }),
        Ok(Ok(answer)) => {
            let (head, body) = answer.into_parts();
            let mut response = Response::new(AnswerBody::passed(body));
            *response.status_mut() = head.status;
            *response.headers_mut() = outbound::returned(head.headers);
            Ok(response)
        }
    }
}
