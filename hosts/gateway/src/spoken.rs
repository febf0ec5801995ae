//! In which dialects a call may be: those of the lines that carry its path, and that its caller
//! names or may use.
//!
//! Most paths are in one dialect. Where two families have the same path, both read the request, and
//! the line that sells its model decides: a request is sent on a line, and its answer metered, in
//! the dialect of that line's own family alone.

use std::sync::Arc;

use reins_dialects::Dialect;

use crate::lines::is;
use crate::path::split;
use crate::version::{Line, Version};

/// A dialect that a call may be in, and its path as it is read then.
#[derive(Clone, Debug)]
pub(crate) struct Spoken<'a> {
    pub(crate) dialect: Arc<dyn Dialect>,
    /// The vendor or connection that the path is prefixed with.
    pub(crate) prefix: Option<&'a str>,
    /// The vendor's own path, below the version.
    pub(crate) rest: &'a str,
}

/// What is said of the connection before the model is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) path: &'a str,
    /// The connection or vendor in the header.
    pub(crate) vendor: Option<&'a str>,
    /// The connection that the caller's key is for.
    pub(crate) pinned: Option<&'a str>,
}

/// The dialects of a version's lines that a call may be in, one for each family.
pub(crate) fn spoken<'a>(version: &Version, said: Said<'a>) -> Vec<Spoken<'a>> {
    let mut found: Vec<Spoken<'a>> = Vec::new();
    let named = |line: &Line, name: Option<&str>| name.is_none_or(|name| is(line, name));
    for line in &version.lines {
        let is_new = |spoken: &Spoken<'_>| {
            let family = spoken.dialect.family().name();
            found.iter().all(|other| other.dialect.family().name() != family)
        };
        if said.pinned.is_some_and(|pin| *line.connection.name != *pin) {
            continue;
        }
        let meant = |spoken: &Spoken<'_>| spoken.prefix.is_some() || named(line, said.vendor);
        let spoken = of_line(line, said.path).find(|spoken| meant(spoken) && is_new(spoken));
        found.extend(spoken);
    }
    found
}

/// The dialects that a line's declared family has for a path.
pub(crate) fn declared_by<'a, 'l>(
    line: &'l Line,
    path: &'a str,
) -> impl Iterator<Item = Spoken<'a>> + use<'a, 'l> {
    let is_declared = line.connection.family.declaration().is_some();
    is_declared.then(|| of_line(line, path)).into_iter().flatten()
}

fn of_line<'a, 'l>(
    line: &'l Line,
    path: &'a str,
) -> impl Iterator<Item = Spoken<'a>> + use<'a, 'l> {
    line.connection.family.dialects().iter().filter_map(move |dialect| {
        let (prefix, rest) = read(line, &**dialect, path)?;
        Some(Spoken { dialect: Arc::clone(dialect), prefix, rest })
    })
}

/// How a path is read in a dialect of a line, if it is one of it: with the name of the line or of
/// its vendor in front, or without.
fn read<'a>(
    line: &Line,
    dialect: &dyn Dialect,
    path: &'a str,
) -> Option<(Option<&'a str>, &'a str)> {
    let fits = |(prefix, rest): &(Option<&str>, &str)| {
        prefix.is_none_or(|prefix| is(line, prefix)) && dialect.carries(rest)
    };
    if !dialect.family().has_whole_paths() {
        return Some(split(path)).filter(fits);
    }
    let whole = path.strip_prefix('/')?;
    let behind = whole.split_once('/').map(|(prefix, rest)| (Some(prefix), rest));
    Some((None, whole)).filter(fits).or_else(|| behind.filter(fits))
}
