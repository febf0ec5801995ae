//! The answer to a paid call, whatever came of carrying it.

use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, header};
use reins_flight::Carried;
use reins_governor::Name;
use reins_runtime::{ANNOUNCED, Way, returned, tell_cost, tell_notice, tell_retries};
use tokio::sync::OwnedSemaphorePermit;

use crate::body::AnswerBody;
use crate::desk::Desk;

/// The answer to a call that was carried.
pub(crate) fn answer(
    desk: &Desk,
    way: Way<'_>,
    organization: &Name,
    carried: Carried,
    trailers: bool,
    place: OwnedSemaphorePermit,
) -> Response<AnswerBody> {
    match carried {
        Carried::Whole { notice, head, body, closed } => {
            let mut response = passed(*head, AnswerBody::whole(body).keeping(place));
            let headers = response.headers_mut();
            tell_notice(headers, &notice);
            tell_cost(headers, &closed);
            let retries = closed.attempts.len().saturating_sub(1);
            let retries = u32::try_from(retries).unwrap_or(u32::MAX);
            tell_retries(headers, retries);
            response
        }
        Carried::Streaming { notice, head, tap, retries } => {
            let mut response = passed(*head, AnswerBody::stream(tap).keeping(place));
            let headers = response.headers_mut();
            tell_notice(headers, &notice);
            tell_retries(headers, retries);
            if trailers {
                headers.insert(header::TRAILER, HeaderValue::from_static(ANNOUNCED));
            }
            response
        }
        Carried::Failed { notice, refusal, retries, closed } => {
            let (id, organization) = (Some(notice.id), Some(organization));
            let response = desk.runtime.refused(way, &refusal, organization, id);
            let mut response = response.map(AnswerBody::whole);
            let headers = response.headers_mut();
            tell_notice(headers, &notice);
            tell_cost(headers, &closed);
            tell_retries(headers, retries);
            response
        }
    }
}

/// The vendor's answer, with what a client may see of its headers.
fn passed(head: Parts, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = returned(head.headers);
    response
}

/// Whether the client says that it reads trailers.
pub(crate) fn accepts_trailers(headers: &HeaderMap) -> bool {
    let te = headers.get(header::TE).and_then(|te| te.to_str().ok());
    te.is_some_and(|te| te.split(',').any(|t| t.trim().eq_ignore_ascii_case("trailers")))
}
