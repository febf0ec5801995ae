//! Keys inside other text: whether a text that goes elsewhere would disclose one.
//!
//! Keys that were made are known by their form, whatever became of them. Declared ones may be any
//! text, so each is looked for as it is.

use hashbrown::HashMap;
use memchr::memmem;
use reins_governor::{Name, holds_key_form};

use crate::key::{DeclaredKey, Secret};

/// Declared keys: those of the version in force, and all that were declared since the start.
#[derive(Default)]
pub(super) struct Declared {
    /// Those in force, of each organization.
    keys: HashMap<Name, Vec<DeclaredKey>>,
    /// The values of these and of earlier ones: what a version takes out stays a secret. They come
    /// from the environment of one process, so that there are only so many.
    pub(super) values: Vec<Secret>,
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
}

/// Whether a text has a word in the form of Reins' keys in it, or one of the `declared` keys.
pub(super) fn discloses(text: &[u8], declared: &[Secret]) -> bool {
    holds_key_form(&String::from_utf8_lossy(text))
        || declared.iter().any(|value| has_word(text, value.expose().as_bytes()))
}

/// Whether `word` stands in a text, and is not a piece of a longer word there.
fn has_word(text: &[u8], word: &[u8]) -> bool {
    let letter = |at: Option<usize>| {
        at.and_then(|at| text.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| memmem::find(rest, word)) {
        let start = from.saturating_add(at);
        if !letter(start.checked_sub(1)) && !letter(start.checked_add(word.len())) {
            return true;
        }
        from = start.saturating_add(1);
    }
    false
}

#[cfg(test)]
mod tests {
    //! What is found, and what is another word.
    use super::{Secret, discloses};

    #[test]
    fn a_declared_key_is_found_wherever_it_stands() {
        let declared = [Secret::new("team/key+1==".into()), Secret::new("a-a".into())];
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
            assert_eq!(discloses(text.as_bytes(), &declared), expected, "{text}");
        }
    }
}
