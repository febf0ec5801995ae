//! Which addresses a vendor may have: those of the public internet, unless the file says otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to the public internet.
///
/// Everything else is refused by default, so that no name can lead a vendor's key inside: the
/// special-purpose registries of IANA (RFC 6890 and its updates), and every form in which an IPv6
/// address carries an IPv4 one.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || matches!((a, b, c), (0 | 240..=255, _, _))
        || matches!((a, b, c), (100, 64..=127, _))
        || matches!((a, b, c), (192, 0, 0) | (192, 88, 99) | (192, 31, 196) | (192, 52, 193))
        || matches!((a, b, c), (192, 175, 48))
        || matches!((a, b, c), (198, 18..=19, _));
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = embedded_v4(v6) {
        return is_public_v4(v4);
    }
    let [first, second, ..] = v6.segments();
    // Only 2000::/3 is handed out as global unicast; parts of it are special.
    let global = first & 0xe000 == 0x2000;
    let special = matches!((first, second), (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff));
    global && !special
}

/// The IPv4 address inside mapped, compatible, 6to4, Teredo-free and NAT64 forms.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => from(high, low),
        [0, 0, 0, 0, 0, 0, high, low] => from(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => from(high, low),
        [0x2002, high, low, ..] => from(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Special ranges in every disguise.
    use super::is_public;

    #[test]
    fn knows_the_inside() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.170",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "203.0.113.9",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!is_public(inside.parse().expect(inside)), "{inside} was taken for public");
        }
    }

    #[test]
    fn knows_the_outside() {
        for outside in
            ["1.1.1.1", "8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "::ffff:8.8.8.8"]
        {
            assert!(is_public(outside.parse().expect(outside)), "{outside} was taken for special");
        }
    }
}
