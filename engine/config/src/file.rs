//! A file, and what surrounds it: all that reading one depends on.

use std::fmt;
use std::path::Path;

use jiff::civil::Date;

use crate::environment::{Purpose, Variables};
use crate::others::Other;

/// The most bytes that a file has: a thousand times the example, which says everything once.
pub const FILE_MAX: usize = 8 << 20;

/// A file, and what surrounds it.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Where it lies: relative paths in it begin there.
    pub path: &'a Path,
    /// What it says.
    pub text: &'a str,
    /// What the settings are wanted for.
    pub purpose: Purpose,
    /// The day whose prices hold.
    pub today: Date,
    /// Looks up an environment variable.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// The organizations of the process's other files: no two share an id or a key.
    pub others: &'a [Other<'a>],
}

// === impl File ===

impl<'a> File<'a> {
    pub(crate) const fn variables(&self) -> Variables<'a> {
        Variables { purpose: self.purpose, look_up: self.variables }
    }

    /// Where relative paths begin.
    pub(crate) fn folder(&self) -> &'a Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }
}

impl fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}
