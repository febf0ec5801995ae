//! Changes to a body: a few places are written anew, every other byte stays.

use std::ops::Range;

use reins_governor::{Call, Tokens};
use serde_json::Value;

use crate::Read;
use crate::read::Named;

/// The changes to one body.
#[derive(Debug, Default)]
pub(crate) struct Rewrite {
    edits: Vec<Edit>,
}

/// What stands at a place from now on. Where the place is empty, it is put in.
#[derive(Debug)]
struct Edit {
    place: Range<usize>,
    text: String,
}

// === impl Rewrite ===

impl Rewrite {
    /// The change that makes `read` ask for the model of `call`.
    pub(crate) fn model(read: &Read, call: &Call) -> Self {
        let mut rewrite = Self::default();
        if call.model != read.call.model {
            rewrite.replace(&read.places.model, Value::from(&*call.model).to_string());
        }
        rewrite
    }

    /// Says a cap in `field`: where the client named one, else at the opening of the body.
    pub(crate) fn cap(&mut self, field: &str, named: Option<&Named>, cap: Tokens, open: usize) {
        match named {
            Some(named) if named.value == Some(cap.get()) => {}
            Some(named) => self.replace(&named.place, cap.to_string()),
            None => self.insert(open, format!(r#""{field}":{cap},"#)),
        }
    }

    pub(crate) fn replace(&mut self, place: &Range<usize>, text: String) {
        self.edits.push(Edit { place: place.clone(), text });
    }

    pub(crate) fn insert(&mut self, at: usize, text: String) {
        self.edits.push(Edit { place: at..at, text });
    }

    /// The body with the changes, or `None` where there are none.
    pub(crate) fn apply(mut self, body: &[u8]) -> Option<Vec<u8>> {
        if self.edits.is_empty() {
            return None;
        }
        self.edits.sort_by_key(|edit| edit.place.start);
        let added: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut written = Vec::with_capacity(body.len().saturating_add(added));
        let mut from = 0;
        for edit in &self.edits {
            written.extend_from_slice(body.get(from..edit.place.start).unwrap_or_default());
            written.extend_from_slice(edit.text.as_bytes());
            from = edit.place.end;
        }
        written.extend_from_slice(body.get(from..).unwrap_or_default());
        Some(written)
    }
}
