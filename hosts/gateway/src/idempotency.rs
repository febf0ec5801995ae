//! Idempotency: a call that is sent again under the same key is made once and charged once.
//!
//! Answers are remembered in memory only, and never those of a stream: what cannot be repeated is
//! refused rather than made again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response};
use moka::sync::Cache;
use reins_flight::Carried;
use reins_governor::{KeyId, Refusal, TransactionId};
use sha2::{Digest, Sha256};

use crate::body::AnswerBody;
use crate::reply::names;

/// How long a key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Memory for remembered answers, in bytes; beyond it the least used are forgotten.
///
/// Some ten thousand answers of ordinary length.
const MEMORY: u64 = 32 * 1024 * 1024;

/// The largest answer that is remembered whole.
const ANSWER_MAX: usize = 1024 * 1024;

/// The longest key.
const KEY_MAX: usize = 255;

/// What weighs something even if nothing of its answer is kept.
const ENTRY_BYTES: usize = 256;

/// The calls that came with a key of their own.
#[derive(Clone, Debug)]
pub(crate) struct Repeats {
    known: Cache<Name, Known>,
}

/// A key is its caller's own.
type Name = (KeyId, Arc<str>);

#[derive(Clone, Debug)]
struct Known {
    body: [u8; 32],
    came: Came,
}

/// How far the first call of a key came.
#[derive(Clone, Debug)]
enum Came {
    /// It is under way.
    Under,
    /// This is its answer.
    Answered(Arc<(Parts, Bytes)>),
    /// Its answer was a stream, or too large to be remembered.
    Gone(TransactionId),
}

/// The place of a first call, until it is known what came of it.
#[derive(Debug)]
pub(crate) struct Place {
    repeats: Repeats,
    name: Name,
    body: [u8; 32],
    settled: bool,
}

/// What a key means for a call.
pub(crate) enum Turn {
    /// There is no key: make it.
    Plain,
    /// It is the first of its key: make it, and say what came of it.
    First(Place),
    /// It was made: this is its answer.
    Again(Response<AnswerBody>),
}

// === impl Repeats ===

impl Repeats {
    /// Nothing is remembered yet.
    pub(crate) fn new() -> Self {
        let weigh = |_: &Name, known: &Known| -> u32 {
            let kept = match &known.came {
                Came::Answered(answer) => answer.1.len(),
                Came::Under | Came::Gone(_) => 0,
            };
            u32::try_from(kept.saturating_add(ENTRY_BYTES)).unwrap_or(u32::MAX)
        };
        let known = Cache::builder().max_capacity(MEMORY).time_to_live(REMEMBERED).weigher(weigh);
        Self { known: known.build() }
    }

    /// Looks up the key that a call came with.
    pub(crate) fn turn(
        &self,
        caller: &KeyId,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Turn, Refusal> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(Turn::Plain) };
        let text = value.to_str().ok().filter(|text| (1..=KEY_MAX).contains(&text.len()));
        let Some(text) = text else {
            let what = format!("`Idempotency-Key` is not plain text of 1 to {KEY_MAX} characters");
            return Err(Refusal::BadRequest { what });
        };
        let name = (caller.clone(), Arc::from(text));
        let body: [u8; 32] = Sha256::digest(body).into();
        let entry = self.known.entry(name.clone()).or_insert(Known { body, came: Came::Under });
        if entry.is_fresh() {
            return Ok(Turn::First(Place { repeats: self.clone(), name, body, settled: false }));
        }
        let known = entry.into_value();
        if known.body != body {
            return Err(conflict("another body was sent under this `Idempotency-Key`"));
        }
        match known.came {
            Came::Under => Err(conflict("the call with this `Idempotency-Key` is under way")),
            Came::Answered(answer) => Ok(Turn::Again(repeated(&answer))),
            Came::Gone(id) => Err(conflict(&format!(
                "the call with this `Idempotency-Key` was made as {id}, and its answer was not kept"
            ))),
        }
    }
}

fn conflict(what: &str) -> Refusal {
    Refusal::Conflict { what: what.to_owned() }
}

fn repeated(answer: &(Parts, Bytes)) -> Response<AnswerBody> {
    let (head, body) = answer;
    let mut response = Response::new(AnswerBody::whole(body.clone()));
    *response.status_mut() = head.status;
    *response.headers_mut() = crate::outbound::returned(head.headers.clone());
    response.headers_mut().insert(names::REPEATED, HeaderValue::from_static("true"));
    response
}

// === impl Place ===

impl Place {
    /// Remembers what came of the call; one that failed may be made again.
    pub(crate) fn settle(mut self, carried: &Carried) {
        let came = match carried {
            Carried::Whole { head, body, notice, .. } if head.status.is_success() => {
                let bearable = body.len() <= ANSWER_MAX;
                let answer = || Came::Answered(Arc::new(((**head).clone(), body.clone())));
                if bearable { answer() } else { Came::Gone(notice.id) }
            }
            Carried::Streaming { notice, .. } => Came::Gone(notice.id),
            Carried::Whole { .. } | Carried::Failed { .. } => return,
        };
        self.settled = true;
        self.repeats.known.insert(self.name.clone(), Known { body: self.body, came });
    }
}

/// A call that came to nothing frees its key.
impl Drop for Place {
    fn drop(&mut self) {
        if !self.settled {
            self.repeats.known.invalidate(&self.name);
        }
    }
}
