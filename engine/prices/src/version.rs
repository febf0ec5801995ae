//! The version of a price book: a short digest of what is in force.

use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::Override;
use crate::entry::{BUILTIN, FILES};

/// Bytes of the digest that a version shows: enough to tell apart every book anybody will write.
const SHOWN: usize = 6;

/// The day of the newest figure, and a digest of the files, the periods in force and the overrides.
pub(crate) fn version(on: Option<Date>, overrides: &[Override]) -> Arc<str> {
    let newest = BUILTIN.iter().map(|vendor| vendor.date).max().unwrap_or_default();
    let mut digest = Sha256::new();
    FILES.iter().for_each(|file| digest.update(file));
    digest.update(periods(on));
    overrides.iter().for_each(|each| digest.update(format!("{each:?}")));
    let bytes: Vec<u8> = digest.finalize().iter().take(SHOWN).copied().collect();
    format!("{newest}-{}", hex::encode(bytes)).into()
}

/// The text of the built-in files: with a record's version of its policies, which has the
/// overrides, all that its version of prices was made of.
#[must_use]
pub fn builtin_text() -> String {
    FILES.concat()
}

/// The first days of the periods in force, so that two days with equal prices share a version.
fn periods(on: Option<Date>) -> String {
    BUILTIN
        .iter()
        .flat_map(|vendor| &vendor.models)
        .filter_map(|entry| Some((&entry.name, entry.period(on)?.valid_from?)))
        .map(|(name, from)| format!("{name} {from}\n"))
        .collect()
}
