//! Other organizations of the same process: what they have, this file's organization cannot have.

use std::path::Path;

use crate::Secret;
use crate::organization::Organization;
use crate::tables::key::of_vendors;

/// An organization of another file.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it says.
    pub organization: &'a Organization,
}

// === impl Other ===

impl<'a> Other<'a> {
    /// The Reins keys that it declares, each with what has it.
    pub(crate) fn declared(&self) -> impl Iterator<Item = (String, &'a Secret)> {
        let of = self.words();
        let keys = self.organization.keys.iter();
        keys.map(move |key| (format!("the key `{}` {of}", key.name), &key.value))
    }

    /// Those keys, and its vendors' ones.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (String, Secret)> {
        let of = self.words();
        let vendors = of_vendors(&self.organization.connections);
        let vendors = vendors.map(move |(what, key)| (format!("{what} {of}"), key));
        self.declared().chain(vendors).map(|(what, key)| (what, key.clone()))
    }

    fn words(&self) -> String {
        format!("of the organization `{}` in {}", self.organization.id, self.path.display())
    }
}
