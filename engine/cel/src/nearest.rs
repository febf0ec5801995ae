//! The name that was probably meant.

/// How unlike a name may be of what was written, in edits for each three letters, and two at least.
const LETTERS_PER_EDIT: usize = 3;

/// The nearest of `names`: by its whole, or by its last part, so that `request.model` and `model`
/// find `call.model`.
pub(crate) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let last = |name: &'a str| name.rsplit_once('.').map_or(name, |(_, last)| last);
    let tail = written.rsplit_once('.').map_or(written, |(_, last)| last);
    let distance = |name: &'a str| {
        let whole = strsim::damerau_levenshtein(written, name);
        whole.min(strsim::damerau_levenshtein(tail, last(name)).saturating_add(1))
    };
    let most = (written.len() / LETTERS_PER_EDIT).max(2);
    let found = names.map(|name| (distance(name), name)).min();
    found.filter(|(distance, _)| *distance <= most).map(|(_, name)| name.to_owned())
}
