//! Answers in the gateway's own words: what is told of a decision, of a cost, of a refusal.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use reins_dialects::Family;
use reins_flight::Notice;
use reins_governor::{Action, Closed, Refusal, TransactionId};

use crate::body::AnswerBody;
use crate::path;

/// The names of the headers that every governed answer may carry.
pub(crate) mod names {
    use http::HeaderName;

    pub(crate) const TRANSACTION: HeaderName = HeaderName::from_static("x-reins-transaction-id");
    pub(crate) const COST: HeaderName = HeaderName::from_static("x-reins-cost");
    pub(crate) const TOKENS_IN: HeaderName = HeaderName::from_static("x-reins-tokens-in");
    pub(crate) const TOKENS_OUT: HeaderName = HeaderName::from_static("x-reins-tokens-out");
    pub(crate) const REMAINING: HeaderName = HeaderName::from_static("x-reins-budget-remaining");
    pub(crate) const OVERSHOOT: HeaderName = HeaderName::from_static("x-reins-budget-overshoot");
    pub(crate) const OVERHEAD: HeaderName = HeaderName::from_static("x-reins-latency-overhead");
    pub(crate) const ACTION: HeaderName = HeaderName::from_static("x-reins-action");
    pub(crate) const POLICY: HeaderName = HeaderName::from_static("x-reins-policy");
    pub(crate) const WARNING: HeaderName = HeaderName::from_static("x-reins-warning");
    pub(crate) const RETRIES: HeaderName = HeaderName::from_static("x-reins-retry-count");
    pub(crate) const MODEL: HeaderName = HeaderName::from_static("x-reins-model");
    pub(crate) const REPEATED: HeaderName = HeaderName::from_static("x-reins-repeated");
    pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
}

/// Tells what was decided.
pub(crate) fn tell_notice(headers: &mut HeaderMap, notice: &Notice) {
    set(headers, names::TRANSACTION, notice.id);
    headers.insert(names::ACTION, HeaderValue::from_static(notice.action.word()));
    if let Some(policy) = &notice.policy {
        set(headers, names::POLICY, policy);
    }
    if let Some(model) = &notice.model {
        set(headers, names::MODEL, model);
    }
    for warning in &notice.warnings {
        add(headers, names::WARNING, warning);
    }
    if let Some(remaining) = notice.remaining {
        set(headers, names::REMAINING, remaining);
    }
    if let Some(overshoot) = notice.overshoot {
        set(headers, names::OVERSHOOT, overshoot);
    }
    tell_overhead(headers, notice.ours_us);
}

/// Tells that an answer was given before, and to which call.
pub(crate) fn tell_repeated(headers: &mut HeaderMap, first: TransactionId) {
    headers.insert(names::REPEATED, HeaderValue::from_static("true"));
    set(headers, names::TRANSACTION, first);
}

/// Tells how often the vendor was asked again.
pub(crate) fn tell_retries(headers: &mut HeaderMap, retries: u32) {
    if retries > 0 {
        headers.insert(names::RETRIES, HeaderValue::from(retries));
    }
}

/// Tells what a call cost.
pub(crate) fn tell_cost(headers: &mut HeaderMap, closed: &Closed) {
    set(headers, names::COST, closed.cost.total);
    headers.insert(names::TOKENS_IN, HeaderValue::from(closed.tokens.total_input()));
    headers.insert(names::TOKENS_OUT, HeaderValue::from(closed.tokens.total_output()));
    let left = closed.receipt.standings.iter().map(reins_governor::Standing::left).min();
    if let Some(left) = left {
        set(headers, names::REMAINING, left);
    }
}

/// The trailers of a stream.
pub(crate) fn trailers(closed: &Closed) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(4);
    tell_cost(&mut trailers, closed);
    trailers
}

/// The trailers that a stream announces.
pub(crate) const ANNOUNCED: &str =
    "x-reins-cost, x-reins-tokens-in, x-reins-tokens-out, x-reins-budget-remaining";

/// Tells our own share of the time, in milliseconds.
pub(crate) fn tell_overhead(headers: &mut HeaderMap, micros: u64) {
    set(headers, names::OVERHEAD, format_args!("{}.{:03}", micros / 1000, micros % 1000));
}

/// A refusal as the vendor would word it.
pub(crate) fn refuse(
    family: &dyn Family,
    refusal: &Refusal,
    id: Option<TransactionId>,
) -> Response<AnswerBody> {
    let body = Bytes::from(family.refuse(refusal, id));
    let mut response = Response::new(AnswerBody::whole(body));
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

fn set(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    if let Some(value) = plain(value) {
        headers.insert(name, value);
    }
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    if let Some(value) = plain(value) {
        headers.append(name, value);
    }
}

/// Names are chosen by people: what does not fit a header is written with `?` in its place.
fn plain(value: impl Display) -> Option<HeaderValue> {
    let text = value.to_string();
    HeaderValue::from_str(&text).ok().or_else(|| {
        let safe: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        HeaderValue::from_bytes(safe.as_bytes()).ok()
    })
}

/// The answer for a path that is not in the table.
pub(crate) fn not_carried(family: &dyn Family, path: &str) -> Response<AnswerBody> {
    let refusal = path::not_carried(path);
    crate::tally::refused(&refusal, None);
    refuse(family, &refusal, None)
}
