//! Request bodies: read whole, within a size and a time, or refused.

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use reins_config::ServerLimits;
use reins_governor::Refusal;
use tokio::time::timeout;

/// Reads a request's body, as many bytes as the file allows.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limits: &ServerLimits,
) -> Result<Bytes, Refusal> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(bad("the body is compressed, and is not read so: send it plain"));
    }
    let limit = limits.max_body_bytes;
    let too_large = || Refusal::TooLarge { limit };
    if body.size_hint().lower() > limit {
        return Err(too_large());
    }
    let whole = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    match timeout(limits.body_timeout, whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(bad("the body broke off before its end")),
        Err(_) => Err(bad("the body took too long to come")),
    }
}

fn bad(what: &str) -> Refusal {
    Refusal::BadRequest { what: what.to_owned() }
}
