//! A family: what all endpoints of one vendor's API share. A vendor that copies the API is of the
//! same family, under its own name and address.
//!
//! [`FAMILIES`] is the one table of them: configuration, the gateway's paths, the fuzz targets and
//! the tests that compare dialects all read it.

use std::fmt;
use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use reins_governor::{Refusal, TransactionId};

use crate::{Anthropic, Credential, Dialect, Found, OpenAi, Signer};

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
    fn dialects(&self) -> &[Arc<dyn Dialect>];

    /// Paths, below the version, that vendors answer for nothing when they are posted to.
    fn free(&self) -> &[&str];

    /// Whether a request's headers are such as only clients of this family send.
    fn sends(&self, headers: &HeaderMap) -> bool;

    /// What shows this key to a vendor; `None` where the key has a form that no vendor takes.
    fn signer(&self, credential: Credential<'_>) -> Option<Box<dyn Signer>>;

    /// A refusal as the vendor's own error object, so that its SDK raises its usual exception.
    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8>;

    /// A usage object as the vendor writes it.
    fn usage(&self, json: &[u8]) -> Found;

    /// What a vendor of this family bills when a call does not end as it should.
    fn billing(&self, vendor: &str) -> Billing;
}

/// The families that Reins speaks. The first one words the refusals of requests that could be of
/// any.
pub static FAMILIES: LazyLock<[Arc<dyn Family>; 2]> =
    LazyLock::new(|| [Arc::new(OpenAi), Arc::new(Anthropic)]);

/// The family with this name.
#[must_use]
pub fn family(name: &str) -> Option<&'static Arc<dyn Family>> {
    FAMILIES.iter().find(|family| family.name() == name)
}

/// The dialects of all families.
pub fn dialects() -> impl Iterator<Item = &'static Arc<dyn Dialect>> {
    FAMILIES.iter().flat_map(|family| family.dialects())
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
    family.dialects().iter().any(|dialect| first(dialect.path()) == first(path))
}

/// A vendor's own usage object, read as the named family writes it; `OpenAI`'s for other names.
#[must_use]
pub fn usage_from_json(name: &str, json: &[u8]) -> Found {
    let [first, ..] = &*FAMILIES;
    family(name).unwrap_or(first).usage(json)
}
