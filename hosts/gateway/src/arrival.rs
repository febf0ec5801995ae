//! The arrival of a call: its key looked up, or the reason why nobody was recognised.

use std::sync::Arc;

use http::HeaderMap;
use reins_governor::{Refusal, Unidentified};
use reins_store::Key;

use crate::credential::Presented;
use crate::desk::{Desk, Live};

/// A call whose key was recognised.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    /// The key, and what it says of the caller.
    pub(crate) key: Arc<Key>,
    /// The vendor's key that came along.
    pub(crate) vendor_key: Option<&'a str>,
    /// Whether the caller said in so many words that it is meant for the vendor. What merely
    /// stands where SDKs put a key may be one of ours, and goes out only where Reins has no other.
    pub(crate) vendor_key_is_meant: bool,
}

/// Recognises who is calling, by the key that came with the call.
pub(crate) fn recognise<'a>(
    desk: &Desk,
    live: &Live,
    headers: &'a HeaderMap,
) -> Result<Arrival<'a>, Refusal> {
    let presented = Presented::in_headers(headers);
    let vendor_key = presented.vendor_key.map(|(_, key)| key);
    match presented.key.map(|key| find(desk, live, key)) {
        Some(Ok(key)) => Ok(Arrival { key, vendor_key, vendor_key_is_meant: named_apart(headers) }),
        // A mistyped or revoked key of ours is refused, even where a call without one is not.
        Some(Err(unknown)) if vendor_key != presented.key => Err(Refusal::Unauthorized(unknown)),
        not_ours => {
            let unknown = not_ours.and_then(Result::err).unwrap_or(Unidentified::Missing);
            let default = live.default_key.as_ref().filter(|_| !is_from_a_page(headers));
            let default = default.ok_or(Refusal::Unauthorized(unknown))?;
            let key = find(desk, live, default.expose()).map_err(Refusal::Unauthorized)?;
            Ok(Arrival {
                key,
                vendor_key,
                vendor_key_is_meant: headers.contains_key("x-vendor-key"),
            })
        }
    }
}

fn find(desk: &Desk, live: &Live, key: &str) -> Result<Arc<Key>, Unidentified> {
    let found = desk.registry.identify(key)?;
    let ours = found.organization == live.settings.organization.id;
    if ours { Ok(found) } else { Err(Unidentified::Unknown) }
}

/// Whether a browser sent this for a page. Any page on the web can make one on this machine ask an
/// address on it, and must not spend what the machine's owner may spend without a key.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(http::header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

fn named_apart(headers: &HeaderMap) -> bool {
    headers.contains_key("x-reins-key") || headers.contains_key("x-vendor-key")
}

#[cfg(test)]
mod tests {
    //! Who may do without a key.
    use http::{HeaderMap, HeaderValue};

    use super::is_from_a_page;

    #[test]
    fn a_page_in_a_browser_does_not_get_the_default_key() {
        for (name, value, expected) in [
            ("origin", "https://evil.example", true),
            ("origin", "null", true),
            ("sec-fetch-site", "cross-site", true),
            ("user-agent", "OpenAI/Python 2.1.0", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(is_from_a_page(&headers), expected, "{name}: {value}");
        }
    }
}
