//! Answers without a vendor, as data: a refusal in the vendor's own words, and an answer that is
//! given again.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use reins_dialects::Family;
use reins_governor::{Action, Name, Refusal, TransactionId};

use crate::answer_headers::{names, set};
use crate::caller::Way;
use crate::forward_headers::returned;
use crate::idempotency::Kept;
use crate::pools::Pools;
use crate::stopped::{Stopped, Unrecognised};
use crate::{Runtime, paths, refusal_metrics};

/// A refusal as the vendor would word it.
fn refuse(family: &dyn Family, refusal: &Refusal, id: Option<TransactionId>) -> Response<Bytes> {
    let body = Bytes::from(family.refuse(refusal, id));
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(names::ACTION, HeaderValue::from_static(Action::Block.word()));
    if let Some(id) = id {
        set(headers, names::TRANSACTION, id);
        set(headers, names::POLICY, refusal.stopped_by().policy());
    }
    if let Some(after) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    let retry = if refusal.should_retry() { "true" } else { "false" };
    headers.insert(names::SHOULD_RETRY, HeaderValue::from_static(retry));
    response
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// An answer, given again. It has no cost: that was told, and charged, once.
#[must_use]
pub fn repeat(kept: &Kept) -> Response<Bytes> {
    let mut response = Response::new(kept.body.clone());
    *response.status_mut() = kept.status;
    let mut headers = returned(kept.headers.clone());
    headers.insert(names::REPEATED, HeaderValue::from_static("true"));
    set(&mut headers, names::TRANSACTION, kept.id);
    *response.headers_mut() = headers;
    response
}

// === impl Runtime ===

impl<P: Pools> Runtime<P> {
    /// The answer to a call that was stopped.
    #[must_use]
    pub fn refuse(&self, way: Way<'_>, stopped: &Stopped) -> Response<Bytes> {
        let Stopped { refusal, id, organization } = stopped;
        let mut response = self.refused(way, refusal, organization.as_ref(), *id);
        if organization.is_none() {
            response.extensions_mut().insert(Unrecognised);
        }
        response
    }

    /// The answer to a refused call. It is counted; without a record, it is logged at most once a
    /// minute for each source.
    #[must_use]
    pub fn refused(
        &self,
        way: Way<'_>,
        refusal: &Refusal,
        organization: Option<&Name>,
        id: Option<TransactionId>,
    ) -> Response<Bytes> {
        refusal_metrics::refused(refusal, organization);
        if let Refusal::Internal { what } = refusal {
            let organization = organization.map(tracing::field::display);
            tracing::error!(organization, %what, "an error of our own");
        }
        if id.is_none() {
            self.refusal_log.log(refusal, organization, way.origin.peer, self.clock.monotonic());
        }
        refuse(way.family, refusal, id)
    }
}

/// The answer for a path that is not in the table.
#[must_use]
pub fn refuse_path(family: &dyn Family, path: &str) -> Response<Bytes> {
    let refusal = paths::not_carried(path);
    refusal_metrics::refused(&refusal, None);
    refuse(family, &refusal, None)
}
