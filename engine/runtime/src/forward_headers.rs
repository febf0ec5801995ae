//! The request that goes to a vendor: a new one, with what the vendor may see of the old.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, Version, header};
use http_body_util::Full;
use jiff::Timestamp;
use reins_dialects::Signer;

use crate::content::JSON;

/// Headers that belong to one connection, to our own transport, or to nobody but us.
///
/// Those that name another method or path might lead to one that is not metered.
const NEVER_FORWARDED: [&str; 26] = [
    "accept-encoding",
    "api-key",
    "authorization",
    "connection",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-api-key",
    "x-goog-api-key",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Beginnings of headers that are never forwarded. Whatever says how the body is to be read, Reins
/// says itself: it has read it in one way.
const NEVER_FORWARDED_PREFIXES: [&str; 5] =
    ["content-", "x-content-", "x-reins", "x-vendor", "x-forwarded"];

/// Headers of a vendor's answer that belong to its connection with us, or that we set ourselves.
const NEVER_RETURNED: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a vendor may see of a request's headers. A header that `discloses` a key of Reins is left
/// out; the vendor's own key is not among them.
pub(crate) fn headers(from: &HeaderMap, discloses: impl Fn(&[u8]) -> bool) -> HeaderMap {
    let named = connection_options(from);
    let mut to = HeaderMap::with_capacity(from.len() + 1);
    for (name, value) in from {
        let passes = forwarded(name.as_str()) && !named.iter().any(|option| *name == **option);
        if passes && !discloses(value.as_bytes()) {
            to.append(name.clone(), value.clone());
        }
    }
    to
}

/// What a client may see of an answer's headers.
#[must_use]
pub fn returned(from: HeaderMap) -> HeaderMap {
    let named: Vec<String> = connection_options(&from);
    let mut to = HeaderMap::with_capacity(from.len() + 8);
    let mut last = None;
    for (name, value) in from {
        if name.is_some() {
            last = name;
        }
        let Some(name) = &last else { continue };
        let ours = NEVER_RETURNED.contains(&name.as_str()) || name.as_str().starts_with("x-reins");
        if !ours && !named.iter().any(|option| *name == **option) {
            to.append(name.clone(), value);
        }
    }
    to
}

/// The request for one attempt, signed with the vendor's key. A body is JSON, as it was read, and
/// nothing else.
pub(crate) fn request(
    method: &Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    (signer, now): (&dyn Signer, Timestamp),
) -> Request<Full<Bytes>> {
    let is_empty = body.is_empty();
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    if !is_empty {
        request.headers_mut().insert(header::CONTENT_TYPE, JSON);
    }
    signer.sign(&mut request, now);
    request.map(Full::new)
}

/// `-` and `_` are the same here: some servers behind a vendor's limit think so.
fn forwarded(name: &str) -> bool {
    let name: std::borrow::Cow<'_, str> =
        if name.contains('_') { name.replace('_', "-").into() } else { name.into() };
    !NEVER_FORWARDED.contains(&&*name)
        && !NEVER_FORWARDED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The headers that `Connection` says belong to one connection only.
fn connection_options(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|option| option.trim().to_ascii_lowercase())
        .filter(|option| !option.is_empty() && option != "close" && option != "keep-alive")
        .collect()
}

#[cfg(test)]
mod tests {
    //! What goes out, and what comes back.
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
    use jiff::Timestamp;
    use reins_dialects::{Anthropic, Credential, Family, Signer};

    use super::{headers, request, returned};

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (n.parse::<HeaderName>().expect(n), HeaderValue::from_str(v).expect(v)))
            .collect()
    }

    fn signer() -> Box<dyn Signer> {
        Anthropic.signer(Credential { key: "sk", bearer: false }).expect("a key")
    }

    #[test]
    fn vendors_see_nothing_that_is_ours() {
        let from = map(&[
            ("authorization", "Bearer rns_live_x"),
            ("x-reins-agent", "a"),
            ("x_reins_agent", "a"),
            ("x-vendor-key", "sk"),
            ("x-api-key", "rns"),
            ("cookie", "c"),
            ("x-http-method-override", "POST"),
            ("content-type", "application/json"),
            ("content_type", "application/x-yaml"),
            ("content-encoding", "identity"),
            ("content-transfer-encoding", "base64"),
            ("x-content-type-override", "text/plain"),
            ("connection", "close, X-Beta"),
            ("x-beta", "1"),
            ("anthropic-version", "2023-06-01"),
            ("idempotency-key", "k"),
            ("x-auth", "Token ours"),
        ]);
        let to = headers(&from, |value| value.ends_with(b"ours"));
        let signer = signer();
        let signed = (&*signer, Timestamp::UNIX_EPOCH);
        let sent = request(&Method::POST, Uri::default(), to, Bytes::new(), signed);
        let mut names: Vec<_> = sent.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["anthropic-version", "idempotency-key", "x-api-key"]);
        assert_eq!(sent.headers()["x-api-key"], "sk");
    }

    #[test]
    fn a_body_leaves_as_json_and_a_request_without_one_as_nothing() {
        let made = |body: &'static str| {
            let from = map(&[("content-type", "text/plain"), ("content-type", "text/html")]);
            let uri = "http://vendor/v1".parse().expect("an address");
            let headers = headers(&from, |_| false);
            let signer = signer();
            let signed = (&*signer, Timestamp::UNIX_EPOCH);
            request(&Method::POST, uri, headers, Bytes::from(body), signed)
        };
        let types: Vec<_> = made("{}").headers().get_all("content-type").iter().cloned().collect();
        assert_eq!(types, ["application/json"]);
        assert!(!made("").headers().contains_key("content-type"));
    }

    #[test]
    fn clients_see_the_vendors_headers_and_no_forgeries() {
        let from = map(&[
            ("content-type", "application/json"),
            ("transfer-encoding", "chunked"),
            ("x-reins-cost", "0"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("request-id", "r"),
        ]);
        let to = returned(from);
        assert_eq!(to.get_all("set-cookie").iter().count(), 2);
        assert!(!to.contains_key("x-reins-cost") && !to.contains_key("transfer-encoding"));
        assert!(to.contains_key("request-id"));
    }
}
