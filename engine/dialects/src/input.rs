//! The size of an input, added up while a request is read.
//!
//! Whatever is not recognised as something else counts as text, so that nothing goes uncounted.

use std::borrow::Cow;

use reins_governor::{InputSize, Wording};

use crate::malformed::Malformed;
use crate::scan::{Kind, Passed, Scan, Scanned};
use crate::vocabulary::Vocabulary;

/// The longest name of a model that is read, in bytes: several times the longest there is.
const MODEL_BYTES_MAX: usize = 256;

/// What was seen of an input so far.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) size: InputSize,
    /// What counts the texts of messages; their bytes count where there is none.
    vocabulary: Option<Vocabulary>,
}

// === impl Input ===

impl Input {
    /// Counts the texts of messages by their tokens.
    pub(crate) fn counting(vocabulary: Option<Vocabulary>) -> Self {
        Self { size: InputSize::default(), vocabulary }
    }

    /// Passes over the text of a message and counts it.
    pub(crate) fn said(&mut self, scan: &mut Scan<'_>) -> Scanned<()> {
        let Some(vocabulary) = &mut self.vocabulary else { return self.text(scan) };
        if scan.kind()? != Kind::String {
            return self.text(scan);
        }
        let text = scan.string()?;
        let most = text.said().map_or_else(|| text.bytes(), |said| vocabulary.most(&said));
        self.add_text(most);
        Ok(())
    }

    /// Passes over a value and counts it as text, unless it is `null`.
    pub(crate) fn text(&mut self, scan: &mut Scan<'_>) -> Scanned<()> {
        if let Some(passed) = passed_value(scan)? {
            self.add_text(passed.text_bytes);
        }
        Ok(())
    }

    pub(crate) const fn add_text(&mut self, bytes: u64) {
        self.size.text_bytes = self.size.text_bytes.saturating_add(bytes);
    }

    /// One more message, part or tool.
    pub(crate) const fn part(&mut self) {
        self.size.parts = self.size.parts.saturating_add(1);
    }

    /// One more prompt that is answered apart.
    pub(crate) const fn prompt(&mut self) {
        self.part();
        self.size.prompts = self.size.prompts.saturating_add(1);
    }

    pub(crate) const fn image(&mut self) {
        self.size.images = self.size.images.saturating_add(1);
    }

    /// A document of so many bytes, of which a vendor takes `pages_max` pages in a request. Each
    /// byte may be a page: a compressed document can name hundreds in a few bytes.
    pub(crate) fn document(&mut self, bytes: u64, pages_max: u64) {
        let pages = self.size.pages.saturating_add(bytes.max(1));
        self.size.pages = pages.min(pages_max);
    }

    pub(crate) const fn audio(&mut self, bytes: u64) {
        self.size.audio_bytes = self.size.audio_bytes.saturating_add(bytes);
    }

    /// Something whose size the request does not tell; the first is the one that is named.
    pub(crate) fn reference(&mut self, what: &'static str) {
        self.size.by_reference.get_or_insert(Wording::new(what));
    }

    /// The vendor may read the input so often again.
    pub(crate) fn reread(&mut self, times: u64) {
        self.size.rereads = self.size.rereads.max(times);
    }

    /// Passes over a value that refers to something, unless it is `null`.
    pub(crate) fn referring(&mut self, scan: &mut Scan<'_>, what: &'static str) -> Scanned<()> {
        if passed_value(scan)?.is_some() {
            self.reference(what);
        }
        Ok(())
    }
}

/// Passes over a value; `None` where it is `null`.
pub(crate) fn passed_value(scan: &mut Scan<'_>) -> Scanned<Option<Passed>> {
    let kind = scan.kind()?;
    let passed = scan.pass()?;
    Ok((kind != Kind::Null).then_some(passed))
}

/// At most so many bytes are behind so many characters of base64.
pub(crate) const fn base64_bytes(characters: u64) -> u64 {
    characters.saturating_mul(3).div_ceil(4)
}

/// The model's name, which must be there and not be longer than any name.
pub(crate) fn model(named: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, Malformed> {
    match named {
        None => Err(Malformed::missing("model", "name one, such as \"model\": \"gpt-4o-mini\"")),
        Some(name) if name.is_empty() || name.len() > MODEL_BYTES_MAX => Err(Malformed::value(
            "model",
            &name,
            &format!("name one of 1 to {MODEL_BYTES_MAX} bytes"),
        )),
        Some(name) => Ok(name),
    }
}
