//! In which dialects a call may be: those of the connections that carry its path, and that its
//! caller names or may use.
//!
//! Most paths are in one dialect. Where two families have the same path, both read the request, and
//! the connection that sells its model decides: a request is sent on a connection, and its answer
//! metered, in the dialect of that connection's own family alone.

use std::sync::Arc;

use reins_dialects::{Asked, Dialect, Head, Target};
use reins_governor::{Call, Endpoint, Refusal};

use crate::caller::Caller;
use crate::paths::{not_carried, split};
use crate::pools::Pools;
use crate::routing::{self, is};
use crate::version::{Upstream, Version};

/// A dialect that a call may be in, and its path as it is read then.
#[derive(Clone, Debug)]
pub(crate) struct Spoken<'a> {
    pub(crate) dialect: Arc<dyn Dialect>,
    /// The vendor or connection that the path is prefixed with.
    pub(crate) prefix: Option<&'a str>,
    /// The vendor's own path, below the version.
    pub(crate) rest: &'a str,
}

/// What is said of the connection before the model is known.
#[derive(Clone, Copy, Debug)]
struct Said<'a> {
    path: &'a str,
    /// The connection or vendor in the header.
    vendor: Option<&'a str>,
    /// The connection that the caller's key is for.
    pinned: Option<&'a str>,
}

/// A call that was read, and what carries it.
pub(crate) struct Routed<'a, P> {
    pub(crate) spoken: &'a Spoken<'a>,
    pub(crate) upstream: &'a Arc<Upstream<P>>,
    pub(crate) asked: Asked,
}

/// Why a call is not prepared, and what is known of it by then.
pub(crate) type Unready = Box<(Refusal, Call)>;

// === impl Caller ===

impl<P: Pools> Caller<'_, P> {
    /// The dialects that the call may be in; at least one. Where no connection of its organization
    /// carries its path, that is the one which the path is known by, so that the refusal can say
    /// what does.
    pub(crate) fn spoken(&self, dialect: &Arc<dyn Dialect>) -> Result<Vec<Spoken<'_>>, Refusal> {
        let said = Said {
            path: self.head.uri.path(),
            vendor: routing::named(None, &self.head.headers),
            pinned: self.arrival.key.pins.connection.as_deref(),
        };
        let spoken = of_version(&self.version, said);
        if !spoken.is_empty() {
            return Ok(spoken);
        }
        if dialect.family().declaration().is_some() {
            return Err(not_carried(said.path));
        }
        let (prefix, rest) = (self.way.prefix, self.way.rest);
        Ok(vec![Spoken { dialect: Arc::clone(dialect), prefix, rest }])
    }

    /// The one connection for the call, and the dialect of it. Where the call may be in several
    /// dialects, each reads it, and those remain in which a connection sells its model.
    pub(crate) fn routed<'s>(
        &'s self,
        spoken: &'s [Spoken<'s>],
        body: &[u8],
    ) -> Result<Routed<'s, P::Pool>, Unready> {
        let mut routes = Vec::new();
        let mut refused = None;
        for one in spoken {
            match self.route(one, body) {
                Ok(route) => routes.push(route),
                Err(unready) => refused = refused.or(Some(unready)),
            }
        }
        let default = self.version.organization.default_connection.as_deref();
        let is_default = |route: &Routed<'_, _>| Some(&*route.upstream.connection.name) == default;
        let one = match routes.len() {
            0 | 1 => routes.len().checked_sub(1),
            _ => routes.iter().position(is_default),
        };
        if let Some(at) = one {
            return Ok(routes.swap_remove(at));
        }
        Err(refused.filter(|_| routes.is_empty()).unwrap_or_else(|| {
            let selling: Vec<_> = routes.iter().map(|route| route.upstream).collect();
            Box::new((routing::ambiguous(&selling, Some("")), unread(spoken)))
        }))
    }

    fn route<'s>(
        &'s self,
        spoken: &'s Spoken<'s>,
        body: &[u8],
    ) -> Result<Routed<'s, P::Pool>, Unready> {
        let (dialect, head) = (&spoken.dialect, self.head);
        let head = Head { path: spoken.rest, query: head.uri.query() };
        let unread = |refusal| Box::new((refusal, Call::new("", "", dialect.endpoint())));
        let asked = dialect.read(&head, body).map_err(unread)?;
        let wish = self.wish(spoken.prefix, Some(&asked.model));
        match routing::choose(&self.version, dialect.family(), &wish) {
            Ok(upstream) => Ok(Routed { spoken, upstream, asked }),
            Err(refusal) => Err(Box::new((refusal, asked.bind(nowhere()).call))),
        }
    }
}

/// What is known of a call that could not be read.
pub(crate) fn unread(spoken: &[Spoken<'_>]) -> Call {
    let endpoint = spoken.first().map(|first| first.dialect.endpoint());
    Call::new("", "", endpoint.unwrap_or(Endpoint::ChatCompletions))
}

/// The target in the record of a call that no connection carries.
fn nowhere() -> Target {
    Target { vendor: "".into(), connection: "".into() }
}

/// The dialects of a version's connections that a call may be in, one for each family.
fn of_version<'a, P>(version: &Version<P>, said: Said<'a>) -> Vec<Spoken<'a>> {
    let mut found: Vec<Spoken<'a>> = Vec::new();
    let named = |line: &Upstream<P>, name: Option<&str>| name.is_none_or(|name| is(line, name));
    for line in &version.upstreams {
        let is_new = |spoken: &Spoken<'_>| {
            let family = spoken.dialect.family().name();
            found.iter().all(|other| other.dialect.family().name() != family)
        };
        if said.pinned.is_some_and(|pin| *line.connection.name != *pin) {
            continue;
        }
        let meant = |spoken: &Spoken<'_>| spoken.prefix.is_some() || named(line, said.vendor);
        let spoken = of_upstream(line, said.path).find(|spoken| meant(spoken) && is_new(spoken));
        found.extend(spoken);
    }
    found
}

/// The dialects that a connection's declared family has for a path.
pub(crate) fn declared_by<'a, 'l, P>(
    line: &'l Upstream<P>,
    path: &'a str,
) -> impl Iterator<Item = Spoken<'a>> + use<'a, 'l, P> {
    let is_declared = line.connection.family.declaration().is_some();
    is_declared.then(|| of_upstream(line, path)).into_iter().flatten()
}

fn of_upstream<'a, 'l, P>(
    line: &'l Upstream<P>,
    path: &'a str,
) -> impl Iterator<Item = Spoken<'a>> + use<'a, 'l, P> {
    line.connection.family.dialects().iter().filter_map(move |dialect| {
        let (prefix, rest) = read(line, &**dialect, path)?;
        Some(Spoken { dialect: Arc::clone(dialect), prefix, rest })
    })
}

/// How a path is read in a dialect of a connection, if it is one of it: with the name of the
/// connection or of its vendor in front, or without.
fn read<'a, P>(
    line: &Upstream<P>,
    dialect: &dyn Dialect,
    path: &'a str,
) -> Option<(Option<&'a str>, &'a str)> {
    let fits = |(prefix, rest): &(Option<&str>, &str)| {
        prefix.is_none_or(|prefix| is(line, prefix)) && dialect.carries(rest)
    };
    if !dialect.family().has_whole_paths() {
        return Some(split(path)).filter(fits);
    }
    let whole = path.strip_prefix('/')?;
    let behind = whole.split_once('/').map(|(prefix, rest)| (Some(prefix), rest));
    Some((None, whole)).filter(fits).or_else(|| behind.filter(fits))
}
