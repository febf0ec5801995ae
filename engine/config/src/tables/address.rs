//! `base_url`: where a vendor is reached, and whether that may be inside one's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use reins_dialects::family;

use crate::value::Value;

/// How an address is written.
const HINT: &str = "write scheme, host and path, such as \"https://api.example.com/v1\"";

/// Where a vendor is reached.
pub(crate) struct Address {
    pub(crate) base_url: Uri,
    pub(crate) allow_private: bool,
}

/// The address of a connection: its own, else that of its declared family, else its vendor's.
pub(crate) fn read(
    vendor: &Value<'_>,
    written: Option<&Value<'_>>,
    declared: Option<&str>,
    private: Option<bool>,
) -> Option<Address> {
    match (written, declared) {
        (Some(value), _) => checked(value, value.text()?, private),
        (None, Some(text)) => checked(vendor, text, private),
        (None, None) => known(vendor, private),
    }
}

/// A vendor's own address, as a declared family has it.
pub(crate) fn vendors_own(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    let base_url = parsed(value, text)?;
    is_inside(value, base_url.host().unwrap_or_default())?;
    Some(text.trim_end_matches('/').to_owned())
}

fn checked(value: &Value<'_>, text: &str, private: Option<bool>) -> Option<Address> {
    let base_url = parsed(value, text)?;
    let inside = is_inside(value, base_url.host().unwrap_or_default())?;
    let allow_private = private.unwrap_or(inside);
    if inside && !allow_private {
        let hint = "leave `allow_private` out: an address that is written out is allowed";
        return value.bad("the address is private, and allow_private is false", hint);
    }
    if base_url.scheme_str() == Some("http") && !allow_private {
        let hint = "write https, or allow_private = true if the host is in your own network";
        return value.bad("keys would cross the internet in the clear", hint);
    }
    Some(Address { base_url, allow_private })
}

fn known(vendor: &Value<'_>, private: Option<bool>) -> Option<Address> {
    let name = vendor.as_text()?;
    let base_url = family(name).and_then(|family| family.base().url.parse().ok());
    let Some(base_url) = base_url else {
        let what = format!("nobody knows where `{name}` is reached");
        return vendor.bad(what, "add its base_url, such as \"https://api.example.com/v1\"");
    };
    Some(Address { base_url, allow_private: private.unwrap_or_default() })
}

fn parsed(value: &Value<'_>, text: &str) -> Option<Uri> {
    let trimmed = text.trim_end_matches('/');
    // WHY: the texts are not shown, since people write keys into addresses.
    if trimmed.contains(['?', '#', '@']) {
        return value.bad("an address has a query, a fragment or a name in it", HINT);
    }
    let read: Option<Uri> = trimmed.parse().ok();
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let whole = |uri: &Uri| web(uri) && uri.host().is_some_and(|host| !host.is_empty());
    read.filter(whole).or_else(|| value.bad(format!("`{text}` is not an address"), HINT))
}

/// Whether a host is written out as an address inside one's own network; one that no vendor can
/// have is a problem.
fn is_inside(value: &Value<'_>, host: &str) -> Option<bool> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(ip) = bare.parse::<IpAddr>() else {
        return Some(host.eq_ignore_ascii_case("localhost"));
    };
    match ip.to_canonical() {
        IpAddr::V4(v4) if never_v4(v4) => not_a_vendor(value, bare),
        IpAddr::V6(v6) if never_v6(v6) => not_a_vendor(value, bare),
        IpAddr::V4(v4) => Some(v4.is_loopback() || v4.is_private() || is_shared(v4)),
        IpAddr::V6(v6) => Some(v6.is_loopback() || v6.is_unique_local()),
    }
}

fn not_a_vendor(value: &Value<'_>, host: &str) -> Option<bool> {
    let what = format!("no vendor can be reached at `{host}`");
    value.bad(what, "name another host: link-local addresses give away a cloud machine's keys")
}

const fn never_v4(ip: Ipv4Addr) -> bool {
    ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()
}

const fn never_v6(ip: Ipv6Addr) -> bool {
    ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast()
}

/// 100.64.0.0/10, between a provider and its customers.
const fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && second & 0xc0 == 64
}
