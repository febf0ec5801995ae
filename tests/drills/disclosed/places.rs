//! The places of a request that a key can stand in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::rig::Ask;

/// What a place means to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key is read there, and names the caller.
    Key,
    /// Nothing that names a caller is read there.
    Other,
    /// The same, in a header that makes later calls the same as this one.
    Repeatable,
    /// The path or query.
    Target,
}

/// A header, or the target, and how a key is written there.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    write: fn(&str) -> String,
}

/// All of them.
pub(super) fn places() -> Vec<Place> {
    let place = |name, kind, write| Place { name, kind, write };
    let bare: fn(&str) -> String = str::to_owned;
    let bearer: fn(&str) -> String = |key| format!("Bearer {key}");
    let basic: fn(&str) -> String = |key| format!("Basic {}", STANDARD.encode(format!("ci:{key}")));
    vec![
        place("authorization", Kind::Key, bearer),
        place("authorization", Kind::Key, |key| format!("bearer  {key}")),
        place("authorization", Kind::Other, bare),
        place("authorization", Kind::Other, |key| format!("Token {key}")),
        place("authorization", Kind::Other, |key| format!("Bearer {key} {key}")),
        place("authorization", Kind::Other, |key| format!("Bearer \"{key}\"")),
        place("authorization", Kind::Other, |key| format!("Bearer {key},")),
        place("authorization", Kind::Other, basic),
        place("x-api-key", Kind::Key, bare),
        place("x-api-key", Kind::Key, bearer),
        place("x-api-key", Kind::Other, |key| format!("key={key}")),
        place("api-key", Kind::Key, bare),
        place("x-goog-api-key", Kind::Key, bare),
        place("x-reins-key", Kind::Key, bare),
        place("x-vendor-key", Kind::Other, bare),
        place("x-vendor-key", Kind::Other, bearer),
        place("x-vendor-key", Kind::Other, |key| format!("sk-{key}")),
        place("proxy-authorization", Kind::Other, bearer),
        place("proxy-authorization", Kind::Other, basic),
        place("cookie", Kind::Other, |key| format!("a=1; session={key}")),
        place("x-auth-token", Kind::Other, bare),
        place("x_api_key", Kind::Other, bare),
        place("helicone-auth", Kind::Other, bearer),
        place("x-settings", Kind::Other, |key| format!("{{\"key\":\"{key}\"}}")),
        place("openai-organization", Kind::Other, bare),
        place("user-agent", Kind::Other, |key| format!("agent/1.0 ({key})")),
        place("referer", Kind::Other, |key| format!("https://example.com/?key={key}&a=1")),
        place("idempotency-key", Kind::Repeatable, bare),
        place("?key=", Kind::Target, |key| key.replace('+', "%2B").replace('=', "%3D")),
        place("?key=", Kind::Target, |key| format!("{key}&beta=true")),
        place("?beta=true&auth=Bearer%20", Kind::Target, bare),
    ]
}

// === impl Place ===

impl Place {
    /// The request with a key in this place.
    pub(super) fn put(&self, ask: Ask, key: &str) -> Ask {
        let value = (self.write)(key);
        match self.kind {
            Kind::Target => Ask { path: format!("{}{}{value}", ask.path, self.name), ..ask },
            Kind::Key | Kind::Other | Kind::Repeatable => ask.with(self.name, &value),
        }
    }
}
