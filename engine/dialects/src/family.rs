//! A family: what all endpoints of one vendor's API share. A vendor that copies the API is of the
//! same family, under its own name and address.
//!
//! [`FAMILIES`] is the one table of those that are built in: configuration, the paths of hosts, the
//! fuzz targets and the tests that compare dialects all read it. A [`Declaration`] makes another.

use std::fmt;
use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use reins_governor::{Refusal, TransactionId};

use crate::{Anthropic, Credential, Declaration, Dialect, Found, OpenAi, Signer};

/// Where a vendor's API is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base<'a> {
    /// The vendor's own address.
    pub url: &'a str,
    /// What stands between a base address and the path of an endpoint. It is empty where base
    /// addresses end with the version themselves.
    pub version: &'a str,
}

/// What a vendor bills when a call does not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billing {
    /// Whether closing the connection of a stream stops the vendor from making more output.
    pub closing_stops_streams: bool,
    /// Whether closing the connection stops a call that is answered in one piece.
    pub closing_stops_whole: bool,
}

/// What all endpoints of a vendor's API share.
pub trait Family: Send + Sync + fmt::Debug + 'static {
    /// Its name, such as `openai`: the word for `dialect` in the file, and the name of the vendor
    /// that it is from.
    fn name(&self) -> &str;

    /// Where the vendor that it is from is reached.
    fn base(&self) -> Base<'_>;

    /// The endpoints whose calls are metered, by their dialects; at least one.
    fn dialects(self: Arc<Self>) -> Vec<Arc<dyn Dialect>>;

    /// Paths, below the version, that vendors answer for nothing when they are posted to.
    fn free(&self) -> &[&str];

    /// Whether a request's headers are such as only clients of this family send.
    fn sends(&self, headers: &HeaderMap) -> bool;

    /// What shows this key to a vendor; `None` where the key has a form that no vendor takes.
    fn signer(&self, credential: Credential<'_>) -> Option<Box<dyn Signer>>;

    /// Whether the paths of its endpoints are whole, so that no version stands in front of them.
    fn has_whole_paths(&self) -> bool {
        false
    }

    /// What signs requests to a vendor that takes no key; `None` where it takes one.
    fn keyless(&self) -> Option<Box<dyn Signer>> {
        None
    }

    /// What the configuration says of the family; `None` where it is built in.
    fn declaration(&self) -> Option<&Declaration> {
        None
    }

    /// A refusal as the vendor's own error object, so that its SDK raises its usual exception.
    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8>;

    /// A usage object as the vendor writes it.
    fn usage(&self, json: &[u8]) -> Found;

    /// What a vendor of this family bills when a call does not end as it should.
    fn billing(&self, vendor: &str) -> Billing;
}

/// The families that are built in. The first one words the refusals of requests that could be of
/// any.
pub static FAMILIES: LazyLock<[Arc<dyn Family>; 2]> =
    LazyLock::new(|| [Arc::new(OpenAi), Arc::new(Anthropic)]);

/// The family with this name.
#[must_use]
pub fn family(name: &str) -> Option<&'static Arc<dyn Family>> {
    FAMILIES.iter().find(|family| family.name() == name)
}

/// The dialects of all families that are built in.
pub fn dialects() -> impl Iterator<Item = &'static Arc<dyn Dialect>> {
    static DIALECTS: LazyLock<Vec<Arc<dyn Dialect>>> = LazyLock::new(|| {
        FAMILIES.iter().flat_map(|family| Arc::clone(family).dialects()).collect()
    });
    DIALECTS.iter()
}

/// The family in which a request to no endpoint is refused: the one that its prefix names, that has
/// an endpoint beside its path, or whose clients send such headers; else the first.
#[must_use]
pub fn family_of(
    prefix: Option<&str>,
    path: &str,
    headers: &HeaderMap,
) -> &'static Arc<dyn Family> {
    let [first, ..] = &*FAMILIES;
    let named = prefix.and_then(family);
    let beside = || FAMILIES.iter().find(|family| has_beside(&***family, path));
    let sent = || FAMILIES.iter().find(|family| family.sends(headers));
    named.or_else(beside).or_else(sent).unwrap_or(first)
}

/// Whether an endpoint's path begins with the same word.
fn has_beside(family: &dyn Family, path: &str) -> bool {
    let first = |path: &str| path.split('/').next().map(str::to_owned);
    let mut own = dialects().filter(|dialect| dialect.family().name() == family.name());
    own.any(|dialect| first(dialect.path()) == first(path))
}

/// A vendor's own usage object, read as the named family writes it; `OpenAI`'s for other names.
#[must_use]
pub fn usage_from_json(name: &str, json: &[u8]) -> Found {
    let [first, ..] = &*FAMILIES;
    family(name).unwrap_or(first).usage(json)
}
