//! A target: something that calls are sent to, and what it is called in the report.

use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use reins_config::Durability;

/// The vendor's own name.
pub(crate) const VENDOR: &str = "vendor";

/// Something that calls are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// What it is called.
    pub(crate) name: String,
    /// What its record of a call outlives; `None` where none is kept.
    pub(crate) durability: Option<&'static str>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The same, as the Host header has it.
    pub(crate) authority: String,
}

// === impl Target ===

impl Target {
    /// The vendor without anything in front of it.
    pub(crate) fn vendor(address: SocketAddr) -> Self {
        Self::at(VENDOR, None, address)
    }

    /// A gateway that keeps its records with `durability`.
    pub(crate) fn gateway(durability: Durability, address: SocketAddr) -> Self {
        let word = word(durability);
        Self::at(&format!("reins, {word}"), Some(word), address)
    }

    /// Books without anything behind them, in this process.
    pub(crate) fn in_memory() -> Self {
        Self::at("reins, memory", None, ([127, 0, 0, 1], 0).into())
    }

    fn at(name: &str, durability: Option<&'static str>, address: SocketAddr) -> Self {
        Self { name: name.to_owned(), durability, address, authority: address.to_string() }
    }
}

/// The word of the file.
pub(crate) const fn word(durability: Durability) -> &'static str {
    match durability {
        Durability::Process => "process",
        Durability::Power => "power",
    }
}

/// `nginx=http://127.0.0.1:8080`.
impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not NAME=http://HOST:PORT");
        let (name, url) = text.split_once('=').ok_or_else(wrong)?;
        let authority = url.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
        let mut addresses = authority
            .to_socket_addrs()
            .map_err(|error| format!("`{authority}` has no address: {error}"))?;
        let address = addresses.next().ok_or_else(wrong)?;
        Ok(Self {
            name: name.to_owned(),
            durability: None,
            address,
            authority: authority.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_proxy_is_named_with_its_address() {
        let target: Target = "nginx=http://127.0.0.1:8080/".parse().unwrap();
        assert_eq!((target.name.as_str(), target.address.port()), ("nginx", 8080));
        assert_eq!(target.authority, "127.0.0.1:8080");
        for wrong in ["nginx", "nginx=127.0.0.1:8080", "nginx=http://127.0.0.1", "a=https://b:1"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }
}
