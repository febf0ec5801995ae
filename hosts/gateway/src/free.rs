//! Calls that vendors answer for nothing: passed on for whoever has a key, never charged.

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use reins_flight::Transport;
use reins_governor::Refusal;
use reins_runtime::{Caller, Free, Stopped, Way, returned};
use tokio::time::timeout;

use crate::body::AnswerBody;
use crate::desk::Desk;
use crate::govern::{refused, stopped_by};
use crate::inbound;
use crate::timed::Timed;
use crate::vendor_pool::VendorPools;

/// Passes on one free call.
pub(crate) async fn pass_on(
    desk: &Desk,
    way: Way<'_>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let place = match desk.runtime.place() {
        Ok(place) => place,
        Err(refusal) => return refused(desk, way, &refusal),
    };
    let (head, body) = request.into_parts();
    let passed = async {
        let caller = desk.runtime.caller(way, &head)?;
        pass_on_of(desk, &caller, body).await
    };
    match passed.await {
        Ok(response) => response.map(|body| body.keeping(place)),
        Err(stopped) => stopped_by(desk, way, &stopped),
    }
}

async fn pass_on_of(
    desk: &Desk,
    caller: &Caller<'_, VendorPools>,
    body: Incoming,
) -> Result<Response<AnswerBody>, Box<Stopped>> {
    let body = inbound::read(caller.headers(), body, caller.server(), &desk.room).await;
    let free = caller.free(body.map_err(|refusal| caller.stopped(refusal))?)?;
    send(free).await.map_err(|refusal| caller.stopped(refusal))
}

async fn send(free: Free<VendorPools>) -> Result<Response<AnswerBody>, Refusal> {
    let Free { upstream, request, terms } = free;
    let waited = terms.headers_timeout;
    let answer = timeout(waited, upstream.pool.send(request)).await;
    let answer = answer.map_err(|_| Refusal::VendorTimeout { waited })?;
    let (head, body) = answer.map_err(|error| error.refusal())?.into_parts();
    let body = Timed::new(body, terms.idle_timeout, terms.whole_timeout);
    let mut response = Response::new(AnswerBody::passed(body.boxed_unsync()));
    *response.status_mut() = head.status;
    *response.headers_mut() = returned(head.headers);
    Ok(response)
}
