//! Which path does what: the vendor's API, its books, and what it has seen.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::call;
use crate::desk::Desk;
use crate::dialect::Dialect;
use crate::hangup::HangUp;
use crate::prices::Maker;
use crate::refusal::Refusal;
use crate::{anthropic, openai};

/// The largest body taken: a little over the 50 MB that the real vendors allow.
const MOST_BODY_BYTES: usize = 64 << 20;
/// Entries shown by `GET /books` without `?last=`.
const LAST_SHOWN: usize = 20;

/// Answers one request.
pub(crate) async fn answer(
    desk: Arc<Desk>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, HangUp> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if !path.starts_with("/v1/") && Dialect::at(path).is_none() {
        return Ok(own(&desk, &head.method, head.uri.path(), head.uri.query().unwrap_or("")));
    }
    let Ok(body) = Limited::new(body, MOST_BODY_BYTES).collect().await else {
        return Ok(call::refuse(dialect(&head), &Refusal::of_status(413, None), &desk.unique()));
    };
    let body = body.to_bytes();
    let metered = Dialect::at(head.uri.path()).filter(|_| head.method == Method::POST);
    let response = match metered {
        Some(dialect) => call::answer(&desk, dialect, &head.headers, &body).await,
        None => Ok(free(&desk, &head, &body)),
    };
    desk.seen.keep(head, body);
    response
}

/// The paths that cost nothing.
fn free(desk: &Desk, head: &http::request::Parts, body: &Bytes) -> Response<Answer> {
    let (dialect, unique) = (dialect(head), desk.unique());
    let answered = call::check_key(&head.headers).and_then(|()| {
        match (head.method.as_str(), head.uri.path(), dialect.maker()) {
            ("GET", "/v1/models", Maker::OpenAi) => Ok(openai::models()),
            ("GET", "/v1/models", _) => Ok(anthropic::models()),
            ("POST", "/v1/messages/count_tokens", _) => count_tokens(body),
            _ => Err(Refusal::no_such_path()),
        }
    });
    match answered {
        Ok(body) => call::json(dialect, body, &unique),
        Err(refusal) => call::refuse(dialect, &refusal, &unique),
    }
}

fn count_tokens(body: &Bytes) -> Result<String, Refusal> {
    let ask = Ask::read(body).map_err(|fault| Refusal::bad_request(fault.to_string()))?;
    Ok(anthropic::counted(ask.prompt_tokens(body.len())))
}

/// Whose words a request without a dialect of its own is answered in.
fn dialect(head: &http::request::Parts) -> Dialect {
    let anthropic = head.uri.path().starts_with("/v1/messages")
        || head.headers.contains_key("anthropic-version");
    if anthropic { Dialect::Anthropic } else { Dialect::OpenAi }
}

/// The vendor's own paths, for whoever tests with it.
fn own(desk: &Desk, method: &Method, path: &str, query: &str) -> Response<Answer> {
    match (method.as_str(), path) {
        ("GET", "/books") => page(&desk.books.json(parameter(query, "last", LAST_SHOWN))),
        ("GET", "/books/last") => page(&json!(desk.books.last(1).first())),
        ("DELETE", "/books") => {
            desk.reset();
            page(&json!({ "reset": true }))
        }
        ("GET", "/seen") => page(&desk.seen.json(parameter(query, "body", 0) == 1)),
        ("GET", "/seen/body") => Response::new(Answer::whole(desk.seen.last_body())),
        ("GET", "/health") => page(&json!({ "ok": true })),
        _ => {
            let mut response = page(&json!({ "error": "no such path" }));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

fn parameter(query: &str, name: &str, default: usize) -> usize {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok());
    value.unwrap_or(default)
}

fn page(value: &Value) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(value.to_string()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
