//! Signers: how a vendor is shown a key. A signer sees the whole request (method, address, headers,
//! body) as it leaves, since some vendors take a signature over all of it in place of the key.

use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use jiff::Timestamp;

/// A key as a header brought it, or as Reins keeps it for a vendor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The key itself.
    pub key: &'a str,
    /// It came as `Bearer KEY`, as tokens do.
    pub bearer: bool,
}

/// Shows a vendor a key.
pub trait Signer: Send + Sync {
    /// Signs a request that is complete but for that: nothing in it changes any more. It leaves at
    /// `now`, which some vendors take into their signature, and refuse when it is minutes off.
    fn sign(&self, request: &mut Request<Bytes>, now: Timestamp);
}

/// Shows the key itself, in one header.
pub(crate) struct KeyHeader {
    name: HeaderName,
    value: HeaderValue,
}

// === impl Credential ===

impl fmt::Debug for Credential<'_> {
    /// Never the key: it is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("bearer", &self.bearer).finish_non_exhaustive()
    }
}

// === impl KeyHeader ===

impl KeyHeader {
    /// `Authorization: Bearer KEY`; `None` where no header can hold the key.
    pub(crate) fn bearer(key: &str) -> Option<Box<dyn Signer>> {
        Self::boxed(header::AUTHORIZATION, &format!("Bearer {key}"))
    }

    /// The key alone in a header of its own; `None` where no header can hold it.
    pub(crate) fn plain(name: &'static str, key: &str) -> Option<Box<dyn Signer>> {
        Self::boxed(HeaderName::from_static(name), key)
    }

    pub(crate) fn boxed(name: HeaderName, text: &str) -> Option<Box<dyn Signer>> {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        Some(Box::new(Self { name, value }))
    }
}

impl Signer for KeyHeader {
    fn sign(&self, request: &mut Request<Bytes>, _: Timestamp) {
        request.headers_mut().insert(self.name.clone(), self.value.clone());
    }
}

#[cfg(test)]
mod tests {
    //! In which header a key leaves.
    use bytes::Bytes;
    use http::Request;
    use jiff::Timestamp;

    use crate::{Credential, family};

    #[test]
    fn a_bearer_stays_one_and_a_plain_key_goes_where_the_vendor_looks() {
        for (name, bearer, header, value) in [
            ("anthropic", false, "x-api-key", "k"),
            ("anthropic", true, "authorization", "Bearer k"),
            ("openai", false, "authorization", "Bearer k"),
            ("openai", true, "authorization", "Bearer k"),
        ] {
            let signer = family(name).and_then(|it| it.signer(Credential { key: "k", bearer }));
            let mut request = Request::new(Bytes::new());
            signer.expect("a key").sign(&mut request, Timestamp::UNIX_EPOCH);
            let headers = request.headers();
            assert_eq!(headers.len(), 1, "{name}");
            assert_eq!(headers.get(header).map(|it| it.as_bytes()), Some(value.as_bytes()));
            assert!(headers.values().all(http::HeaderValue::is_sensitive), "{name}");
        }
    }

    #[test]
    fn a_key_that_no_header_can_hold_signs_nothing() {
        for name in ["openai", "anthropic"] {
            let key = Credential { key: "k\n", bearer: false };
            assert!(family(name).is_some_and(|it| it.signer(key).is_none()), "{name}");
        }
    }
}
