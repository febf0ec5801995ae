//! The nearest of some known words to one that was mistyped.

/// One letter in so many may be wrong before a word is another word.
const LETTERS_PER_MISTAKE: usize = 3;

/// The nearest of `known`, if any is near at all.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let mistakes = word.chars().count().div_ceil(LETTERS_PER_MISTAKE);
    known
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(&word, &other.to_lowercase()), other))
        .filter(|(distance, _)| *distance <= mistakes)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// `did you mean …?` where a known word is near, else all of them.
pub(crate) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("there can be: {}", known.join(", ")),
    }
}
