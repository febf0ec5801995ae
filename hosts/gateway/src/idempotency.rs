//! Idempotency: a call that was answered, and is sent again under the same key, is made once and
//! charged once.
//!
//! Answers are remembered in memory only, and never those of a stream: what cannot be repeated is
//! refused rather than made again. A call without an answer frees its key: it may be tried again,
//! and its vendor is shown the same key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use parking_lot::Mutex;
use reins_flight::Carried;
use reins_governor::{KeyId, Refusal, Status, TransactionId};
use sha2::{Digest, Sha256};

use crate::body::AnswerBody;
use crate::{outbound, reply};

/// How long a key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Memory for remembered answers, in bytes; beyond it those used longest ago are forgotten.
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
    /// Calls under way and the digests of their bodies. They are apart from those that were made,
    /// so that no number of answers can push them out; there are no more than calls at once.
    under: Arc<Mutex<HashMap<Name, Digested>>>,
    known: Cache<Name, Known>,
}

/// The digest of a body.
type Digested = [u8; 32];

/// A key is its caller's own.
type Name = (KeyId, Arc<str>);

#[derive(Clone, Debug)]
struct Known {
    body: Digested,
    came: Came,
}

/// What came of the first call of a key.
#[derive(Clone, Debug)]
enum Came {
    /// This is its answer.
    Answered(Arc<Answer>),
    /// Its answer was a stream, or too large to be remembered.
    Gone(TransactionId),
}

/// An answer that can be given again.
#[derive(Debug)]
struct Answer {
    /// The call that was made for it.
    id: TransactionId,
    head: Parts,
    body: Bytes,
}

/// The place of a first call, until it is known what came of it.
#[derive(Debug)]
pub(crate) struct Place {
    repeats: Repeats,
    name: Name,
    body: Digested,
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
                Came::Answered(answer) => answer.body.len(),
                Came::Gone(_) => 0,
            };
            u32::try_from(kept.saturating_add(ENTRY_BYTES)).unwrap_or(u32::MAX)
        };
        let known = Cache::builder().max_capacity(MEMORY).time_to_live(REMEMBERED).weigher(weigh);
        // WHY: by default a full cache would rather forget a new answer than one often asked for.
        let known = known.eviction_policy(EvictionPolicy::lru()).build();
        Self { under: Arc::default(), known }
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
        let body: Digested = Sha256::digest(body).into();
        self.first_or_again(name, body)
    }

    fn first_or_again(&self, name: Name, body: Digested) -> Result<Turn, Refusal> {
        let other = || conflict("another body was sent under this `Idempotency-Key`");
        let mut under = self.under.lock();
        if let Some(first) = under.get(&name) {
            let same = conflict("the call with this `Idempotency-Key` is under way");
            return Err(if *first == body { same } else { other() });
        }
        match self.known.get(&name) {
            None => {
                under.insert(name.clone(), body);
                Ok(Turn::First(Place { repeats: self.clone(), name, body }))
            }
            Some(known) if known.body != body => Err(other()),
            Some(Known { came: Came::Answered(answer), .. }) => Ok(Turn::Again(repeated(&answer))),
            Some(Known { came: Came::Gone(id), .. }) => Err(conflict(&format!(
                "the call with this `Idempotency-Key` was made as {id}, and its answer was not kept"
            ))),
        }
    }
}

fn conflict(what: &str) -> Refusal {
    Refusal::Conflict { what: what.to_owned() }
}

/// An answer, given again. It tells no cost: that was told, and charged, once.
fn repeated(answer: &Answer) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(answer.body.clone()));
    *response.status_mut() = answer.head.status;
    *response.headers_mut() = outbound::returned(answer.head.headers.clone());
    reply::tell_repeated(response.headers_mut(), answer.id);
    response
}

// === impl Place ===

impl Place {
    /// Remembers what came of the call; one that failed may be made again.
    pub(crate) fn settle(self, carried: &Carried) {
        let came = match carried {
            // One that says that it failed, under whatever status, may be made again.
            Carried::Whole { closed, .. } if closed.status == Status::Failed => return,
            Carried::Whole { head, body, notice, .. } => {
                if body.len() <= ANSWER_MAX {
                    let (head, body) = ((**head).clone(), body.clone());
                    Came::Answered(Arc::new(Answer { id: notice.id, head, body }))
                } else {
                    Came::Gone(notice.id)
                }
            }
            Carried::Streaming { notice, .. } => Came::Gone(notice.id),
            Carried::Failed { .. } => return,
        };
        self.remember(came);
    }

    /// It is known before this is dropped: in between, nobody finds the key unused.
    fn remember(&self, came: Came) {
        self.repeats.known.insert(self.name.clone(), Known { body: self.body, came });
    }
}

/// A call is no longer under way; one that came to nothing has freed its key.
impl Drop for Place {
    fn drop(&mut self) {
        self.repeats.under.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    //! What is remembered, and what is not forgotten too early.
    use std::sync::Arc;

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Response};
    use reins_governor::{KeyId, TransactionId};

    use super::{ANSWER_MAX, Answer, Came, MEMORY, Place, Repeats, Turn};

    fn turn(repeats: &Repeats, key: &str) -> Result<Turn, reins_governor::Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_str(key).expect(key));
        repeats.turn(&KeyId("key_ci".into()), &headers, &Bytes::from_static(b"{}"))
    }

    fn first(repeats: &Repeats, key: &str) -> Place {
        match turn(repeats, key) {
            Ok(Turn::First(place)) => place,
            Ok(Turn::Plain | Turn::Again(_)) | Err(_) => panic!("`{key}` is not the first"),
        }
    }

    fn answered(bytes: usize) -> Came {
        let (head, ()) = Response::new(()).into_parts();
        let (id, body) =
            (TransactionId(ulid::Ulid::from_parts(7, 7)), Bytes::from(vec![b'x'; bytes]));
        Came::Answered(Arc::new(Answer { id, head, body }))
    }

    /// Twice as many answers as there is room for, each of which somebody asks for again.
    fn crowd(repeats: &Repeats) {
        let number = 2 * usize::try_from(MEMORY).expect("small") / ANSWER_MAX;
        for key in (0..number).map(|n| format!("crowd-{n}")) {
            first(repeats, &key).remember(answered(ANSWER_MAX));
            (0..20).for_each(|_| drop(turn(repeats, &key)));
        }
        repeats.known.run_pending_tasks();
    }

    #[test]
    fn a_call_under_way_is_not_made_again_however_many_answers_come_meanwhile() {
        let repeats = Repeats::new();
        let place = first(&repeats, "mine");
        crowd(&repeats);
        assert!(turn(&repeats, "mine").is_err(), "it is under way");
        drop(place);
        first(&repeats, "mine");
    }

    #[test]
    fn a_new_answer_is_remembered_although_others_are_asked_for_more_often() {
        let repeats = Repeats::new();
        crowd(&repeats);
        first(&repeats, "mine").remember(answered(ANSWER_MAX));
        repeats.known.run_pending_tasks();
        assert!(matches!(turn(&repeats, "mine"), Ok(Turn::Again(_))));
    }

    #[test]
    fn another_body_under_the_same_key_is_refused() {
        let repeats = Repeats::new();
        let _place = first(&repeats, "mine");
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_static("mine"));
        let other = repeats.turn(&KeyId("key_ci".into()), &headers, &Bytes::from_static(b"[]"));
        let Err(refusal) = other else { panic!("another body was taken for the same call") };
        assert!(format!("{refusal:?}").contains("another body"), "{refusal:?}");
    }
}
