//! The arrival of a call: its key looked up, or the reason why it has none; and the key that it
//! brings for its vendor, which is never one of Reins.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Uri, header};
use percent_encoding::percent_decode_str;
use reins_dialects::Credential;
use reins_governor::{Refusal, Unidentified, has_key_form};
use reins_store::{Key, Registry};

use crate::Runtime;
use crate::credential::{Malformed, Presented, sent_once};
use crate::pools::Pools;
use crate::served::Served;

/// A call whose key was recognised.
pub(crate) struct Arrival<'a> {
    /// The key, and what it says of the caller.
    pub(crate) key: Arc<Key>,
    /// The vendor's key that came along.
    pub(crate) vendor_key: Option<Credential<'a>>,
    /// Whether the caller said in so many words that it is meant for the vendor. What merely
    /// stands where SDKs put a key goes out only where Reins has no other.
    pub(crate) vendor_key_is_meant: bool,
}

/// Recognises who is calling, by the key that came with the call. `local` says that the call came
/// from this machine, to an address of this machine alone: only then is there a default key.
pub(crate) fn recognise<'a, P: Pools>(
    runtime: &Runtime<P>,
    local: bool,
    head: &'a Parts,
) -> Result<Arrival<'a>, Refusal> {
    sent_once(&head.headers)?;
    let presented = Presented::in_headers(&head.headers);
    let (registry, served) = (&runtime.registry, runtime.served.load());
    let why = |unidentified| refusal(unidentified, &served);
    let key = match caller(registry, &served, &presented).map_err(why)? {
        Some(shown) => shown,
        None if presented.shows_any() && served.lacks_keys() => {
            return Err(why(Unidentified::Unknown));
        }
        None => default_key(registry, &served, local, &presented, head).map_err(why)?,
    };
    holds_no_key(registry, &head.uri)?;
    let (vendor_key, vendor_key_is_meant) = brought(registry, &presented)?;
    Ok(Arrival { key, vendor_key, vendor_key_is_meant })
}

/// The refusal of a call without a known key. While the keys of some file cannot be known, an
/// unknown key may be one of them, and is not called wrong.
fn refusal<P>(unidentified: Unidentified, served: &Served<P>) -> Refusal {
    if unidentified == Unidentified::Unknown && served.lacks_keys() {
        let what = "this key is not known, and may be one of a file that cannot be used: \
                    `/readyz` names the file, and the log has its problems";
        return Refusal::Unavailable { what: what.to_owned() };
    }
    Refusal::Unauthorized(unidentified)
}

/// The vendor's key that a request brings, and whether it says that it is meant for the vendor.
fn brought<'a>(
    registry: &Registry,
    presented: &Presented<'a>,
) -> Result<(Option<Credential<'a>>, bool), Refusal> {
    let theirs = |one: &Credential<'_>| !is_ours(registry, one.key);
    let given = presented.vendor.transpose().map_err(|Malformed| {
        let what = "the header `x-vendor-key` holds no key: send `KEY`, or `Bearer TOKEN`";
        Refusal::BadRequest { what: what.to_owned() }
    })?;
    let given = given.filter(theirs);
    let in_place = || presented.sdk.into_iter().flatten().flatten().find(theirs);
    Ok((given.or_else(in_place), presented.reins.is_some() || given.is_some()))
}

/// The key that the request shows; `None` where it shows none that could be one of ours.
///
/// INVARIANT: a key of ours that does not work, and a header that holds none, are errors. Neither
/// becomes the default key.
fn caller<P>(
    registry: &Registry,
    served: &Served<P>,
    presented: &Presented<'_>,
) -> Result<Option<Arc<Key>>, Unidentified> {
    let malformed = |_| Unidentified::Malformed;
    if let Some(named) = presented.reins {
        return registry.identify(named.map_err(malformed)?.key).map(Some);
    }
    let sdk = || presented.sdk.iter().flatten();
    let known = || sdk().flatten().filter_map(|one| registry.identify(one.key).ok());
    let working = known().find(|key| served.of(&key.organization).is_ok());
    let working = working.or_else(|| known().next());
    if working.is_some() {
        return Ok(working);
    }
    for shown in sdk().chain(&presented.vendor) {
        if registry.knows(shown.map_err(malformed)?.key) {
            return Err(Unidentified::Unknown);
        }
    }
    Ok(None)
}

/// The key of a call that shows none of ours: one of this machine alone.
fn default_key<P>(
    registry: &Registry,
    served: &Served<P>,
    local: bool,
    presented: &Presented<'_>,
    head: &Parts,
) -> Result<Arc<Key>, Unidentified> {
    let Some(default) = &served.first().default_key else {
        let shown = presented.shows_any();
        return Err(if shown { Unidentified::Unknown } else { Unidentified::Missing });
    };
    if !local || !names_this_machine(head) || is_from_a_page(&head.headers) {
        return Err(Unidentified::NotLocal);
    }
    registry.identify(default.expose())
}

/// Whether a credential is a key of ours, or has one in it: no vendor is shown it.
pub(crate) fn is_ours(registry: &Registry, credential: &str) -> bool {
    has_key_form(credential) || registry.discloses_key(credential.as_bytes())
}

/// Refuses an address that holds a key of ours: the vendor would read it, and the logs on the way.
fn holds_no_key(registry: &Registry, uri: &Uri) -> Result<(), Refusal> {
    let text = uri.path_and_query().map_or("", |text| text.as_str());
    let decoded: Cow<'_, [u8]> = percent_decode_str(text).into();
    if registry.discloses_key(text.as_bytes()) || registry.discloses_key(&decoded) {
        let what = "the path or query holds a Reins key: send it as `Authorization: Bearer rns_…`";
        return Err(Refusal::BadRequest { what: what.to_owned() });
    }
    Ok(())
}

/// Whether both ends of a connection are of this machine: the address that is listened on, and the
/// peer's.
#[must_use]
pub fn is_local(listening: IpAddr, peer: IpAddr) -> bool {
    [listening, peer].iter().all(|address| address.to_canonical().is_loopback())
}

/// Whether the request is for this machine by a name that no one else can give it. A page whose own
/// name was made to lead here asks for that name.
fn names_this_machine(head: &Parts) -> bool {
    let mut hosts = head.headers.get_all(header::HOST).iter().peekable();
    let here = |host: &HeaderValue| {
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        host.as_ref().is_some_and(is_this_machine)
    };
    let asked = head.uri.authority().is_none_or(is_this_machine);
    asked && hosts.peek().is_some() && hosts.all(here)
}

fn is_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let plain = !authority.as_str().contains('@');
    plain && address.map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
}

/// Whether a browser sent this for a page. Any page on the web can make one on this machine ask an
/// address on it, and must not spend what the machine's owner may spend without a key.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

#[cfg(test)]
mod tests;
