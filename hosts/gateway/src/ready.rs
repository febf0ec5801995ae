//! Readying a call whose caller is known: its body read, its line chosen, its request packed.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use hyper::body::Incoming;
use reins_config::ServerLimits;
use reins_dialects::{Dialect, Read, Target};
use reins_flight::Pack;
use reins_governor::{Call, Identity, Refusal};
use reins_runtime::{Scope, Turn};

use crate::arrival::Arrival;
use crate::desk::Desk;
use crate::govern::Way;
use crate::lines::Wish;
use crate::vendor_pool::{Line, Version};
use crate::{inbound, lines, outbound};

/// A call that can be judged and, if it may, be sent.
pub(crate) struct Ready {
    /// How it was read.
    pub(crate) read: Arc<Read>,
    /// With the connection's own cap, where the client named none. What was read stays as it was:
    /// by the difference the cap is written into the body.
    pub(crate) call: Call,
    /// What will carry it.
    pub(crate) line: Arc<Line>,
    /// Makes the request of each attempt.
    pub(crate) pack: Pack,
}

/// Why a call is not ready, and what is known of it by then.
pub(crate) struct Unready {
    pub(crate) refusal: Refusal,
    pub(crate) call: Box<Call>,
}

/// Who calls, and where to.
pub(crate) struct Caller<'a> {
    pub(crate) version: &'a Version,
    pub(crate) limits: &'a ServerLimits,
    pub(crate) way: Way<'a>,
    pub(crate) head: &'a Parts,
    pub(crate) arrival: &'a Arrival<'a>,
    pub(crate) identity: &'a Identity,
}

// === impl Caller ===

impl Caller<'_> {
    /// Reads the body, and looks whether it was sent before.
    pub(crate) async fn body(&self, desk: &Desk, body: Incoming) -> Result<(Bytes, Turn), Unready> {
        let headers = &self.head.headers;
        let unread = |refusal| Unready { refusal, call: unread(self.way.dialect) };
        let body = inbound::read(headers, body, self.limits, &desk.room).await.map_err(unread)?;
        let turn = desk.idempotency.turn(&self.scope(), headers, &body).map_err(unread)?;
        Ok((body, turn))
    }

    /// What the call's idempotency key is told apart by.
    fn scope(&self) -> Scope<'_> {
        let vendor = lines::named(self.way.prefix, &self.head.headers);
        Scope { identity: self.identity, path: self.way.dialect.endpoint().word(), vendor }
    }

    /// Reads the call, and finds what carries it.
    pub(crate) fn ready(&self, desk: &Desk, body: Bytes) -> Result<Ready, Unready> {
        let dialect = self.way.dialect;
        let unread = |refusal| Unready { refusal, call: unread(dialect) };
        let nobody: Arc<str> = Arc::from("");
        let target = Target { vendor: Arc::clone(&nobody), connection: nobody };
        let mut read = dialect.read(&body, &target).map_err(unread)?;
        let known = |refusal, call: &Call| Unready { refusal, call: Box::new(call.clone()) };
        let line = self.line(&read.call.model).map_err(|refusal| known(refusal, &read.call))?;
        read.call.vendor = Arc::clone(&line.connection.vendor);
        read.call.connection = line.connection.name.clone().into();
        let read = Arc::new(read);
        let pack = self.pack(desk, line, &read, body);
        let pack = pack.map_err(|refusal| known(refusal, &read.call))?;
        let output_cap = read.call.output_cap.or(line.connection.default_max_tokens);
        let call = Call { output_cap, ..read.call.clone() };
        Ok(Ready { read, call, line: Arc::clone(line), pack })
    }

    fn line(&self, model: &str) -> Result<&Arc<Line>, Refusal> {
        let headers = &self.head.headers;
        let pinned = self.arrival.key.pins.connection.as_deref();
        let wish =
            Wish { named: lines::named(self.way.prefix, headers), pinned, model: Some(model) };
        lines::choose(self.version, self.way.dialect, &wish)
    }

    /// Makes the request of each attempt: the bytes as they came, unless the call was changed.
    fn pack(
        &self,
        desk: &Desk,
        line: &Line,
        read: &Arc<Read>,
        body: Bytes,
    ) -> Result<Pack, Refusal> {
        let dialect = self.way.dialect;
        let uri = lines::queried(line, self.head.uri.query())?;
        let registry = &desk.registry;
        let key = lines::vendor_key(line, dialect, self.arrival, registry)?;
        let discloses = |value: &[u8]| registry.discloses_key(value);
        let headers = outbound::headers(&self.head.headers, Some(key), discloses);
        let (method, read) = (self.head.method.clone(), Arc::clone(read));
        Ok(Box::new(move |call: &Call| {
            let changed = dialect.rewrite(&body, &read, call);
            let bytes = changed.map_or_else(|| body.clone(), Bytes::from);
            outbound::request(&method, uri.clone(), headers.clone(), bytes)
        }))
    }
}

/// What is known of a call that could not be read.
fn unread(dialect: &dyn Dialect) -> Box<Call> {
    Box::new(Call::new("", "", dialect.endpoint()))
}
