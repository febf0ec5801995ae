//! Idempotency: a call that was answered, and is sent again under the same key, is made once and
//! charged once.
//!
//! Answers are kept in memory only, and never those of a stream: what cannot be repeated is refused
//! rather than made again. A call without an answer frees its key: it may be tried again, and its
//! vendor is shown the same key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use parking_lot::Mutex;
use reins_flight::Carried;
use reins_governor::{Identity, Refusal, Status, TransactionId};
use sha2::{Digest, Sha256};

/// How long a key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Memory for answers, in bytes; beyond it those used longest ago are forgotten.
///
/// Some ten thousand answers of ordinary length.
const MEMORY: u64 = 32 * 1024 * 1024;

/// The largest body that is kept.
const BODY_MAX: usize = 1024 * 1024;

/// The longest key.
const KEY_MAX: usize = 255;

/// What an entry takes beside its headers and body, in bytes: two digests, its places in the cache.
const ENTRY_BYTES: usize = 256;

/// What a header takes beside its name and value, in bytes: its place in the map, two allocations.
const HEADER_BYTES: usize = 128;

/// The calls that came with a key of their own.
#[derive(Clone, Debug)]
pub(crate) struct Idempotency {
    /// Calls under way and the digests of their bodies. They are apart from those that were made,
    /// so that no number of answers can push them out; there are no more than calls at once.
    under_way: Arc<Mutex<HashMap<Scoped, Digested>>>,
    made: Cache<Scoped, Made>,
}

/// A SHA-256.
type Digested = [u8; 32];

/// The digest of a key, of its caller, and of where its call goes.
type Scoped = [u8; 32];

/// What a call's idempotency key is told apart by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// Who calls: two users of one Reins key never see each other's answers.
    pub identity: &'a Identity,
    /// The vendor's own path.
    pub path: &'a str,
    /// The vendor or connection that the call names.
    pub vendor: Option<&'a str>,
}

#[derive(Clone, Debug)]
struct Made {
    body: Digested,
    came: Came,
}

/// What came of the first call of a key.
#[derive(Clone, Debug)]
enum Came {
    /// This is its answer.
    Answered(Arc<Kept>),
    /// Its answer was a stream, or too large to be kept.
    Gone(TransactionId),
}

/// An answer that can be given again, as its vendor gave it.
#[derive(Debug)]
pub struct Kept {
    /// The call that was made for it.
    pub id: TransactionId,
    /// The vendor's status.
    pub status: StatusCode,
    /// The vendor's headers.
    pub headers: HeaderMap,
    /// The vendor's body.
    pub body: Bytes,
}

/// The first call of a key, until it is known what came of it. Dropped, it has freed its key.
#[derive(Debug)]
pub struct First {
    idempotency: Idempotency,
    scoped: Scoped,
    body: Digested,
}

/// What its key means for a call.
#[derive(Debug)]
pub(crate) enum Turn {
    /// There is no key: make it.
    Plain,
    /// It is the first of its key: make it, and say what came of it.
    First(First),
    /// It was made: this is its answer.
    Again(Arc<Kept>),
}

// === impl Idempotency ===

impl Idempotency {
    /// Nothing was made yet.
    pub(crate) fn new() -> Self {
        let weigh = |_: &Scoped, made: &Made| u32::try_from(made.bytes()).unwrap_or(u32::MAX);
        let made = Cache::builder().max_capacity(MEMORY).time_to_live(REMEMBERED).weigher(weigh);
        // WHY: by default a full cache would rather forget a new answer than one often asked for.
        let made = made.eviction_policy(EvictionPolicy::lru()).build();
        Self { under_way: Arc::default(), made }
    }

    /// Looks up the key that a call came with.
    ///
    /// # Errors
    /// Where the key is none, belongs to another body, or its call cannot be repeated.
    pub(crate) fn turn(
        &self,
        scope: &Scope<'_>,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Turn, Refusal> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(Turn::Plain) };
        let text = value.to_str().ok().filter(|text| (1..=KEY_MAX).contains(&text.len()));
        let Some(text) = text else {
            let what = format!("`Idempotency-Key` is not plain text of 1 to {KEY_MAX} characters");
            return Err(Refusal::BadRequest { what });
        };
        self.first_or_again(scope.digest(text), Sha256::digest(body).into())
    }

    fn first_or_again(&self, scoped: Scoped, body: Digested) -> Result<Turn, Refusal> {
        let other = || conflict("another body was sent under this `Idempotency-Key`");
        let mut under_way = self.under_way.lock();
        if let Some(first) = under_way.get(&scoped) {
            let same = conflict("the call with this `Idempotency-Key` is under way");
            return Err(if *first == body { same } else { other() });
        }
        match self.made.get(&scoped) {
            None => {
                under_way.insert(scoped, body);
                Ok(Turn::First(First { idempotency: self.clone(), scoped, body }))
            }
            Some(made) if made.body != body => Err(other()),
            Some(Made { came: Came::Answered(kept), .. }) => Ok(Turn::Again(kept)),
            Some(Made { came: Came::Gone(id), .. }) => Err(conflict(&format!(
                "the call with this `Idempotency-Key` was made as {id}, and its answer was not kept"
            ))),
        }
    }
}

impl Default for Idempotency {
    fn default() -> Self {
        Self::new()
    }
}

fn conflict(what: &str) -> Refusal {
    Refusal::Conflict { what: what.to_owned() }
}

// === impl Scope ===

impl Scope<'_> {
    /// The digest of a key within the scope. Each part goes in with its length, so that no two
    /// scopes are the same bytes.
    fn digest(&self, key: &str) -> Scoped {
        let Self { identity, path, vendor } = self;
        let mut digest = Sha256::new();
        let mut add = |part: Option<&str>| {
            let length = part.map_or(u64::MAX, |part| part.len().try_into().unwrap_or(u64::MAX));
            digest.update(length.to_be_bytes());
            digest.update(part.unwrap_or_default());
        };
        let named = [&identity.team, &identity.user, &identity.session];
        add(Some(&identity.organization));
        add(Some(&identity.key.0));
        add(Some(&identity.agent));
        named.into_iter().for_each(|name| add(name.as_deref()));
        identity.roles.iter().for_each(|role| add(Some(role)));
        add(None);
        add(Some(path));
        add(*vendor);
        add(Some(key));
        digest.finalize().into()
    }
}

// === impl Made ===

impl Made {
    /// What it takes of the memory for answers.
    fn bytes(&self) -> usize {
        let Came::Answered(kept) = &self.came else { return ENTRY_BYTES };
        let header = |(name, value): (&http::HeaderName, &HeaderValue)| {
            HEADER_BYTES.saturating_add(name.as_str().len()).saturating_add(value.len())
        };
        let headers = kept.headers.iter().map(header).fold(0, usize::saturating_add);
        ENTRY_BYTES.saturating_add(headers).saturating_add(kept.body.len())
    }
}

// === impl First ===

impl First {
    /// Remembers what came of a call that was carried; one that failed may be made again.
    pub fn settle(self, carried: &Carried) {
        match carried {
            // One that says that it failed, under whatever status, may be made again.
            Carried::Whole { closed, .. } if closed.status == Status::Failed => {}
            Carried::Whole { head, body, notice, .. } => {
                self.answered(notice.id, head.status, &head.headers, body);
            }
            Carried::Streaming { notice, .. } => self.gone(notice.id),
            Carried::Failed { .. } => {}
        }
    }

    /// The call was answered like this. It is copied: a body may be a part of a larger buffer, and
    /// would keep all of it.
    pub fn answered(self, id: TransactionId, status: StatusCode, headers: &HeaderMap, body: &[u8]) {
        if body.len() > BODY_MAX {
            return self.gone(id);
        }
        let copied = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
        let mut own = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers {
            if let Some(value) = copied(value) {
                own.append(name.clone(), value);
            }
        }
        let body = Bytes::copy_from_slice(body);
        self.remember(Came::Answered(Arc::new(Kept { id, status, headers: own, body })));
    }

    /// The call was made, and its answer cannot be given again.
    pub fn gone(self, id: TransactionId) {
        self.remember(Came::Gone(id));
    }

    /// It is known before this is dropped: in between, no call finds the key unused.
    fn remember(&self, came: Came) {
        self.idempotency.made.insert(self.scoped, Made { body: self.body, came });
    }
}

/// A call is no longer under way; one that came to nothing has freed its key.
impl Drop for First {
    fn drop(&mut self) {
        self.idempotency.under_way.lock().remove(&self.scoped);
    }
}

#[cfg(test)]
mod tests;
