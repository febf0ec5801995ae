//! Keys inside other text: whether a text that goes elsewhere would disclose one.
//!
//! Keys that were made are known by their form, whatever became of them. Declared ones may be any
//! text, so each is looked for as it is.

use aho_corasick::AhoCorasick;
use hashbrown::HashMap;
use reins_governor::{Name, holds_key_form};

use crate::key::{DeclaredKey, Secret};

/// Declared keys: those of the version in force, and all that were declared since the start.
#[derive(Default)]
pub(super) struct Declared {
    /// Those in force, of each organization.
    keys: HashMap<Name, Vec<DeclaredKey>>,
    /// The values of these and of earlier ones: what a version takes out stays a secret. They come
    /// from the environment of one process, so that there are only so many.
    values: Vec<Secret>,
}

/// Finds declared keys in a text, all of them in one pass over it.
#[derive(Clone, Default)]
pub(super) enum Finder {
    /// No key was declared.
    #[default]
    Nothing,
    /// Finds every value.
    Any(AhoCorasick),
    /// There are more values than an automaton can hold: every text may have one.
    TooMany,
}

// === impl Declared ===

impl Declared {
    /// Those in force, of every organization.
    pub(super) fn all(&self) -> impl Iterator<Item = &DeclaredKey> {
        self.keys.values().flatten()
    }

    /// Takes `keys` in, in place of those of `organization` that are in force.
    pub(super) fn replace(&mut self, organization: Name, keys: Vec<DeclaredKey>) {
        for key in &keys {
            if !self.values.iter().any(|value| value.expose() == key.value.expose()) {
                self.values.push(key.value.clone());
            }
        }
        self.keys.insert(organization, keys);
    }

    /// What finds them.
    pub(super) fn finder(&self) -> Finder {
        Finder::of(&self.values)
    }
}

// === impl Finder ===

impl Finder {
    fn of(values: &[Secret]) -> Self {
        if values.is_empty() {
            return Self::Nothing;
        }
        AhoCorasick::new(values.iter().map(Secret::expose)).map_or(Self::TooMany, Self::Any)
    }

    /// Whether a text has a word in the form of Reins' keys in it, or a declared key.
    pub(super) fn discloses(&self, text: &[u8]) -> bool {
        holds_key_form(&String::from_utf8_lossy(text)) || self.finds(text)
    }

    fn finds(&self, text: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Any(automaton) => automaton
                .find_overlapping_iter(text)
                .any(|found| is_word(text, found.start(), found.end())),
            Self::TooMany => true,
        }
    }
}

/// Whether what stands there is not a piece of a longer word.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let letter = |at: Option<usize>| {
        at.and_then(|at| text.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    !letter(start.checked_sub(1)) && !letter(Some(end))
}

#[cfg(test)]
mod tests {
    //! What is found, and what is another word.
    use super::{Finder, Secret};

    #[test]
    fn a_declared_key_is_found_wherever_it_stands() {
        let finder = Finder::of(&["team/key+1==", "a-a"].map(|key| Secret::new(key.into())));
        for (text, expected) in [
            ("team/key+1==", true),
            ("Bearer team/key+1==", true),
            ("a=1;k=team/key+1==;b=2", true),
            ("{\"key\":\"team/key+1==\"}", true),
            ("upteam/key+1==", false),
            ("team/key+1", false),
            ("ba-a-a", true),
            ("ba-ab", false),
            ("rns_live_x", false),
            ("Bearer rns_live_0123456789abcdefghij", true),
            ("sk-proj-0123456789abcdef", false),
            ("", false),
        ] {
            assert_eq!(finder.discloses(text.as_bytes()), expected, "{text}");
        }
    }
}
