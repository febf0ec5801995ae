//! The last requests as they arrived: what a test needs to prove that bytes passed untouched and
//! that a header did not pass at all.

use std::collections::VecDeque;

use bytes::Bytes;
use http::request::Parts;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Requests kept, as many as a test looks at.
const REQUESTS_KEPT: usize = 32;
/// A request with a larger body is kept only while it is the last, so that they do not pile up.
const LARGE_BODY_BYTES: usize = 1 << 20;

/// The last requests to the vendor's API.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    requests: Mutex<VecDeque<(Parts, Bytes)>>,
}

impl Seen {
    pub(crate) fn keep(&self, head: Parts, body: Bytes) {
        let mut requests = self.requests.lock();
        if requests.back().is_some_and(|(_, body)| body.len() > LARGE_BODY_BYTES) {
            requests.pop_back();
        }
        let oldest = (requests.len() == REQUESTS_KEPT).then(|| requests.pop_front());
        requests.push_back((head, body));
        // Freed outside the lock.
        drop(requests);
        drop(oldest);
    }

    pub(crate) fn reset(&self) {
        self.requests.lock().clear();
    }

    /// The last body, byte for byte.
    pub(crate) fn last_body(&self) -> Bytes {
        self.requests.lock().back().map(|(_, body)| body.clone()).unwrap_or_default()
    }

    /// What `GET /seen` answers, the newest request first.
    pub(crate) fn json(&self, with_bodies: bool) -> Value {
        let requests = self.requests.lock();
        let shown = |(head, body): &(Parts, Bytes)| request(head, body, with_bodies);
        json!({ "seen": requests.iter().rev().map(shown).collect::<Vec<_>>() })
    }
}

fn request(head: &Parts, body: &Bytes, with_body: bool) -> Value {
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| {
            [name.as_str(), &String::from_utf8_lossy(value.as_bytes())].map(str::to_owned)
        })
        .collect();
    let mut shown = json!({
        "method": head.method.as_str(),
        "path": head.uri.to_string(),
        "headers": headers,
        "body_bytes": body.len(),
        "body_sha256": hex::encode(Sha256::digest(body)),
    });
    if with_body && let Some(shown) = shown.as_object_mut() {
        shown.insert("body".to_owned(), String::from_utf8_lossy(body).into());
    }
    shown
}
