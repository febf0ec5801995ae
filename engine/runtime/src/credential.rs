//! Credentials in a request: what stands where a key belongs, read.

use http::HeaderMap;
use reins_dialects::Credential;
use reins_governor::Refusal;

/// Where vendors' SDKs put their key, in the order that is looked at.
const SDK_HEADERS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// Headers that say who calls, for which call, and where to. Of two that differ, one would be used
/// and the other, perhaps a proxy's own, ignored: such a request is refused.
const SENT_ONCE: [&str; 16] = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-reins-key",
    "x-vendor-key",
    "x-vendor",
    "x-reins-agent",
    "x-reins-team",
    "x-reins-user",
    "x-reins-session",
    "x-reins-parent-session",
    "x-reins-roles",
    "x-reins-metadata",
    "x-reins-mode",
    "idempotency-key",
];

/// A header where a key belongs is there, and holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What a header holds where a key belongs; `None` where there is no such header.
pub(crate) type Shown<'a> = Option<Result<Credential<'a>, Malformed>>;

/// What a request shows where keys belong.
pub(crate) struct Presented<'a> {
    /// `X-Reins-Key`: it names the caller, and leaves the vendor's own key in place.
    pub(crate) reins: Shown<'a>,
    /// Where SDKs put their key: a Reins key, a vendor's, or both.
    pub(crate) sdk: [Shown<'a>; SDK_HEADERS.len()],
    /// `X-Vendor-Key`: for the vendor.
    pub(crate) vendor: Shown<'a>,
}

// === impl Presented ===

impl<'a> Presented<'a> {
    /// Reads the headers where keys belong.
    pub(crate) fn in_headers(headers: &'a HeaderMap) -> Self {
        Self {
            reins: shown(headers, "x-reins-key"),
            sdk: SDK_HEADERS.map(|name| shown(headers, name)),
            vendor: shown(headers, "x-vendor-key"),
        }
    }

    /// Whether anything stands where SDKs put their key.
    pub(crate) fn shows_any(&self) -> bool {
        self.sdk.iter().any(Option::is_some)
    }
}

fn shown<'a>(headers: &'a HeaderMap, name: &str) -> Shown<'a> {
    let value = headers.get(name)?;
    Some(value.to_str().ok().and_then(|text| credential(text.trim(), name)).ok_or(Malformed))
}

/// `KEY`, or `Bearer KEY`; in `Authorization` the latter alone.
fn credential<'a>(text: &'a str, name: &str) -> Option<Credential<'a>> {
    let mut words = text.split_ascii_whitespace();
    let credential = match (words.next()?, words.next()) {
        (scheme, Some(key)) if scheme.eq_ignore_ascii_case("bearer") => {
            Credential { key, bearer: true }
        }
        (scheme, None) if scheme.eq_ignore_ascii_case("bearer") => return None,
        (key, None) if name != "authorization" => Credential { key, bearer: false },
        (_, None | Some(_)) => return None,
    };
    words.next().is_none().then_some(credential)
}

/// Refuses a request in which a header that is sent once came with two values.
pub(crate) fn sent_once(headers: &HeaderMap) -> Result<(), Refusal> {
    let differ = |name: &&&str| {
        let mut values = headers.get_all(**name).iter();
        values.next().is_some_and(|first| values.any(|other| other != first))
    };
    match SENT_ONCE.iter().find(differ) {
        None => Ok(()),
        Some(name) => {
            let what = format!("the header `{name}` came twice, with two values: send it once");
            Err(Refusal::BadRequest { what })
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is read as a key, and how it goes on.
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Malformed, Presented, SDK_HEADERS, sent_once};

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect(name), HeaderValue::from_str(value).expect(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_header_holds_a_key_or_is_malformed() {
        type Read = Result<(&'static str, bool), Malformed>;
        let cases: [(&str, &str, Read); 12] = [
            ("authorization", "Bearer k-1", Ok(("k-1", true))),
            ("authorization", "bearer  k-1 ", Ok(("k-1", true))),
            ("authorization", "Bearer", Err(Malformed)),
            ("authorization", "Bearer k-1 k-2", Err(Malformed)),
            ("authorization", "Basic abc", Err(Malformed)),
            ("authorization", "k-1", Err(Malformed)),
            ("authorization", "", Err(Malformed)),
            ("x-api-key", "k-1", Ok(("k-1", false))),
            ("x-api-key", "Bearer k-1", Ok(("k-1", true))),
            ("x-api-key", "Bearer", Err(Malformed)),
            ("x-goog-api-key", "k-1 k-2", Err(Malformed)),
            ("api-key", " ", Err(Malformed)),
        ];
        for (name, value, expected) in cases {
            let headers = map(&[(name, value)]);
            let at = SDK_HEADERS.iter().position(|known| *known == name).expect(name);
            let found = Presented::in_headers(&headers).sdk[at].expect("a header");
            assert_eq!(found.map(|one| (one.key, one.bearer)), expected, "{name}: {value}");
        }
        assert!(Presented::in_headers(&map(&[])).sdk.iter().all(Option::is_none));
    }

    #[test]
    fn a_header_that_came_with_two_values_is_refused() {
        for (pairs, refused) in [
            (vec![("x-reins-agent", "a"), ("x-reins-agent", "b")], true),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer b")], true),
            (vec![("x-reins-agent", "a"), ("x-reins-agent", "a")], false),
            (vec![("accept", "a"), ("accept", "b")], false),
        ] {
            let headers: HeaderMap = map(&pairs);
            assert_eq!(sent_once(&headers).is_err(), refused, "{pairs:?}");
        }
    }
}
