//! Preparing a call whose caller is known: its body read, its connection chosen, its request
//! packed; then rules and budgets are asked.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::Full;
use reins_dialects::{Dialect, Head, Read};
use reins_flight::{Crew, Freight, Pack, Presence, Terms, Transport, Watch, Watching, watch};
use reins_governor::{Admitted, Call, Clock, Closed, Refusal};

use crate::body_text::BodyText;
use crate::caller::Caller;
use crate::forward_headers;
use crate::idempotency::{First, Kept, Scope, Turn};
use crate::paths::is_models;
use crate::pools::Pools;
use crate::routing::{self, Wish};
use crate::spoken::{Routed, Spoken, Unready, unread};
use crate::stopped::Stopped;
use crate::version::Upstream;

/// A call that may be sent, and everything that its host needs to send it.
pub struct Governed<P: Pools> {
    /// The proof that it may be sent.
    pub admitted: Admitted,
    /// The connection that it goes to.
    pub upstream: Arc<Upstream<P::Pool>>,
    /// Makes the request of each attempt, as the call was admitted.
    pub pack: Pack,
    /// The wire format of the vendor's endpoint.
    pub dialect: Arc<dyn Dialect>,
    /// How the request was read.
    pub read: Arc<Read>,
    /// Times, sizes, retries.
    pub terms: Terms,
    /// The first call of its idempotency key.
    pub first: Option<First>,
    crew: Crew,
    clock: Arc<dyn Clock>,
}

/// What came of asking for a call.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once: a box costs more")]
pub enum Begun<P: Pools> {
    /// It may be sent.
    Call(Governed<P>),
    /// It was made before: this is its answer.
    Again(Arc<Kept>),
}

/// A request that vendors answer for nothing, ready to be sent.
pub struct Free<P: Pools> {
    /// The connection that it goes to.
    pub upstream: Arc<Upstream<P::Pool>>,
    /// What is sent.
    pub request: Request<Full<Bytes>>,
    /// Times and sizes.
    pub terms: Terms,
}

/// A call that was read and has a connection, before it is judged.
struct Prepared<P: Pools> {
    /// The dialect of its connection, in which it was read.
    dialect: Arc<dyn Dialect>,
    read: Arc<Read>,
    /// With the connection's own cap, where the client named none. What was read stays as it was:
    /// by the difference the cap is written into the body.
    call: Call,
    upstream: Arc<Upstream<P::Pool>>,
    pack: Pack,
}

// === impl Caller ===

impl<P: Pools> Caller<'_, P> {
    /// Asks for a call with this body: looks whether it was made before, reads it in each dialect
    /// that it may be in, finds what carries it, then asks rules and budgets, and makes its intent
    /// durable. `dialect` is that of its [`Path`](crate::Path).
    ///
    /// # Errors
    /// Why it may not be made.
    pub async fn govern(
        &self,
        dialect: &Arc<dyn Dialect>,
        body: Bytes,
    ) -> Result<Begun<P>, Box<Stopped>> {
        let spoken = self.spoken(dialect).map_err(|refusal| self.stopped(refusal))?;
        let turn = self.turn(&spoken, &body);
        let turn = turn.map_err(|refusal| self.turn_away(refusal, unread(&spoken)))?;
        let first = match turn {
            Turn::Plain => None,
            Turn::First(first) => Some(first),
            Turn::Again(kept) => return Ok(Begun::Again(kept)),
        };
        let prepared = self.prepare(&spoken, body.clone()).map_err(|unready| {
            let (refusal, call) = *unready;
            self.turn_away(refusal, call)
        })?;
        let Prepared { dialect, read, call, upstream, pack } = prepared;
        let text = BodyText::of(&dialect, &body);
        drop(body);
        let admitted = self.admit(call, text).await?;
        let (crew, clock) = (self.runtime.crew.clone(), Arc::clone(&self.runtime.clock));
        let terms = upstream.terms(self.server());
        let governed =
            Governed { admitted, upstream, pack, dialect, read, terms, first, crew, clock };
        Ok(Begun::Call(governed))
    }

    /// The request of a call that vendors answer for nothing.
    ///
    /// # Errors
    /// Why it cannot be passed on.
    pub fn free(&self, body: Bytes) -> Result<Free<P>, Box<Stopped>> {
        self.try_free(body).map_err(|refusal| self.stopped(refusal))
    }

    fn try_free(&self, body: Bytes) -> Result<Free<P>, Refusal> {
        let (version, head, rest) = (&*self.version, self.head, self.way.rest);
        let wish = self.wish(self.way.prefix, None);
        let family = match self.way.family {
            caller if is_models(rest) => routing::family_of_models(version, &wish, caller),
            own => own,
        };
        let upstream = routing::choose(version, family, &wish)?;
        let uri = routing::path(upstream, rest, head.uri.query())?;
        let registry = &self.runtime.registry;
        let signer = routing::signer(upstream, &self.arrival, registry)?;
        let discloses = |value: &[u8]| registry.discloses_key(value);
        let headers = forward_headers::headers(&head.headers, discloses);
        let signed = (&*signer, self.runtime.clock.now());
        let request = forward_headers::request(&head.method, uri, headers, body, signed);
        let terms = upstream.terms(self.server());
        Ok(Free { upstream: Arc::clone(upstream), request, terms })
    }

    /// Whether the call was made before. Its path is read by the connections of its own
    /// organization: the file of another one makes no other call of it.
    fn turn(&self, spoken: &[Spoken<'_>], body: &Bytes) -> Result<Turn, Refusal> {
        let of_path = (self.way.prefix, self.way.rest);
        let (prefix, path) = spoken.first().map_or(of_path, |first| (first.prefix, first.rest));
        let vendor = routing::named(prefix, &self.head.headers);
        let scope = Scope { identity: &self.identity, path, vendor };
        self.runtime.idempotency.turn(&scope, &self.head.headers, body)
    }

    /// Reads the call, finds what carries it, and binds it to that.
    fn prepare(&self, spoken: &[Spoken<'_>], body: Bytes) -> Result<Prepared<P>, Unready> {
        let Routed { spoken, upstream, asked } = self.routed(spoken, &body)?;
        let read = Arc::new(asked.bind(upstream.target()));
        let pack = self.pack((spoken, upstream), &read, body);
        let pack = pack.map_err(|refusal| Box::new((refusal, read.call.clone())))?;
        let (dialect, own) = (Arc::clone(&spoken.dialect), upstream.connection.default_max_tokens);
        let output_cap = read.call.output_cap.or(own).or_else(|| dialect.default_cap());
        let call = Call { output_cap, ..read.call.clone() };
        Ok(Prepared { dialect, read, call, upstream: Arc::clone(upstream), pack })
    }

    /// What is said of where a call shall go whose path has this prefix.
    pub(crate) fn wish<'a>(&'a self, prefix: Option<&'a str>, model: Option<&'a str>) -> Wish<'a> {
        let named = routing::named(prefix, &self.head.headers);
        Wish { named, pinned: self.arrival.key.pins.connection.as_deref(), model }
    }

    /// Makes the request of each attempt: the bytes as they came, unless the call was changed.
    fn pack(
        &self,
        (spoken, upstream): (&Spoken<'_>, &Arc<Upstream<P::Pool>>),
        read: &Arc<Read>,
        body: Bytes,
    ) -> Result<Pack, Refusal> {
        let query = self.head.uri.query().map(str::to_owned);
        let uri = routing::path(upstream, spoken.rest, query.as_deref())?;
        let registry = &self.runtime.registry;
        let signer = routing::signer(upstream, &self.arrival, registry)?;
        let discloses = |value: &[u8]| registry.discloses_key(value);
        let headers = forward_headers::headers(&self.head.headers, discloses);
        let (method, read) = (self.head.method.clone(), Arc::clone(read));
        let (dialect, rest) = (Arc::clone(&spoken.dialect), spoken.rest.to_owned());
        let (clock, upstream) = (Arc::clone(&self.runtime.clock), Arc::clone(upstream));
        Ok(Box::new(move |call: &Call| {
            let head = Head { path: &rest, query: query.as_deref() };
            let changed = dialect.rewrite(&head, &body, &read, call);
            let bytes = changed.body.map_or_else(|| body.clone(), Bytes::from);
            let replaced = |path| routing::replaced(&upstream, &path, query.as_deref());
            let uri = changed.path.map_or_else(|| uri.clone(), replaced);
            let signed = (&*signer, clock.now());
            forward_headers::request(&method, uri, headers.clone(), bytes, signed)
        }))
    }
}

// === impl Governed ===

impl<P: Pools> Governed<P> {
    /// The call for a flight that sends it, and the place of its idempotency key.
    pub fn freight<T: Transport>(
        self,
        transport: Arc<T>,
        client: Presence,
        trailers: Option<fn(&Closed) -> HeaderMap>,
    ) -> (Freight<T>, Option<First>) {
        let Self { admitted, pack, dialect, read, terms, first, crew, clock, .. } = self;
        let freight = Freight {
            admitted,
            transport,
            pack,
            dialect,
            read,
            terms,
            crew,
            client,
            clock,
            trailers,
        };
        (freight, first)
    }

    /// The call for a host that sends it itself: the request, what watches it, and the place of its
    /// idempotency key.
    #[must_use]
    pub fn watch(self) -> (Request<Full<Bytes>>, Watch, Option<First>) {
        let Self { admitted, pack, dialect, read, terms, first, crew, clock, .. } = self;
        let request = pack(admitted.call());
        (request, watch(Watching { admitted, dialect, read, terms, crew, clock }), first)
    }
}
