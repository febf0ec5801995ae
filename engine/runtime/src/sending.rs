//! A call that its host sends by itself: what it sends, what watches that, and the reply.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use reins_config::ServerLimits;
use reins_dialects::Dialect;
use reins_flight::{BrokeOff, Ended, NoAnswer, Notice, Terms, Watch, WatchEnd};
use reins_governor::{Closed, Name, Refusal, Status};
use tokio::sync::OwnedSemaphorePermit;

use crate::answer_headers::{tell_cost, tell_notice};
use crate::caller::{Origin, Way};
use crate::forward_headers::returned;
use crate::idempotency::First;
use crate::paths::Path;
use crate::pools::Pools;
use crate::prepare::Begun;
use crate::refusal_answer::{refuse_path, repeat};
use crate::stopped::Stopped;
use crate::{Runtime, content};

/// A call that may be sent, for a host that sends it by itself.
#[derive(Debug)]
pub struct Sending<'a, P: Pools> {
    /// What is sent.
    pub request: Request<Full<Bytes>>,
    /// What the host says of the answer.
    pub watch: Watch,
    /// Times and sizes.
    pub terms: Terms,
    /// Makes the reply.
    pub reply: Reply<'a, P>,
}

/// Makes the reply to a call that its host has sent.
#[derive(Debug)]
pub struct Reply<'a, P: Pools> {
    runtime: &'a Runtime<P>,
    notice: Notice,
    terms: Terms,
    organization: Name,
    dialect: Arc<dyn Dialect>,
    origin: Origin,
    first: Option<First>,
    _place: OwnedSemaphorePermit,
}

// === impl Runtime ===

impl<P: Pools> Runtime<P> {
    /// Governs a call whose body is all there, for a host that sends it by itself.
    ///
    /// # Errors
    /// The answer, where there is no call to be sent: a refusal, or what was answered before.
    pub async fn govern(
        &self,
        request: Request<Bytes>,
        origin: Origin,
    ) -> Result<Sending<'_, P>, Response<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let (prefix, rest, dialect) = match self.path(&head.method, path, &head.headers) {
            Path::Metered { prefix, rest, dialect } => (prefix, rest, dialect),
            Path::Free { family, .. } | Path::Refused { family } => {
                return Err(refuse_path(&*family, path));
            }
        };
        let way = Way { prefix, rest, family: dialect.family(), origin };
        let begun = async {
            let place = self.place()?;
            let caller = self.caller(way, &head)?;
            fits(&head.headers, &body, caller.server())
                .map_err(|refusal| caller.unread(&*dialect, refusal))?;
            let begun = caller.govern(&dialect, body).await?;
            Ok::<_, Box<Stopped>>((place, caller.organization().clone(), begun))
        };
        let (place, organization, begun) =
            begun.await.map_err(|stopped| self.refuse(way, &stopped))?;
        let governed = match begun {
            Begun::Call(governed) => governed,
            Begun::Again(kept) => return Err(repeat(&kept)),
        };
        let (terms, dialect) = (governed.terms, Arc::clone(&governed.dialect));
        let (request, watch, first) = governed.watch();
        let notice = watch.notice.clone();
        let reply = Reply {
            runtime: self,
            notice,
            terms,
            organization,
            dialect,
            origin,
            first,
            _place: place,
        };
        Ok(Sending { request, watch, terms, reply })
    }
}

/// Whether a body is one that is read.
fn fits(headers: &HeaderMap, body: &Bytes, limits: &ServerLimits) -> Result<(), Refusal> {
    let limit = limits.max_body_bytes;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) > limit {
        return Err(Refusal::TooLarge { limit });
    }
    if body.is_empty() { Ok(()) } else { content::check(headers) }
}

// === impl Sending ===

impl<P: Pools> Sending<'_, P> {
    /// The reply where the vendor answered nothing.
    ///
    /// # Errors
    /// Always: with the refusal.
    pub async fn without(self, why: NoAnswer) -> Result<Response<Bytes>, Response<Bytes>> {
        let error = |what: &str| Refusal::VendorError { what: what.to_owned() };
        let refusal = match why {
            NoAnswer::NotConnected => error("not connected"),
            NoAnswer::Broken => error("the connection broke"),
            NoAnswer::TimedOut => Refusal::VendorTimeout { waited: self.terms.headers_timeout },
        };
        let closed = self.watch.unanswered(why).await;
        Err(self.reply.refusal(&refusal, closed))
    }
}

fn broke_off() -> Refusal {
    Refusal::VendorError { what: "its answer broke off".to_owned() }
}

// === impl Reply ===

impl<P: Pools> Reply<'_, P> {
    /// The reply to an answer of which `body` came and that has ended, once it is metered.
    pub async fn with(mut self, head: Parts, mut body: BytesMut, ended: Ended) -> Response<Bytes> {
        let closed = match ended.settled.await {
            Ok(closed) => closed,
            Err(error) => {
                let what = error.to_string();
                return self.refusal(&Refusal::Internal { what }, Err(error));
            }
        };
        match ended.end {
            WatchEnd::Complete => {}
            WatchEnd::Broken => return self.refusal(&broke_off(), Ok(closed)),
            WatchEnd::Stalled => {
                let waited = self.terms.idle_timeout;
                return self.refusal(&Refusal::VendorTimeout { waited }, Ok(closed));
            }
        }
        body.extend_from_slice(&ended.rest);
        let body = body.freeze();
        self.settle(&head, &body, &closed);
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = returned(head.headers);
        self.tell(response.headers_mut(), Some(&closed));
        response
    }

    /// Keeps the answer for its idempotency key: a stream's is not kept, one that failed frees it.
    fn settle(&mut self, head: &Parts, body: &Bytes, closed: &Closed) {
        let Some(first) = self.first.take() else { return };
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let streams = self.dialect.framing(kind.unwrap_or_default()).is_stream();
        match closed.status {
            Status::Failed => {}
            _ if streams => first.gone(self.notice.id),
            _ => first.answered(self.notice.id, head.status, &head.headers, body),
        }
    }

    fn refusal(&self, refusal: &Refusal, closed: Result<Closed, BrokeOff>) -> Response<Bytes> {
        let (id, organization) = (Some(self.notice.id), Some(&self.organization));
        let way =
            Way { prefix: None, rest: "", family: self.dialect.family(), origin: self.origin };
        let mut response = self.runtime.refused(way, refusal, organization, id);
        self.tell(response.headers_mut(), closed.ok().as_ref());
        response
    }

    fn tell(&self, headers: &mut HeaderMap, closed: Option<&Closed>) {
        tell_notice(headers, &self.notice);
        if let Some(closed) = closed {
            tell_cost(headers, closed);
        }
    }
}
