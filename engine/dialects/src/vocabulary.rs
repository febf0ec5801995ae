//! Vocabularies: how many tokens a text can have, where the tokenizer of a model is public.
//!
//! Never asked on the way of a call whose bytes fit: a text of 100 KB takes some 4 ms, and the very
//! first one a tenth of a second.

use std::sync::LazyLock;

use tiktoken_rs::{CoreBPE, cl100k_base, o200k_base};

/// Vendors who serve the models below with the tokenizers below.
const VENDORS: [&str; 2] = ["openai", "azure"];

/// Models with the newer vocabulary, by their names or what stands before a hyphen; from the list
/// in tiktoken 0.14, `OpenAI`'s own library, as of 2026-11-21.
const O200K_MODELS: [&str; 7] = ["gpt-4o", "gpt-4.1", "gpt-5", "chatgpt-4o", "o1", "o3", "o4-mini"];
/// Models with the older one.
const CL100K_MODELS: [&str; 6] = [
    "gpt-4",
    "gpt-3.5-turbo",
    "davinci-002",
    "babbage-002",
    "text-embedding-3",
    "text-embedding-ada-002",
];

/// The longest run without a space, or of spaces alone, that is counted: a tokenizer takes longer
/// than in proportion for each of them.
const RUN_MAX: usize = 4 * 1024;
/// What is counted in one request, in bytes: ten milliseconds of a processor for prose, fifty for
/// the worst that anybody can write.
const TEXT_MAX: usize = 256 * 1024;
/// One token more for so many: for what a vendor may do to a text before it is read.
const MARGIN: u64 = 16;

// WHY: a vocabulary that cannot be read counts nothing, and bytes stand in. A test reads both.
static O200K: LazyLock<Option<CoreBPE>> = LazyLock::new(|| o200k_base().ok());
static CL100K: LazyLock<Option<CoreBPE>> = LazyLock::new(|| cl100k_base().ok());

/// Counts the texts of one request.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary {
    tokenizer: &'static CoreBPE,
    /// Bytes that may still be counted.
    left: usize,
}

// === impl Vocabulary ===

impl Vocabulary {
    /// The vocabulary that this vendor reads texts with for this model, where it is known.
    pub(crate) fn of(vendor: &str, model: &str) -> Option<Self> {
        if !VENDORS.contains(&vendor) {
            return None;
        }
        let tokenizer = if is_one_of(&O200K_MODELS, model) {
            O200K.as_ref()
        } else if is_one_of(&CL100K_MODELS, model) {
            CL100K.as_ref()
        } else {
            None
        };
        tokenizer.map(|tokenizer| Self { tokenizer, left: TEXT_MAX })
    }

    /// At most how many tokens `text` has, whatever it is joined with; never more than its bytes.
    pub(crate) fn most(&mut self, text: &str) -> u64 {
        let bytes = count(text.len());
        let Some(left) = self.left.checked_sub(text.len()) else { return bytes };
        if longest_run(text) > RUN_MAX {
            return bytes;
        }
        self.left = left;
        let tokens = count(self.tokenizer.encode_ordinary(text).len());
        tokens.saturating_add(tokens.div_ceil(MARGIN)).saturating_add(seams(text)).min(bytes)
    }
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vocabulary").field("left", &self.left).finish_non_exhaustive()
    }
}

fn is_one_of(names: &[&str], model: &str) -> bool {
    let mut rests = names.iter().filter_map(|name| model.strip_prefix(name));
    rests.any(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The bytes at both ends that another text could be read together with, should a vendor join them:
/// a tokenizer divides a text by its words first, and words end with their spaces.
fn seams(text: &str) -> u64 {
    let space = |byte: &u8| byte.is_ascii_whitespace();
    let mut runs = text.as_bytes().chunk_by(|a, b| space(a) == space(b)).map(<[u8]>::len);
    let first: usize = runs.by_ref().take(3).sum();
    let rest: Vec<usize> = runs.collect();
    let last: usize = rest.iter().rev().take(3).sum();
    count(first.saturating_add(last))
}

fn longest_run(text: &str) -> usize {
    let space = |byte: &u8| byte.is_ascii_whitespace();
    let runs = text.as_bytes().chunk_by(|a, b| space(a) == space(b));
    runs.map(<[u8]>::len).max().unwrap_or(0)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
