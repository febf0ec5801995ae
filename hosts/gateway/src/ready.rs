//! Readying a call whose caller is known: its body read, its line chosen, its request packed.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use hyper::body::Incoming;
use reins_config::ServerLimits;
use reins_dialects::{Asked, Dialect, Head, Read, Target};
use reins_flight::Pack;
use reins_governor::{Call, Endpoint, Refusal};

use crate::arrival::Arrival;
use crate::desk::Desk;
use crate::govern::Way;
use crate::idempotency::Turn;
use crate::lines::Wish;
use crate::spoken::{Said, Spoken};
use crate::version::{Line, Version};
use crate::{inbound, lines, outbound, path, spoken};

/// A call that can be judged and, if it may, be sent.
pub(crate) struct Ready {
    /// The dialect of its line, in which it was read.
    pub(crate) dialect: Arc<dyn Dialect>,
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
    /// The dialects that it may be in; at least one.
    pub(crate) spoken: &'a [Spoken<'a>],
    pub(crate) head: &'a Parts,
    pub(crate) arrival: &'a Arrival<'a>,
}

// === impl Caller ===

impl Caller<'_> {
    /// Reads the body, and looks whether it was sent before.
    pub(crate) async fn body(&self, desk: &Desk, body: Incoming) -> Result<(Bytes, Turn), Unready> {
        let headers = &self.head.headers;
        let unread = |refusal| Unready { refusal, call: self.unread() };
        let body = inbound::read(headers, body, self.limits, &desk.room).await.map_err(unread)?;
        let turn = desk.repeats.turn(&self.arrival.key.id, headers, &body).map_err(unread)?;
        Ok((body, turn))
    }

    /// Reads the call, finds what carries it, and binds it to that.
    pub(crate) fn ready(&self, desk: &Desk, body: Bytes) -> Result<Ready, Unready> {
        let Routed { spoken, line, asked } = self.routed(&body)?;
        let read = Arc::new(asked.bind(line.target()));
        let pack = self.pack(desk, (spoken, line), &read, body);
        let pack =
            pack.map_err(|refusal| Unready { refusal, call: Box::new(read.call.clone()) })?;
        let (dialect, own) = (&spoken.dialect, line.connection.default_max_tokens);
        let output_cap = read.call.output_cap.or(own).or_else(|| dialect.default_cap());
        let call = Call { output_cap, ..read.call.clone() };
        Ok(Ready { dialect: Arc::clone(dialect), read, call, line: Arc::clone(line), pack })
    }

    /// The one line for the call, and the dialect of that line. Where the call may be in several
    /// dialects, each reads it, and those remain in which a line sells its model.
    fn routed(&self, body: &[u8]) -> Result<Routed<'_>, Unready> {
        let mut routes = Vec::new();
        let mut refused = None;
        for spoken in self.spoken {
            match self.route(spoken, body) {
                Ok(route) => routes.push(route),
                Err(unready) => refused = refused.or(Some(unready)),
            }
        }
        let default = self.version.organization.default_connection.as_deref();
        let is_default = |route: &Routed<'_>| Some(&*route.line.connection.name) == default;
        let one = match routes.len() {
            0 | 1 => routes.len().checked_sub(1),
            _ => routes.iter().position(is_default),
        };
        if let Some(at) = one {
            return Ok(routes.swap_remove(at));
        }
        Err(refused.filter(|_| routes.is_empty()).unwrap_or_else(|| {
            let lines: Vec<_> = routes.iter().map(|route| route.line).collect();
            Unready { refusal: lines::ambiguous(&lines, Some("")), call: self.unread() }
        }))
    }

    fn route<'s>(&'s self, spoken: &'s Spoken<'s>, body: &[u8]) -> Result<Routed<'s>, Unready> {
        let head = Head { path: spoken.rest, query: self.head.uri.query() };
        let unread = |refusal| Unready { refusal, call: unread(&spoken.dialect) };
        let asked = spoken.dialect.read(&head, body).map_err(unread)?;
        match self.line(spoken, &asked.model) {
            Ok(line) => Ok(Routed { spoken, line, asked }),
            Err(refusal) => Err(Unready { refusal, call: Box::new(asked.bind(nowhere()).call) }),
        }
    }

    fn line(&self, spoken: &Spoken<'_>, model: &str) -> Result<&Arc<Line>, Refusal> {
        let headers = &self.head.headers;
        let pinned = self.arrival.key.pins.connection.as_deref();
        let wish = Wish { named: lines::named(spoken.prefix, headers), pinned, model: Some(model) };
        lines::choose(self.version, spoken.dialect.family(), &wish)
    }

    fn unread(&self) -> Box<Call> {
        let endpoint = self.spoken.first().map(|spoken| spoken.dialect.endpoint());
        Box::new(Call::new("", "", endpoint.unwrap_or(Endpoint::ChatCompletions)))
    }

    /// Makes the request of each attempt: the bytes as they came, unless the call was changed.
    fn pack(
        &self,
        desk: &Desk,
        (spoken, line): (&Spoken<'_>, &Arc<Line>),
        read: &Arc<Read>,
        body: Bytes,
    ) -> Result<Pack, Refusal> {
        let query = self.head.uri.query().map(str::to_owned);
        let uri = lines::path(line, spoken.rest, query.as_deref())?;
        let registry = &desk.registry;
        let signer = lines::signer(line, self.arrival, registry)?;
        let discloses = |value: &[u8]| registry.discloses_key(value);
        let headers = outbound::headers(&self.head.headers, discloses);
        let (method, read) = (self.head.method.clone(), Arc::clone(read));
        let (dialect, rest) = (Arc::clone(&spoken.dialect), spoken.rest.to_owned());
        let (clock, line) = (Arc::clone(&desk.clock), Arc::clone(line));
        Ok(Box::new(move |call: &Call| {
            let head = Head { path: &rest, query: query.as_deref() };
            let changed = dialect.rewrite(&head, &body, &read, call);
            let bytes = changed.body.map_or_else(|| body.clone(), Bytes::from);
            let moved = changed.path.map(|path| lines::replaced(&line, &path, query.as_deref()));
            let uri = moved.unwrap_or_else(|| uri.clone());
            outbound::request(&method, uri, headers.clone(), bytes, (&*signer, clock.now()))
        }))
    }
}

/// A call that was read, and what carries it.
struct Routed<'a> {
    spoken: &'a Spoken<'a>,
    line: &'a Arc<Line>,
    asked: Asked,
}

/// The dialects that a call may be in. Where no line of its organization carries its path, that is
/// the one which the path is known by, so that the refusal can say what does.
pub(crate) fn spoken<'a>(
    version: &Version,
    way: Way<'a>,
    dialect: &Arc<dyn Dialect>,
    head: &'a Parts,
    arrival: &'a Arrival<'a>,
) -> Result<Vec<Spoken<'a>>, Refusal> {
    let said = Said {
        path: head.uri.path(),
        vendor: lines::named(None, &head.headers),
        pinned: arrival.key.pins.connection.as_deref(),
    };
    let spoken = spoken::spoken(version, said);
    if !spoken.is_empty() {
        return Ok(spoken);
    }
    if dialect.family().declaration().is_some() {
        return Err(path::not_carried(said.path));
    }
    let (prefix, rest) = (way.prefix, way.rest);
    Ok(vec![Spoken { dialect: Arc::clone(dialect), prefix, rest }])
}

/// What is known of a call that could not be read.
fn unread(dialect: &Arc<dyn Dialect>) -> Box<Call> {
    Box::new(Call::new("", "", dialect.endpoint()))
}

/// The target in the record of a call that no connection carries.
fn nowhere() -> Target {
    Target { vendor: "".into(), connection: "".into() }
}
