//! Credentials in a request: the key that names the caller, and the key that is meant for the
//! vendor.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Where vendors' SDKs put their key, in the order that is looked at.
const KEY_HEADERS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// How keys that Reins made begin.
const OWN_PREFIXES: [&str; 3] = ["rns_", "rns-", "rk_"];

/// What a request shows of who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presented<'a> {
    /// The key to look up; `None` where no key was sent.
    pub(crate) key: Option<&'a str>,
    /// The vendor's key that came along, and the header it came in: it stays in place.
    pub(crate) vendor_key: Option<(&'static str, &'a str)>,
}

// === impl Presented ===

impl<'a> Presented<'a> {
    /// Finds the keys of a request. `X-Reins-Key` names the caller and leaves the vendor's own key
    /// in place; else a key that Reins made is found wherever an SDK puts its key; else the
    /// vendor's key itself may be one that the organization registered.
    pub(crate) fn in_headers(headers: &'a HeaderMap) -> Self {
        let mut in_place = KEY_HEADERS.iter().filter_map(|name| Some((*name, key(headers, name)?)));
        let given = text(headers, "x-vendor-key").map(|key| ("x-vendor-key", key));
        let given = given.filter(|(_, key)| !is_own(key));
        if let Some(key) = text(headers, "x-reins-key") {
            // An SDK wants some key: who shows it the same one twice has none of the vendor's.
            let given = given.filter(|(_, other)| *other != key);
            let foreign = in_place.find(|(_, other)| !is_own(other) && *other != key);
            return Self { key: Some(key), vendor_key: given.or(foreign) };
        }
        let all: Vec<_> = in_place.collect();
        if let Some((_, own)) = all.iter().find(|(_, key)| is_own(key)) {
            let foreign = all.iter().find(|(_, key)| !is_own(key)).copied();
            return Self { key: Some(own), vendor_key: given.or(foreign) };
        }
        let first = all.first().copied();
        Self { key: first.map(|(_, key)| key), vendor_key: given.or(first) }
    }
}

fn is_own(key: &str) -> bool {
    OWN_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}

fn key<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = text(headers, name)?;
    let bearer = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer {
        Some((_, key)) => Some(key.trim()),
        None if name == "authorization" => None,
        None => Some(value),
    }
}

/// The header that carries a vendor's key in a dialect.
pub(crate) fn vendor_header(dialect: &str, key: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, text) = if dialect == "anthropic" {
        (HeaderName::from_static("x-api-key"), key.to_owned())
    } else {
        (http::header::AUTHORIZATION, format!("Bearer {key}"))
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

#[cfg(test)]
mod tests {
    //! Which key is whose.
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::Presented;

    #[test]
    fn finds_each_key_where_sdks_put_it() {
        type Case =
            (&'static [(&'static str, &'static str)], Option<&'static str>, Option<&'static str>);
        let cases: [Case; 10] = [
            (&[("authorization", "Bearer rns_live_a")], Some("rns_live_a"), None),
            (&[("x-api-key", "rk_b")], Some("rk_b"), None),
            (
                &[("authorization", "bearer rns_live_a"), ("x-vendor-key", "sk-1")],
                Some("rns_live_a"),
                Some("sk-1"),
            ),
            (
                &[("x-reins-key", "rns_live_a"), ("authorization", "Bearer sk-1")],
                Some("rns_live_a"),
                Some("sk-1"),
            ),
            (
                &[("x-reins-key", "rns_live_a"), ("x-api-key", "sk-ant")],
                Some("rns_live_a"),
                Some("sk-ant"),
            ),
            (&[("x-reins-key", "team"), ("authorization", "Bearer team")], Some("team"), None),
            (&[("x-reins-key", "team"), ("x-vendor-key", "rns_live_a")], Some("team"), None),
            (&[("authorization", "Bearer sk-1")], Some("sk-1"), Some("sk-1")),
            (&[("authorization", "Basic abc")], None, None),
            (&[], None, None),
        ];
        for (headers, key, vendor_key) in cases {
            let map: HeaderMap = headers
                .iter()
                .map(|(n, v)| {
                    (n.parse::<HeaderName>().expect(n), HeaderValue::from_str(v).expect(v))
                })
                .collect();
            let found = Presented::in_headers(&map);
            assert_eq!(
                (found.key, found.vendor_key.map(|(_, key)| key)),
                (key, vendor_key),
                "{headers:?}"
            );
        }
    }
}
