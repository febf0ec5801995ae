//! `listen`, `store` and `durability`: where a server listens and what it keeps.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::process::{Durability, StoreUrl};
use crate::reader::Reader;
use crate::value::Value;

/// Where a server listens by default: this machine only.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8700);
/// The store by default.
const STORE: &str = "reins.db";

pub(crate) fn listen(file: &mut Reader<'_>) -> Option<SocketAddr> {
    let hint = "write an address and a port, such as \"127.0.0.1:8700\" or \"[::1]:8700\"";
    file.defaulted(&["listen"], LISTEN, |value| {
        let text = value.text()?;
        let what = || format!("`{text}` is not an address to listen on");
        text.parse().ok().or_else(|| value.bad(what(), hint))
    })
}

/// `folder` is where the file lies: a relative path begins there, whoever runs the command.
pub(crate) fn store(file: &mut Reader<'_>, folder: &Path) -> Option<StoreUrl> {
    let default = StoreUrl::Sqlite(folder.join(STORE));
    file.defaulted(&["store"], default, |value| url(value, folder))
}

fn url(value: &Value<'_>, folder: &Path) -> Option<StoreUrl> {
    let text = value.text()?;
    let hint = "name a file, such as \"sqlite:reins.db\"";
    match text.split_once(':') {
        Some(("sqlite", path)) if is_path(path) => Some(StoreUrl::Sqlite(folder.join(path))),
        // WHY: the text is not shown, since such addresses carry passwords.
        Some(("postgres" | "postgresql", _)) => value.bad("Postgres is not in this version", hint),
        _ => value.bad(format!("`{text}` is not a store"), hint),
    }
}

fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.starts_with("//") && !path.contains(['\0', '?']) && path != ":memory:"
}

pub(crate) fn durability(file: &mut Reader<'_>) -> Option<Durability> {
    let words = [("power", Durability::Power), ("process", Durability::Process)];
    file.defaulted(&["durability"], Durability::default(), |value| value.word(&words))
}
